r"""Average precision under weights of the images, for many weightings at once, without copying a detection.

Ultralytics' AP is the area under the envelope of the precision, read at 101 recalls (`ultralytics/utils/metrics.py`,
`compute_ap`). Between two true positives neither recall nor envelope changes, so it is a sum over true positives only:

    AP = 0.01 · Σ_k E_k · (⌈100·t_k/n⌉ − ⌈100·t_{k−1}/n⌉) − 0.005 · E_1

t_k: weighted number of true positives up to the k-th; n: weighted number of labels; E_k = max_{j ≥ k} t_j/m_j: the
envelope of the precision; m_k: weighted number of detections up to the k-th true positive. The ceiling counts the
recalls 0, 0.01, … below t_k/n; the last term is the end correction of the trapezoidal rule.

Walking from the last true positive to the first, the envelope is a running maximum, and summation by parts gives
`Σ_k ⌈100·t_k/n⌉ · (E_k − E_{k+1})`: nothing has to be kept but one row of state for each threshold. Detections after
a class's last true positive change neither, and are never read.

COCO's AP is the mean of the envelope at those recalls (`pycocotools/cocoeval.py`, `accumulate`), recall 0 among them:

    AP = (E_1 + Σ_k E_k · (⌊100·t_k/n⌋ − ⌊100·t_{k−1}/n⌋)) / 101

What its rules ignore at a threshold (detections in a crowd) is left out there, threshold by threshold.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import scipy  # its `sparse` is imported when it is first used
from numpy.typing import NDArray

from yololab.statistics.metrics.ranked_detections import RankedClass
from yololab.statistics.records.detections import IOU_THRESHOLDS

_ROWS_AT_ONCE = 128
Weights = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


def weighted_ap(ranked: Sequence[RankedClass], weights: Weights, truth_weights: Weights) -> Weights:
    """Compute the AP of every class and threshold under every weighting.

    Weights are small whole numbers. They are summed in single precision, which is exact below 2^24 detections and
    167,000 labels a class and replicate; the precision itself has seven digits.

    Args:
        ranked: C classes.
        weights: Weight of each row of detections in each of B replicates, f32, shape (V, B), C-contiguous.
        truth_weights: Weight of each row of labels, f32, shape (I, B).

    Returns:
        AP, f32, shape (C, T, B). NaN where a class has no label in a replicate: Ultralytics leaves such a class out of
        its mean. A class with labels and without detections has 0.
    """
    thresholds = ranked[0].flags.shape[1] if ranked else len(IOU_THRESHOLDS)
    found = np.zeros((len(ranked), thresholds, weights.shape[1]), np.float32)
    for target, item in zip(found, ranked, strict=True):
        labels = truth_total(item, truth_weights)
        parts = [(item, target)]
        if item.ignored is not None:
            parts = [(item.at(threshold), target[threshold : threshold + 1]) for threshold in range(thresholds)]
        for part, place in parts:
            _class_ap(part, weights, np.maximum(labels, 1), place)
        target[:, labels <= 0] = np.nan
    return found


def mean_over_classes(ap: Weights) -> Weights:
    """Average over the classes that have labels in a replicate.

    Args:
        ap: Shape (C, …, B), NaN for a class without labels.

    Returns:
        Shape (…, B); NaN where no class has any.
    """
    present = np.isfinite(ap)
    count = present.sum(axis=0)
    total = np.where(present, ap, 0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan).astype(np.float32)


def truth_total(item: RankedClass, truth_weights: Weights) -> Weights:
    """Return the weighted number of labels of a class, f32, shape (B,)."""
    return item.truth_counts @ truth_weights[item.truth_rows]


def _class_ap(item: RankedClass, weights: Weights, labels: Weights, target: Weights) -> None:
    """Add up one class's AP, from the last true positive to the first, into `target` of shape (T, B)."""
    positions = np.flatnonzero(item.flags.any(axis=1))
    if not len(positions):
        return
    # Loops below touch one row of weights after another: what was flagged at no threshold is only counted.
    flags = item.flags[positions]
    depth = flags.shape[1] - np.argmax(flags[:, ::-1], axis=1)  # thresholds above the last one that is met never change
    nested = flags.sum(axis=1) == depth
    rows = item.rows[: positions[-1] + 1]
    starts = np.concatenate(([0], positions[:-1] + 1))
    hits = item.rows[positions]
    seen = _counts(rows, len(weights)) @ weights
    state = np.stack([_counts(hits[flags[:, t]], len(weights)) for t in range(flags.shape[1])])
    found = 100 * (state @ weights)  # in hundredths: found / labels is then the recall in percent, exactly
    envelope, low = np.zeros_like(found), np.empty_like(found)
    recall = np.empty_like(found)
    for first in reversed(range(0, len(positions), _ROWS_AT_ONCE)):
        last = min(first + _ROWS_AT_ONCE, len(positions))
        end = starts[last] if last < len(positions) else len(rows)
        steps = segment_sums(rows[starts[first] : end], starts[first:last] - starts[first], weights)
        gains = 100 * weights[hits[first:last]]
        for place in range(last - 1, first - 1, -1):
            height = depth[place]
            f, e, d, r = found[:height], envelope[:height], low[:height], recall[:height]
            np.divide(f, np.maximum(seen, 1), out=d)
            d -= e
            np.maximum(d, 0, out=d)
            e += d
            np.divide(f, labels, out=r)
            (np.floor if item.coco else np.ceil)(r, out=r)
            r *= d
            target[:height] += r
            gain = gains[place - first]
            if nested[place]:
                f -= gain
            else:
                found[flags[place]] -= gain
            seen -= steps[place - first]
    # Envelopes are in hundredths as well.
    if item.coco:
        target += envelope
        target /= 100 * 101
        return
    # 0.01 · Σ and 0.005 · E_1 in plain numbers.
    target *= 1e-4
    target -= 5e-5 * envelope


def segment_sums(
    rows: NDArray[np.int64], starts: NDArray[np.int64], weights: NDArray[Real], scale: NDArray[Real] | None = None
) -> NDArray[Real]:
    """Add up the weights of consecutive segments of detections.

    Args:
        rows: Row of the weights of each detection, shape (D,).
        starts: Where each segment begins, ascending from 0, shape (S,); an empty segment begins where the next does.
        weights: Shape (V, B).
        scale: What each detection's weight is multiplied with, shape (D,); None for 1.

    Returns:
        Shape (S, B), in the precision of the weights.
    """
    each = np.ones(len(rows), weights.dtype) if scale is None else scale
    # As a sparse matrix of segments by rows: the product walks each segment once and copies no row of the weights.
    bags = scipy.sparse.csr_array((each, rows, np.append(starts, len(rows))), shape=(len(starts), len(weights)))
    sums: NDArray[Real] = bags @ weights
    return sums


def _counts(rows: NDArray[np.int64], length: int) -> Weights:
    """Return how often each row occurs, f32, shape (length,)."""
    return np.bincount(rows, minlength=length).astype(np.float32)

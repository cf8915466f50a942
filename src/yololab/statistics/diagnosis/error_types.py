"""Where the errors come from: the six error types of TIDE, each with what mending it would be worth.

Source: Bolya, Foley, Hays, Hoffman, "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020. A
detection that is no true positive at IoU 0.5 is, by the first that holds, with t_b = 0.1:

- localisation: it overlaps a label of its class by 0.1 to 0.5;
- classification: it overlaps a label of another class by 0.5 or more;
- duplicate: it overlaps a label of its class by 0.5 or more, which a more confident detection has taken;
- background: it overlaps no label by more than 0.1;
- both: all else: it overlaps a label of another class by 0.1 to 0.5.

A label that no detection finds, and that no localisation or classification error points at, is missed. What a type is
worth is the AP50 that an oracle would add by mending it alone. A label is mended once, by the most confident error of
either kind that points at it, unless a true positive has it already: that error becomes a true positive, and all others
of its type go, like duplicate, background and both errors; missed labels no longer count (`tidecv/errors/error.py`,
`BestGTMatch`). The mean is over the classes with labels; a class whose every label was missed has 0, before and after.

Held against tidecv 1.0.1 on the same boxes: all counts are equal, and what a type is worth differs by 0.3 percent
points at most, because the AP is Ultralytics' area under the curve instead of the mean of 101 precisions. Among equally
confident detections tidecv puts errors before true positives once it mends, and not before: its figures are then lower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.matching import Overlaps, overlapping, pair_up
from yololab.statistics.metrics.point_metrics import average_precision
from yololab.statistics.records.detections import DetectionRecords

FOREGROUND, BACKGROUND = 0.5, 0.1  # TIDE's t_f and t_b
TYPES = ("classification", "localisation", "both", "duplicate", "background", "missed")
_RIGHT = len(TYPES)
_POINTING = (TYPES.index("classification"), TYPES.index("localisation"))


@dataclass(frozen=True)
class ErrorType:
    """One type of error.

    Attributes:
        count: How many there are.
        delta_ap: What mending them all would add to the AP50; None without labels.
    """

    count: int
    delta_ap: float | None


@dataclass(frozen=True, eq=False)
class _Assignment:
    """The type of every detection, and which labels are missed.

    Attributes:
        kinds: Type of each detection, the number of types for a true positive, shape (D,).
        label: The label that a detection has, or points at; −1 for none, shape (D,).
        missed: Whether a label is missed, shape (M,).
    """

    kinds: NDArray[np.int64]
    label: NDArray[np.int64]
    missed: NDArray[np.bool_]


def error_types(records: DetectionRecords, overlaps: Overlaps | None = None) -> dict[str, ErrorType]:
    """Count the errors of each type, and say what mending it would be worth.

    Args:
        records: The records of an evaluation; its boxes decide, also for masks and keypoints.
        overlaps: What overlaps by 0.1 at least, where it is known.
    """
    assigned = _assign(records, overlaps or overlapping(records, BACKGROUND))
    classes = records.truth_class.astype(np.int64)
    labelled = np.unique(classes).tolist()
    right = assigned.kinds == _RIGHT
    own = records.classes.astype(np.int64)
    counts = np.bincount(classes, minlength=1)
    ranked = np.lexsort((-records.confidence, own))
    before = _mean_ap(ranked, own, right, counts, labelled)
    found = {}
    for kind, name in enumerate(TYPES):
        errors = assigned.kinds == kind
        hits, as_class, labels, order = right, own, counts, ranked[~errors[ranked]]
        if name == "missed":
            order = ranked
            labels = counts - np.bincount(classes[assigned.missed], minlength=len(counts))
        elif kind in _POINTING:
            hits, kept, as_class = _mended(records, assigned, errors, own)
            # Who has taken another class's label goes to its place there; all others keep theirs.
            moved = as_class[ranked] != own[ranked]
            order = ranked[kept[ranked]]
            if moved.any():
                chosen = np.flatnonzero(kept)
                order = chosen[np.lexsort((-records.confidence[chosen], as_class[chosen]))]
        after = _mean_ap(order, as_class, hits, labels, labelled)
        count = int(assigned.missed.sum()) if name == "missed" else int(errors.sum())
        worth = None if before is None or after is None else after - before
        found[name] = ErrorType(count, worth)
    return found


def _assign(records: DetectionRecords, found: Overlaps) -> _Assignment:
    """Give every detection its type, and every label its state."""
    detections, paired = pair_up(found, np.array([FOREGROUND]))
    label = np.full(len(records.confidence), -1, np.int64)
    label[detections] = paired[:, 0]
    (best, own), (other, across) = found.best(found.alike), found.best(~found.alike)
    kinds = np.select(
        [
            label >= 0,
            (best >= BACKGROUND) & (best < FOREGROUND),
            other >= FOREGROUND,
            best >= FOREGROUND,
            np.maximum(best, other) < BACKGROUND,
        ],
        [_RIGHT, 1, 0, 3, 4],
        2,
    )
    label = np.select([label >= 0, kinds == 1, kinds == 0], [label, own, across], -1)
    missed = np.ones(len(records.truth_image), bool)
    missed[label[label >= 0]] = False
    return _Assignment(kinds, label, missed)


def _mended(
    records: DetectionRecords, assigned: _Assignment, errors: NDArray[np.bool_], own: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Let errors take the labels that they point at; return true positives, who stays, and the classes."""
    right = assigned.kinds == _RIGHT
    taken = np.zeros(len(records.truth_image), bool)
    taken[assigned.label[right]] = True
    # One label is mended once, by the most confident error of either kind; the other kind's oracle finds it taken.
    claims = np.flatnonzero(np.isin(assigned.kinds, _POINTING))
    claims = claims[~taken[assigned.label[claims]]]
    order = claims[np.lexsort((claims, -records.confidence[claims], assigned.label[claims]))]
    labels = assigned.label[order]
    winners = order[np.concatenate(([True], labels[1:] != labels[:-1]))] if len(order) else order
    winners = winners[errors[winners]]
    hits = right.copy()
    hits[winners] = True
    kept = ~errors | hits
    as_class = own.copy()
    as_class[winners] = records.truth_class[assigned.label[winners]]
    return hits, kept, as_class


def _mean_ap(
    order: NDArray[np.int64],
    classes: NDArray[np.int64],
    hits: NDArray[np.bool_],
    labels: NDArray[np.int64],
    labelled: Sequence[int],
) -> float | None:
    """Return the mean AP50 over the classes with labels, of detections in order: by class, the most confident first."""
    if not labelled:
        return None
    ends = np.searchsorted(classes[order], [[index, index + 1] for index in labelled])
    values = [
        average_precision(hits[order[first:last]], int(labels[index])) if labels[index] else 0.0
        for index, (first, last) in zip(labelled, ends, strict=True)
    ]
    return float(np.mean(values))

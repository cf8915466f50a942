r"""How an average precision answers to the weight of each image: its influence function, in closed form.

With E the envelope of the precision, AP = (1/n)·Σ_k E_k over the true positives (the area that `weighted_ap` reads at
101 recalls). A plateau j of the envelope is where its height p_j = t_j/m_j is reached; M_j true positives lie below it.
One more detection above it changes p_j by (hit − p_j)/m_j, so that an image i with detections d and labels l adds

    Σ_d [ hit_d·(G_d + E_d/n) − H_d ] − AP·l/n,   G_d = Σ_{j below d} M_j/(n·m_j),   H_d = Σ_{j below d} M_j·p_j/(n·m_j)

to the derivative. The influences of all images sum to 0, and the root of the sum of their squares is the standard error
(infinitesimal jackknife, Efron 1982, chapter 6).
"""

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.ranked_detections import RankedClass


def ap_influence(item: RankedClass, images: int, thresholds: int) -> NDArray[np.float64]:
    """Return the derivative of a class's mean AP over its first thresholds by the weight of each image.

    Args:
        item: The class.
        images: Number of images, I.
        thresholds: How many of the thresholds count, from the first.

    Returns:
        Shape (I,).
    """
    if item.ignored is not None:
        parts = [ap_influence(item.at(threshold), images, 1) for threshold in range(thresholds)]
        return np.asarray(np.mean(parts, axis=0))
    gain, loss, labels = np.zeros(len(item.rows)), np.zeros(len(item.rows)), max(item.labels, 1)
    area = 0.0
    for flags in item.flags.T[:thresholds]:
        hits = np.flatnonzero(flags)
        if not len(hits):
            continue
        precision = np.arange(1, len(hits) + 1) / (hits + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        ends = np.flatnonzero(precision == envelope)
        plateau = np.searchsorted(ends, np.arange(len(hits)))
        share = np.bincount(plateau) / (labels * (hits[ends] + 1))
        gain[hits] += np.cumsum(share[::-1])[::-1][plateau] + envelope / labels
        loss[hits[ends]] += share * precision[ends]
        area += float(envelope.sum()) / labels
    each = gain - np.cumsum(loss[::-1])[::-1]
    found: NDArray[np.float64] = np.bincount(item.rows, each, minlength=images).astype(np.float64)
    found[item.truth_rows] -= area * item.truth_counts / labels
    return found / thresholds

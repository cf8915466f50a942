"""How much a mean AP depends on the order of detections that are equally confident.

A hardly trained model gives few distinct confidences; which of equal ones comes first is then chance. Ours is the order
of the records; here are the ends that any order could reach: at each threshold the right ones first, or last.
"""

from collections.abc import Sequence

import numpy as np

from yololab.statistics.metrics.point_metrics import average_precision
from yololab.statistics.metrics.ranked_detections import RankedClass


def tie_span(ranked: Sequence[RankedClass]) -> tuple[float, float]:
    """Return the lowest and the highest mean AP that an order of equal confidences could give; 0 twice without classes.

    Args:
        ranked: The classes that have labels.
    """
    ends = np.zeros(2)
    for item in ranked:
        group = 2 * np.cumsum(np.diff(item.confidence, prepend=np.inf) != 0)
        for flags in item.flags.T:
            # Within equal confidences the wrong ones first, then the right ones; and the other way round.
            orders = np.argsort(group + flags, kind="stable"), np.argsort(group + ~flags, kind="stable")
            ends += [average_precision(flags[order], item.labels, coco=item.coco) for order in orders]
    count = sum(item.flags.shape[1] for item in ranked)
    low, high = (ends / max(count, 1)).tolist()
    return low, high

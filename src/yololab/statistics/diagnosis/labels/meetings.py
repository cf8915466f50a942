"""How the detections of an evaluation meet its labels: which have one, and what lies where the others say something."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.matching import overlapping, pair_up
from yololab.statistics.records.detections import DetectionRecords

TOUCHING, FOUND = 0.1, 0.5
_A_LABEL, _BESIDES, _LEAST_CONFIDENCE = 3, 20, 0.01
Places = NDArray[np.int64]


class Meeting(IntEnum):
    """What a detection lies on."""

    FOUND = 0  # a label of its class, IoU 0.5 or more
    NOTHING = 1  # no label that it could mean
    OTHER_CLASS = 2  # a label of another class, IoU 0.5 or more
    LOOSE = 3  # a label of its class that nothing else finds, IoU 0.1 to 0.5
    AGAIN = 4  # a label of its class that another detection has found


@dataclass(frozen=True, eq=False)
class Meetings:
    """The confident detections of an evaluation, K of them.

    Attributes:
        detection: Their places in the records, i64, shape (K,).
        kind: What each lies on, one of `Meeting`, shape (K,).
        label: The label that it lies on; −1 for none, shape (K,).
        beside: Its highest overlap with another label of its class, shape (K,).
        partner: The detection that lies on a label best, of those of its class that touch it and no other label
            more; −1 for none, shape (M,).
        overlap: Their IoU, f64, shape (M,).
        own: The highest confidence of a detection of a label's own class on it (IoU 0.5 or more), shape (M,).
    """

    detection: Places
    kind: Places
    label: Places
    beside: NDArray[np.float64]
    partner: Places
    overlap: NDArray[np.float64]
    own: NDArray[np.float64]


def meetings(records: DetectionRecords) -> Meetings:
    """Look what the confident detections of an evaluation lie on.

    Of each class so many detections are looked at as it has labels three times over, and some more: whatever
    confidence a model has, these are the ones that mean something.
    """
    looked_at = _confident(records)
    confident = records.chosen(looked_at)
    found = overlapping(confident, TOUCHING)
    detections, paired = pair_up(found, np.array([FOUND]))
    count, labels = len(confident.confidence), len(records.truth_image)
    label = np.full(count, -1, np.int64)
    label[detections] = paired[:, 0]
    taken = np.zeros(labels, bool)
    taken[label[label >= 0]] = True
    (best, own), (other, across) = found.best(found.alike), found.best(~found.alike)
    partner, overlap = _partners(best, own, labels)
    # what is behind the last label stands for none
    loose = np.append(~taken, False)[own] & (np.append(partner, -1)[own] == np.arange(count))
    kind = np.select(
        [label >= 0, best >= FOUND, other >= FOUND, loose],
        [Meeting.FOUND, Meeting.AGAIN, Meeting.OTHER_CLASS, Meeting.LOOSE],
        Meeting.NOTHING,
    )
    meant = np.select([label >= 0, kind == Meeting.OTHER_CLASS, kind == Meeting.LOOSE], [label, across, own], -1)
    beside, _ = found.best(found.alike & (found.label != meant[found.detection]))
    on = found.alike & (found.iou >= FOUND)
    highest = np.zeros(labels)
    np.maximum.at(highest, found.label[on], confident.confidence[found.detection[on]].astype(np.float64))
    places = np.flatnonzero(looked_at)
    partner = np.append(places, -1)[partner]
    return Meetings(places, kind.astype(np.int64), meant, beside, partner, overlap, highest)


def _confident(records: DetectionRecords) -> NDArray[np.bool_]:
    """Return which detections are looked at, shape (D,); what lies in a crowd tells nothing of single labels."""
    own = records.classes.astype(np.int64)
    size = int(max(own.max(initial=0), records.truth_class.max(initial=0))) + 1
    most = np.bincount(records.truth_class, minlength=size) * _A_LABEL + _BESIDES
    order = np.lexsort((-records.confidence, own))
    rank = np.empty(len(own), np.int64)
    rank[order] = np.arange(len(own)) - np.searchsorted(own[order], own[order])
    counts = np.ones(len(own), bool) if records.ignored is None else (records.ignored & 1) == 0
    return np.asarray((rank < most[own]) & (records.confidence >= _LEAST_CONFIDENCE) & counts)


def _partners(best: NDArray[np.float64], own: Places, labels: int) -> tuple[Places, NDArray[np.float64]]:
    """Return the detection that lies on each label best, among those that lie on no other label more."""
    partner, overlap = np.full(labels, -1, np.int64), np.zeros(labels)
    detection = np.flatnonzero(best > 0)
    order = detection[np.lexsort((-detection, best[detection]))]
    partner[own[order]], overlap[own[order]] = order, best[order]
    return partner, overlap

"""The suspects: missing labels, labels of the wrong class, and badly placed ones, in one list.

Each kind is ranked by the probability that the label is wrong, learned from the evaluation itself, so that one list can
be read from the top, and the sum of its scores says how many errors to expect at least. What is less likely wrong than
right comes after that, the kinds in turn: so far down a score rests on the tail of a model of its kind, and says much
within a kind and little between kinds. ObjectLab (Tkachenko, Thyagarajan, Mueller, "ObjectLab: Automated Diagnosis of
Mislabeled Images in Object Detection Data", 2023) looks for the same three kinds, with scores of fixed weights.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Values, logit
from yololab.statistics.diagnosis.labels.confusion import wrong_class
from yololab.statistics.diagnosis.labels.meetings import FOUND, Meeting, Meetings, meetings
from yololab.statistics.diagnosis.labels.placement import misplaced
from yololab.statistics.diagnosis.labels.reliability import reliability
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords

Places = NDArray[np.int64]
_HALF = 0.5
_BESIDE = (0.1, 0.3)  # overlaps with a neighbour's label that are told apart
_LEAST = 1e-3  # what is less likely than that is not suspected


class Kind(StrEnum):
    """What may be wrong with a label."""

    MISSING = "missing"
    CLASS = "class"
    MISPLACED = "misplaced"


class Suspect(NamedTuple):
    """What may be wrong with one label, or with one place that has none.

    Attributes:
        kind: What may be wrong.
        score: How likely it is.
        image: The image, by its place in the records.
        label: The label, by its place in the records; None where it is missing, and where an image has a class.
        detection: The detection that says so; of a classified image the image.
        right: How likely a detection of this class and confidence is right.
        own: The highest confidence in the label's own class there; None where it is missing.
        overlap: IoU of label and detection; None without a label.
        usual: The median IoU of labels of the class and their detections; None where no label has one.
    """

    kind: Kind
    score: float
    image: int
    label: int | None
    detection: int
    right: float
    own: float | None = None
    overlap: float | None = None
    usual: float | None = None


@dataclass(frozen=True)
class Suspicions:
    """What may be wrong with the labels of an evaluation.

    Attributes:
        suspects: The suspects, the most likely first; those below one half with the kinds in turn, each by its scores.
        known: Share of the labels that a detection shows which is more likely right than not: of the others the model
            cannot tell. None without labels.
    """

    suspects: tuple[Suspect, ...]
    known: float | None


@dataclass(frozen=True, eq=False)
class _Part:
    """The suspects of one kind: score, label (−1 for none) and detection of each."""

    kind: Kind
    score: Values
    label: Places
    detection: Places


def label_suspects(records: DetectionRecords) -> Suspicions:
    """Rank what may be wrong with the labels that a model was evaluated on, and not trained on.

    A label is suspected once, and a detection suspects once; of several detections that miss one label, one is listed.

    Args:
        records: The records; boxes decide, also for masks and keypoints.
    """
    met = meetings(records)
    if not len(met.detection):
        return Suspicions((), 0.0 if len(met.own) else None)
    own = records.classes.astype(np.int64)
    count = int(max(own.max(initial=0), records.truth_class.max(initial=0))) + 1
    x = logit(records.confidence)
    right = np.zeros(len(own))
    meant = np.flatnonzero(met.kind != Meeting.AGAIN)
    found = met.kind[meant] == Meeting.FOUND
    right[met.detection[meant]] = reliability(x[met.detection[meant]], own[met.detection[meant]], found, count).right
    parts = (
        _missing(records, met, x, count),
        _other_class(records, met, x, count),
        _misplaced(records, met, x, right, count),
    )
    usual = _usual_overlaps(records, met, count)
    shown = int(((met.kind == Meeting.FOUND) & (right[met.detection] > _HALF)).sum())
    suspects = (_suspect(records, met, found, right, usual) for found in _one_each(records, parts))
    return Suspicions(_in_turn(suspects), shown / len(met.own) if len(met.own) else None)


def image_suspects(records: ClassifyRecords) -> Suspicions:
    """Rank the images whose class may be wrong, which a model was evaluated on, and not trained on.

    Args:
        records: The records.
    """
    if not len(records.keys) or not records.predicted.shape[1]:
        return Suspicions((), None)
    said, target = records.predicted[:, 0].astype(np.int64), records.target.astype(np.int64)
    count = int(max(said.max(), target.max())) + 1
    known = reliability(logit(records.confidence), said, said == target, count)
    other = np.flatnonzero(said != target)
    order = other[np.lexsort((other, -known.wrong_label[other]))].tolist()
    suspects = (
        Suspect(Kind.CLASS, float(known.wrong_label[place]), place, None, place, float(known.right[place]))
        for place in order
    )
    return Suspicions(tuple(suspects), float(((said == target) & (known.right > _HALF)).mean()))


def _missing(records: DetectionRecords, met: Meetings, x: Values, count: int) -> _Part:
    """Return the detections where no label is: on what the others lie, labels are, whatever their class."""
    rows = np.flatnonzero(np.isin(met.kind, [Meeting.FOUND, Meeting.OTHER_CLASS, Meeting.NOTHING]))
    detection, labelled = met.detection[rows], met.kind[rows] != Meeting.NOTHING
    around = np.digitize(met.beside[rows], _BESIDE)
    known = reliability(x[detection], records.classes[detection].astype(np.int64), labelled, count, around)
    here = detection[~labelled]
    return _Part(Kind.MISSING, known.wrong_label[~labelled], np.full(len(here), -1), here)


def _other_class(records: DetectionRecords, met: Meetings, x: Values, count: int) -> _Part:
    """Return the labels on which a detection of another class lies that is ahead of those of their own."""
    on = met.kind == Meeting.OTHER_CLASS
    detection, label = met.detection[on], met.label[on]
    order = np.lexsort((-detection, records.confidence[detection]))
    by = np.full(len(met.own), -1)
    by[label[order]] = detection[order]  # the most confident one stays
    own = np.where(met.own > 0, logit(met.own), np.nan)
    other = np.where(by >= 0, x[by], np.nan)
    least = np.full(count, np.inf)
    np.minimum.at(least, records.classes[met.detection].astype(np.int64), x[met.detection])
    least = np.where(np.isinf(least), x[met.detection].min(), least)
    known = wrong_class(own, other, records.truth_class.astype(np.int64), records.classes[by].astype(np.int64), least)
    seen = np.flatnonzero(known.wrong_label > 0)
    return _Part(Kind.CLASS, known.wrong_label[seen], seen, by[seen])


def _misplaced(records: DetectionRecords, met: Meetings, x: Values, right: Values, count: int) -> _Part:
    """Return the labels that their detection overlaps less than usual."""
    label = np.flatnonzero(met.partner >= 0)
    detection = met.partner[label]
    score = np.zeros(len(met.own))
    classes = records.classes.astype(np.int64)
    score[label] = misplaced(met.overlap[label], x[detection], classes[detection]) * right[detection]
    rows = np.flatnonzero(np.isin(met.kind, [Meeting.FOUND, Meeting.LOOSE]))
    on, found = met.detection[rows], met.kind[rows] == Meeting.FOUND
    loose = reliability(x[on], classes[on], found, count).wrong_label[~found]
    score[met.label[rows[~found]]] = loose
    kept = score[label] > 0
    return _Part(Kind.MISPLACED, score[label][kept], label[kept], detection[kept])


class _Found(NamedTuple):
    """A suspect by its places."""

    kind: Kind
    score: float
    image: int
    label: int
    detection: int


def _one_each(records: DetectionRecords, parts: tuple[_Part, ...]) -> Iterator[_Found]:
    """Yield the suspects in order: one a label, one a detection, and one of several that miss the same label."""
    score, label, detection = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("score", "label", "detection")
    )
    kinds = [part.kind for part in parts for _ in range(len(part.score))]
    image = records.image
    labels, detections = set[int](), set[int]()
    shown: dict[int, list[int]] = {}
    order = np.lexsort((detection, -score))
    for place in order[score[order] >= _LEAST].tolist():
        by = int(detection[place])
        found = _Found(kinds[place], float(score[place]), int(image[by]), int(label[place]), by)
        if found.detection in detections or found.label in labels:
            continue
        others = shown.setdefault(found.image, [])
        if others and overlaps(records.boxes[[found.detection]], records.boxes[others]).max() >= FOUND:
            continue
        others.append(found.detection)
        detections.add(found.detection)
        if found.label >= 0:
            labels.add(found.label)
        yield found


def _in_turn(suspects: Iterable[Suspect]) -> tuple[Suspect, ...]:
    """Return suspects that come by score; those below one half come after them, the best of each kind first."""
    likely: list[Suspect] = []
    ranked: list[tuple[int, Suspect]] = []
    rank = Counter[Kind]()
    for suspect in suspects:
        if suspect.score >= _HALF:
            likely.append(suspect)
        else:
            ranked.append((rank[suspect.kind], suspect))
            rank[suspect.kind] += 1
    ranked.sort(key=lambda item: item[0])  # of one rank the most likely stays first
    return (*likely, *(suspect for _, suspect in ranked))


def _usual_overlaps(records: DetectionRecords, met: Meetings, count: int) -> list[float | None]:
    """Return the median overlap of the labels of each class and their detections; None where none has one."""
    has = met.partner >= 0
    overlap, classes = met.overlap[has], records.truth_class[has]
    order = np.lexsort((overlap, classes))
    bounds = np.searchsorted(classes[order], np.arange(count + 1))
    return [
        float(overlap[order[(first + last) // 2]]) if last > first else None
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]


def _suspect(
    records: DetectionRecords, met: Meetings, found: _Found, right: Values, usual: list[float | None]
) -> Suspect:
    """Return a suspect with what speaks for it."""
    kind, score, image, label, detection = found
    how_right = float(right[detection])
    if label < 0:
        return Suspect(kind, score, image, None, detection, how_right)
    overlap = float(overlaps(records.truth_boxes[[label]], records.boxes[[detection]])[0, 0])
    own, median = float(met.own[label]), usual[int(records.truth_class[label])]
    return Suspect(kind, score, image, label, detection, how_right, own, overlap, median)

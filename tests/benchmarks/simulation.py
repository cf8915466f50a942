"""Simulated evaluations of two models, for the calibration of the comparison and for its cost.

The generator. Each image draws Poisson(`objects`) labels; classes follow a power law (class c has weight (c + 1)^−s, so
that with s = 1 and 80 classes the last ones are rare). An image has a difficulty u ~ N(0, 0.6) and each object one of
its own, v ~ N(0, 0.6), both shared by the two models: that is what makes their results correlated, and pairing worth
its while. A model finds an object with probability Φ(skill − u − v), Φ the logistic function; one that it finds has a
localisation quality q ~ Beta(5, 2) shifted by the same difficulties, and is a true positive at IoU 0.5, 0.55, …
as far as 0.5 + 0.5·q reaches; its confidence is Beta(4, 2). Each image also gets Poisson(`false`) false detections of
random classes with confidence Beta(1.2, 6), rounded to half precision so that ties occur. With equal skills the two
models differ by chance alone: the true difference is zero. The boxes of labels stand in a row; a detection overlaps
its own label alone, by the IoU that its flags say.
"""

from dataclasses import dataclass

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import DetectionRecords, pack_flags


@dataclass(frozen=True)
class Setting:
    """One kind of validation set."""

    name: str
    images: int
    classes: int
    objects: float
    false: float
    power: float


SETTINGS = (
    Setting("50 images, 5 classes", 50, 5, 5, 8, 0.0),
    Setting("200 images, 5 classes", 200, 5, 5, 8, 0.0),
    Setting("1,000 images, 20 rare classes", 1000, 20, 1, 3, 1.0),
    Setting("200 images, 80 rare classes", 200, 80, 4, 8, 1.0),
)
SKILL = 0.8
_SIDE = 100.0


def simulate(setting: Setting, rng: np.random.Generator, skills=(SKILL, SKILL)) -> tuple[DetectionRecords, ...]:
    """Return the records of one model a skill over the same images."""
    weights = (np.arange(setting.classes) + 1.0) ** -setting.power
    weights /= weights.sum()
    counts = rng.poisson(setting.objects, setting.images)
    image = np.repeat(np.arange(setting.images), counts)
    labels = rng.choice(setting.classes, len(image), p=weights)
    hard = rng.normal(0, 0.6, setting.images)[image] + rng.normal(0, 0.6, len(image))
    return tuple(detected(setting, image, labels, hard, skill, rng) for skill in skills)


def detected(setting: Setting, image, labels, hard, skill: float, rng: np.random.Generator) -> DetectionRecords:
    """Return what one model makes of labels: of their images, classes and difficulties, shape (M,) each."""
    weights = (np.arange(setting.classes) + 1.0) ** -setting.power
    hit = rng.random(len(labels)) < 1 / (1 + np.exp(-(skill - hard)))
    false = np.repeat(np.arange(setting.images), rng.poisson(setting.false, setting.images))
    quality = np.clip(rng.beta(5, 2, hit.sum()) - 0.1 * hard[hit], 0, 1)
    reached = np.concatenate([0.5 + 0.5 * quality, np.zeros(len(false))])
    classes = np.concatenate([labels[hit], rng.choice(setting.classes, len(false), p=weights / weights.sum())])
    confidence = np.concatenate([rng.beta(4, 2, hit.sum()), rng.beta(1.2, 6, len(false))]).astype(np.float16)
    place = np.concatenate([image[hit], false])
    order = np.lexsort((-confidence, place))
    thresholds = 0.5 + 0.05 * np.arange(10)
    boxes = np.concatenate([in_a_row(image, 0)[hit], in_a_row(false, 1_000)])
    boxes[:, 2] = boxes[:, 0] + _SIDE * np.where(reached > 0, reached, 1)
    return DetectionRecords(
        keys=tuple(f"{number:06}" for number in range(setting.images)),
        sizes=np.full((setting.images, 2), 640, np.uint32),
        detections=np.bincount(place, minlength=setting.images).astype(np.uint32),
        classes=classes[order].astype(np.uint8),
        confidence=confidence[order].astype(np.float32),
        boxes=boxes[order],
        flags={"box": pack_flags(reached[order][:, None] >= thresholds)},
        truth_image=image.astype(np.uint32),
        truth_class=labels.astype(np.uint8),
        truth_boxes=in_a_row(image, 0),
        **header_of("detect", setting.classes).common,
    )


def in_a_row(image: np.ndarray, top: float) -> np.ndarray:
    """Return a square box for each of the things in images, in rows of their own: images ascending, shape (N, 4)."""
    left = _SIDE * (np.arange(len(image)) - np.searchsorted(image, image))
    corners = np.stack([left, np.full(len(image), top)], axis=1)
    return np.hstack([corners, corners + _SIDE]).astype(np.float32)


def header_of(task: str, classes: int) -> RecordsHeader:
    """Return the header of simulated records."""
    return RecordsHeader(
        names={index: str(index) for index in range(classes)},
        task=task,
        split="val",
        label_fingerprint="",
        protocol={},
        ultralytics="",
    )

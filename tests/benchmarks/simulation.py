"""Simulated evaluations of two models, for the calibration of the comparison and for its cost.

The generator. Each image draws Poisson(`objects`) labels; classes follow a power law (class c has weight (c + 1)^−s, so
that with s = 1 and 80 classes the last ones are rare). An image has a difficulty u ~ N(0, 0.6) and each object one of
its own, v ~ N(0, 0.6), both shared by the two models: that is what makes their results correlated, and pairing worth
its while. A model finds an object with probability Φ(skill − u − v), Φ the logistic function; one that it finds has a
localisation quality q ~ Beta(5, 2) shifted by the same difficulties, and is a true positive at IoU 0.5, 0.55, …
as far as 0.5 + 0.5·q reaches; its confidence is Beta(4, 2). Each image also gets Poisson(`false`) false detections of
random classes with confidence Beta(1.2, 6), rounded to half precision so that ties occur. With equal skills the two
models differ by chance alone: the true difference is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import DetectionRecords, ImageRecord, pack_records


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


def simulate(setting: Setting, rng: np.random.Generator, skills=(SKILL, SKILL)) -> tuple[DetectionRecords, ...]:
    """Return the records of one model a skill over the same images."""
    weights = (np.arange(setting.classes) + 1.0) ** -setting.power
    weights /= weights.sum()
    arms: list[list[ImageRecord]] = [[] for _ in skills]
    for number in range(setting.images):
        labels = rng.choice(setting.classes, rng.poisson(setting.objects), p=weights)
        hard = rng.normal(0, 0.6) + rng.normal(0, 0.6, len(labels))
        for arm, skill in zip(arms, skills, strict=True):
            arm.append(_image(number, setting, labels, hard, skill, weights, rng))
    header = RecordsHeader(
        names={index: str(index) for index in range(setting.classes)},
        task="detect",
        split="val",
        label_fingerprint="",
        protocol={},
        ultralytics="",
    )
    return tuple(pack_records(arm, header) for arm in arms)


def _image(number, setting, labels, hard, skill, weights, rng) -> ImageRecord:
    """Return what one model makes of one image."""
    hit = rng.random(len(labels)) < 1 / (1 + np.exp(-(skill - hard)))
    false = rng.poisson(setting.false)
    quality = np.clip(rng.beta(5, 2, hit.sum()) - 0.1 * hard[hit], 0, 1)
    reached = np.concatenate([0.5 + 0.5 * quality, np.zeros(false)])
    classes = np.concatenate([labels[hit], rng.choice(setting.classes, false, p=weights)])
    confidence = np.concatenate([rng.beta(4, 2, hit.sum()), rng.beta(1.2, 6, false)]).astype(np.float16)
    order = np.argsort(-confidence, kind="stable")
    thresholds = 0.5 + 0.05 * np.arange(10)
    return ImageRecord(
        f"{number:06}",
        (640, 640),
        classes[order],
        confidence[order],
        np.zeros((len(order), 4)),
        {"box": reached[order][:, None] >= thresholds},
        labels,
        np.zeros((len(labels), 4)),
    )

"""Simulated evaluations of two models that classify images, classify pixels, or estimate depth.

The generators. Every image has a difficulty u ~ N(0, 1), shared by the two models: that is what makes their results
correlated. With equal skills the two models differ by chance alone.

Classification: a model is right with probability Λ(skill − u), Λ the logistic function; what it names instead is any
other class. Classes follow a power law.

Pixels: an image holds 1 to 3 classes (a power law again), each with a lognormal share of 100,000 pixels and a
difficulty v ~ N(0, 0.7) shared by the models. A model recovers a share Λ(skill − u/2 − v + e) of a class's pixels, with
e ~ N(0, 0.7) of its own; the others go to a class of the image or to any class.

Depth: the values of an image are those of a model whose log error has the spread exp(u/3 + e − skill), e ~ N(0, 0.3)
of its own: δ1 = P(|error| < log 1.25) and so on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from simulation import header_of

from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifiedImage, pack_classified
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth

PIXELS = 100_000


@dataclass(frozen=True)
class TaskSetting:
    """One kind of validation set of one task.

    `skill` is that of equal models; `worse` that of one that is truly worse by more than the tolerance.
    """

    name: str
    images: int
    classes: int
    primary: str
    skill: float
    worse: float
    make: Callable[[TaskSetting, np.random.Generator, tuple[float, ...]], tuple[Records, ...]]


def _logistic(value):
    return 1 / (1 + np.exp(-value))


def _weights(classes):
    weights = (np.arange(classes) + 1.0) ** -0.7
    return weights / weights.sum()


def classify(setting: TaskSetting, rng: np.random.Generator, skills: tuple[float, ...]) -> tuple[Records, ...]:
    """Return the records of one model a skill over the same images."""
    targets = rng.choice(setting.classes, setting.images, p=_weights(setting.classes))
    hard = rng.normal(0, 1, setting.images)
    arms = []
    for skill in skills:
        right = rng.random(setting.images) < _logistic(skill - hard)
        rows = []
        for number, target in enumerate(targets):
            others = rng.permutation(np.delete(np.arange(setting.classes), target))
            named = np.insert(others, 0 if right[number] else min(1 + rng.integers(0, 8), len(others)), target)
            rows.append(ClassifiedImage(f"{number:06}", int(target), named[:5], float(rng.random())))
        arms.append(pack_classified(rows, header_of("classify", setting.classes)))
    return tuple(arms)


def semantic(setting: TaskSetting, rng: np.random.Generator, skills: tuple[float, ...]) -> tuple[Records, ...]:
    """Return the records of one model a skill over the same images."""
    weights = _weights(setting.classes)
    arms: list[list[ConfusionImage]] = [[] for _ in skills]
    for number in range(setting.images):
        held = rng.choice(setting.classes, rng.integers(1, 4), replace=False, p=weights)
        share = rng.lognormal(0, 0.8, len(held))
        pixels = (PIXELS * share / share.sum()).astype(int)
        hard = rng.normal(0, 1) / 2 + rng.normal(0, 0.7, len(held))
        for arm, skill in zip(arms, skills, strict=True):
            matrix = np.zeros((setting.classes, setting.classes), int)
            found = (pixels * _logistic(skill - hard + rng.normal(0, 0.7, len(held)))).astype(int)
            for index, total, right in zip(held, pixels, found, strict=True):
                matrix[index, index] += right
                wrong = total - right
                near = rng.choice(held) if len(held) > 1 else rng.integers(setting.classes)
                matrix[index, near] += wrong // 2
                matrix[index, rng.integers(setting.classes)] += wrong - wrong // 2
            arm.append(ConfusionImage(f"{number:06}", matrix))
    return tuple(pack_confusion(arm, header_of("semantic", setting.classes)) for arm in arms)


def depth(setting: TaskSetting, rng: np.random.Generator, skills: tuple[float, ...]) -> tuple[Records, ...]:
    """Return the records of one model a skill over the same images."""
    hard = rng.normal(0, 1, setting.images) / 3
    arms = []
    for skill in skills:
        spread = np.exp(hard + rng.normal(0, 0.3, setting.images) - skill)
        inside = [[math.erf(k * math.log(1.25) / (s * math.sqrt(2))) for k in (1, 2, 3)] for s in spread]
        values = np.column_stack([inside, spread, spread * 10, spread * 100])
        rows = [
            DepthImage(f"{number:06}", dict(zip(DEPTH_METRICS, row.tolist(), strict=True)), PIXELS)
            for number, row in enumerate(values)
        ]
        arms.append(pack_depth(rows, header_of("depth", 0)))
    return tuple(arms)


TASK_SETTINGS = (
    TaskSetting("classify, 50 images, 5 classes", 50, 5, "top1", 3.0, 2.6, classify),
    TaskSetting("classify, 200 images, 10 classes", 200, 10, "top1", 2.0, 1.8, classify),
    TaskSetting("classify, 1,000 images, 100 classes", 1000, 100, "top1", 1.0, 0.9, classify),
    TaskSetting("semantic, 50 images, 5 classes", 50, 5, "mIoU", 2.0, 1.8, semantic),
    TaskSetting("semantic, 200 images, 20 classes", 200, 20, "mIoU", 2.0, 1.8, semantic),
    TaskSetting("depth, 50 images", 50, 0, "delta1", 1.8, 1.7, depth),
)

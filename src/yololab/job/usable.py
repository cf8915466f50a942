"""Is a result of any use? Items of the checklist that ask what the evaluation has kept; nothing is evaluated again."""

from collections.abc import Mapping

import numpy as np

from yololab.files.metrics import MetricsFile
from yololab.job.checklist import Check
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import Task
from yololab.text import counted, number
from yololab.ultralytics_adapter.models.resolve import ResolvedModel

# What Ultralytics' predict shows when nobody asks for another confidence.
SHOWN_CONFIDENCE = 0.25


def learnt_anything(metrics: MetricsFile, records: Records, task: Task) -> Check:
    """The primary metric is above that of a model that has learnt nothing.

    Without any learning mAP is 0; a model that gives the most frequent class every time has that class's share as its
    top1, and in mIoU its share of the pixels divided by the number of classes. Of a depth only 0 is known.
    """
    name, value = "learnt something", metrics.value(task.primary_metric)
    if value is None:
        return Check(name, None, f"{task.primary_metric} could not be measured: there is nothing to find in the split")
    chance = chance_level(records)
    if chance == 1:
        return Check(name, None, "all images are of one class: nothing can be told apart")
    # What reads 0.0000 is none.
    passed = round(value, 4) > round(chance, 4)
    return Check(name, passed, f"{task.primary_metric} {number(value)}; {number(chance)} is had without learning")


def chance_level(records: Records) -> float:
    """Return the primary metric of a model that says the same of each image."""
    if isinstance(records, ClassifyRecords) and len(records.target):
        return float(np.bincount(records.target).max() / len(records.target))
    if isinstance(records, ConfusionRecords) and len(records.truth):
        pixels = np.bincount(records.truth, records.pixels)
        return float(pixels.max() / pixels.sum() / np.count_nonzero(pixels))
    return 0.0


def finds_anything(records: Records) -> Check:
    """The model says something, and not the same of everything: as somebody sees it who predicts with it.

    A detection counts with the confidence that predict shows by default, where it is right: all that is matched (box,
    mask, keypoints) is a true positive at the lowest threshold.
    """
    name, images = "finds something", counted(len(records.keys), "image")
    if isinstance(records, DetectionRecords):
        if not len(records.truth_class):
            return Check(name, None, f"there is no object in the {images}")
        shown = records.confidence >= SHOWN_CONFIDENCE
        right = shown & np.logical_and.reduce([flags & 1 == 1 for flags in records.flags.values()])
        of = f"of {counted(len(records.truth_class), 'object')} in {images}"
        found = counted(int(shown.sum()), "detection")
        return Check(
            name, bool(right.any()), f"{found} at confidence {SHOWN_CONFIDENCE} or more, {right.sum()} right, {of}"
        )
    if isinstance(records, DepthRecords):
        known = int(np.isfinite(records.values).all(axis=1).sum())
        return Check(name, known > 0, f"a depth in {known} of {images}")
    if isinstance(records, ClassifyRecords):
        said, true = records.predicted[:, 0], records.target
    elif isinstance(records, ConfusionRecords):
        said, true = records.predicted, records.truth
    else:
        return Check(name, None, "what it finds is not recorded")
    there, named = len(np.unique(true)), len(np.unique(said))
    return Check(name, None if there < 2 else named > 1, f"{counted(named, 'class', 'classes')} of {there} in {images}")


def no_worse_than_start(
    metrics: MetricsFile, model: ResolvedModel, names: Mapping[int, str], task: Task, tolerance: float
) -> Check | None:
    """The result is as good as what the starting checkpoint says of itself; None where it says nothing of this.

    Args:
        metrics: The result.
        model: The model that was started from.
        names: Class index → name of the dataset; a checkpoint with other classes was measured on other things.
        task: The row of the task.
        tolerance: How much less is no worse.
    """
    now, then = metrics.value(task.primary_metric), model.train_metrics.get(task.primary.source)
    same_classes = list((model.names or {}).values()) == list(names.values())
    if now is None or then is None or not same_classes:
        return None
    evidence = f"{task.primary_metric} {number(now)}; the starting checkpoint says {number(then)} of itself"
    return Check("no worse than its start", now >= then - tolerance, evidence)

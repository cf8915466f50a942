"""The table of tasks against the installed Ultralytics, and against itself."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.statistics.records.depth import DEPTH_METRICS
from yololab.tasks import TASKS, Direction, task_named


def theirs(task: str) -> list[str]:
    """Return the names of the metrics of the installed Ultralytics."""
    from ultralytics.utils import metrics

    made = {
        "detect": metrics.DetMetrics,
        "segment": metrics.SegmentMetrics,
        "pose": metrics.PoseMetrics,
        "obb": metrics.OBBMetrics,
        "classify": metrics.ClassifyMetrics,
        "semantic": metrics.SemanticMetrics,
        "depth": metrics.DepthMetrics,
    }
    return made[task]().keys


@pytest.mark.torch
def test_every_task_of_ultralytics_is_there():
    from ultralytics.cfg import TASKS as THEIRS

    assert set(TASKS) == set(THEIRS)
    with pytest.raises(InputError, match="classify"):
        task_named("track")


@pytest.mark.torch
@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_row_measures_all_that_ultralytics_measures(task):
    assert {metric.source for metric in task.metrics} == set(theirs(task.name))
    names = [metric.name for metric in task.metrics]
    assert len(set(names)) == len(names)
    assert {task.primary_metric, *task.shown} <= set(names)
    assert task.primary.direction is Direction.HIGHER
    assert task.class_metric in task.per_class or not task.per_class


def test_only_errors_are_better_when_lower():
    lower = {metric.name for task in TASKS.values() for metric in task.metrics if metric.direction is Direction.LOWER}
    assert lower == {"abs_rel", "rmse", "silog"}


def test_names_are_those_of_the_records():
    assert tuple(metric.name for metric in TASKS["depth"].metrics) == DEPTH_METRICS
    assert [metric.name for metric in TASKS["detect"].metrics] == ["mAP50", "mAP50-95", "precision", "recall"]
    assert TASKS["segment"].primary_metric == "mAP50-95(M)"
    assert TASKS["pose"].primary_metric == "mAP50-95(P)"


@pytest.mark.torch
@pytest.mark.parametrize("name", ["obb", "detect"])
def test_the_least_confidence_is_that_of_ultralytics(name, tmp_path):
    from ultralytics.models.yolo.detect.val import DetectionValidator

    validator = DetectionValidator(args={"task": name, "model": "x.pt"}, save_dir=tmp_path)
    assert validator.args.conf == TASKS[name].confidence


@pytest.mark.torch
def test_the_size_of_a_classification_is_that_of_ultralytics():
    import inspect

    from ultralytics.models.yolo.classify.train import ClassificationTrainer

    assert f'overrides["imgsz"] = {TASKS["classify"].imgsz}' in inspect.getsource(ClassificationTrainer.__init__)

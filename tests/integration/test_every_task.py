"""Every task through the whole job: really trained for an epoch on built-in data, measured, compared, exported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from yololab import compare, evaluate, predict, run_experiment
from yololab.api import Experiment
from yololab.comparison.evidence import load_records
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.tasks import TASKS, Direction
from yololab.ultralytics_adapter.models.exports import describe_model

SMALL = {"batch": 8, "device": "cpu", "workers": 0, "optimizer": "AdamW", "lr0": 0.01}
# Sums in another order differ in their last digits, and after one epoch ranks hang on those.
ONE_THREAD = {"device.threads": 1}
QUICK = ("approval=auto", "baseline.promote=always", "estimate.batches=1", "device.threads=1", "report.enabled=true")


@dataclass(frozen=True)
class Case:
    """A task with the model and the built-in data that it is tried on."""

    task: str
    model: str
    data: str
    export: str = "onnx"
    imgsz: int = 64

    @property
    def evaluation(self) -> dict[str, float]:
        """After one epoch only detections of next to no confidence are to be had; other tasks have no threshold."""
        return {} if self.task in ("classify", "depth", "semantic") else {"conf": 1e-6}


CASES = (
    Case("classify", "yolov8n-cls.yaml", "shapes-cls"),
    Case("depth", "yolo26n-depth.yaml", "shapes-depth"),
    Case("semantic", "yolo26n-sem.yaml", "shapes-sem"),
    Case("obb", "yolo26n-obb.yaml", "shapes-obb", "torchscript"),
    Case("pose", "yolo11n-pose.yaml", "shapes-pose"),
    Case("segment", "yolo26n-seg.yaml", "shapes-seg"),
    Case("detect", "yolov8n-rtdetr.yaml", "shapes", imgsz=96),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("every task")


SLOW = ("detect",)  # RT-DETR is large


@pytest.fixture(
    params=[pytest.param(case, marks=pytest.mark.slow if case.task in SLOW else ()) for case in CASES],
    ids=lambda case: f"{case.task}-{case.model.split('.')[0]}",
)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def data_of(case: Case, project: Path) -> Path:
    return ensure_shapes(ShapesSpec(image_size=64, train=16, val=8, test=0, variant=case.data), project)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_task_from_data_to_verdict(case: Case, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    data, task = data_of(case, project), TASKS[case.task]
    words = (*QUICK, f"export={case.export}", f"name={case.task}")
    words += tuple(f"evaluation.{key}={value}" for key, value in case.evaluation.items())
    run = run_experiment(
        *words, model=case.model, data=data, epochs=1, quiet=True, imgsz=case.imgsz, plots=case.task == "depth", **SMALL
    )
    assert (run.status, run.exit_code) == ("complete", 0), run.record["error"]
    check_record(run, case)
    metrics = read(run.folder.metrics)
    assert metrics["task"] == case.task
    assert metrics["primary_metric"] == task.primary_metric
    assert metrics["directions"] == {metric.name: metric.direction for metric in task.metrics}
    check_classes(metrics, case)
    assert_same_as_ultralytics(run, metrics, data, case, project)
    check_records(run, metrics, data, case)
    check_comparison(run, data, case)
    check_predictions(run, data, case)


def check_record(run: Experiment, case: Case) -> None:
    record = run.record
    passed = {item["check"]: (item["passed"], item["evidence"]) for item in record["verification"]["checks"]}
    assert passed["training started"][0] is True
    assert passed["metrics saved"][0] is True
    assert passed["comparison executed"][0] is True
    assert passed["exported model works"][0] is (None if case.export == "none" else True), passed
    assert record["estimate"]["seconds"] > 0
    assert record["training"]["epochs_completed"] == 1
    assert record["effective_config"]["differences"] == [] or all(
        row["key"] in ("warmup_epochs", "mosaic") for row in record["effective_config"]["differences"]
    )
    assert read(run.folder.metrics)["comparable"] is True
    assert (run.path / "report.html").stat().st_size > 10_000


def check_predictions(run: Experiment, data: Path, case: Case) -> None:
    """Checkpoint and export say of the images what Ultralytics' own predictor says, and write it down."""
    from ultralytics import RTDETR, YOLO

    top = data if data.is_dir() else data.parent
    images = next(folder for folder in (top / "val/images", top / "val") if folder.is_dir())
    (export,) = (path for path in run.folder.weights.glob("best*") if path.suffix != ".pt")
    for model in (run.path, export):
        found = predict(images, model=model, conf=0.0, draw=model == run.path, quiet=True, **ONE_THREAD, device="cpu")
        assert (found.task, found.images, found.unreadable) == (case.task, 8, [])
        assert describe_model(found.model)[2].keys() == describe_model(run.folder.best)[2].keys()
        theirs: Any = RTDETR if "rtdetr" in case.model else YOLO
        theirs = theirs(str(found.model)) if theirs is RTDETR else theirs(str(found.model), task=case.task)
        settings = {"conf": 0.0, "iou": 0.7, "imgsz": case.imgsz, "device": "cpu", "batch": 1, "verbose": False}
        results = theirs.predict(f"{images}/**/*.png", stream=True, save=False, **settings)
        boxes = [len(result.obb or result.boxes or ()) for result in results]
        # Untrained models give boxes whose sides are swapped, which are none.
        assert 0 < found.detections <= max(sum(boxes), 8)
    assert len(list(found.folder.labels.rglob("*.*"))) == 8
    assert predict(images, model=run.path, quiet=True, **ONE_THREAD, device="cpu").threshold["source"] == (
        "does not apply" if case.task in ("depth", "semantic") else "model"
    )


def check_classes(metrics: dict[str, Any], case: Case) -> None:
    """Every class has its values, its labels and its images; depth has no classes."""
    task, per_class = TASKS[case.task], metrics["per_class"]
    assert len(per_class) == (0 if case.task == "depth" else 4 if case.task == "semantic" else 3)
    for values in per_class.values():
        assert set(task.per_class) | {"index", "instances", "images"} == set(values)
        assert all((values[key] is None) == (values["instances"] == 0) for key in task.per_class)
    confusion = metrics["confusion"]
    assert (confusion is None) == (case.task == "depth")
    if confusion:
        assert len(confusion["matrix"]) == len(confusion["labels"])


def assert_same_as_ultralytics(run: Experiment, metrics: dict[str, Any], data: Path, case: Case, project: Path) -> None:
    """Its own `val` under the same protocol gives the same numbers, up to how it orders detections that are as sure."""
    from ultralytics import RTDETR, YOLO

    names = ("imgsz", "batch", "conf", "iou", "max_det", "rect")
    arguments = {name: metrics["protocol"][name] for name in names}
    if case.task in ("depth", "classify"):
        arguments["rect"] = True  # asked for; these tasks have squares only
    model = (RTDETR if "rtdetr" in case.model else YOLO)(str(run.weights))
    theirs = model.val(data=str(data), device="cpu", plots=False, save_dir=str(project / "val"), **arguments)
    within = 1e-3 if case.task in ("detect", "segment", "pose", "obb") else 1e-6
    for metric in TASKS[case.task].metrics:
        assert metrics[metric.name] == pytest.approx(theirs.results_dict[metric.source], abs=within), metric.name
    assert metrics["fitness"] == pytest.approx(theirs.results_dict["fitness"], abs=within)


def check_records(run: Experiment, metrics: dict[str, Any], data: Path, case: Case) -> None:
    """The records name the images and give the metrics again."""
    records = load_records(run.folder.predictions)
    assert len(records.keys) == 8
    assert all(key.startswith("val/") for key in records.keys)
    top = data if data.is_dir() else data.parent
    bright = [cv2.imread(str(top / key), cv2.IMREAD_GRAYSCALE).mean() for key in records.keys]
    assert records.properties["brightness"] == pytest.approx(np.array(bright), abs=8), "bands, at another size"
    assert (records.properties["blur"] > 0).all()
    if isinstance(records, ClassifyRecords):
        assert [key.split("/")[1] for key in records.keys] == [records.names[int(index)] for index in records.target]
    if isinstance(records, ConfusionRecords):
        for place, key in enumerate(records.keys):
            mask = cv2.imread(str(data.parent / key.replace("images", "masks")), cv2.IMREAD_GRAYSCALE)
            assert records.truth_of(place).tolist() == np.bincount(mask.ravel(), minlength=256)[:4].tolist()
    again = metrics_of(records, metrics["primary_metric"]).points()
    for metric in TASKS[case.task].metrics:
        assert again[metric.name] == pytest.approx(metrics[metric.name], abs=2e-3)


def check_comparison(run: Experiment, data: Path, case: Case) -> None:
    """A second evaluation is equivalent to the first; a changed one is told apart by its direction."""
    assert run.comparison is not None
    assert run.comparison["verdict"] == "NO_BASELINE"
    again = evaluate(
        run.weights, data, quiet=True, imgsz=case.imgsz, device="cpu", evaluation=case.evaluation, **ONE_THREAD
    )
    found = compare(again.path.parent, run.path)
    assert (found["verdict"], found["statistical_support"]) == ("EQUIVALENT", True)
    assert all(row["delta"] == 0 and row["ci_low"] == row["ci_high"] == 0 for row in found["metrics"])
    lower = {metric.name for metric in TASKS[case.task].metrics if metric.direction is Direction.LOWER}
    assert {row["metric"] for row in found["metrics"] if row["direction"] == "lower"} == lower

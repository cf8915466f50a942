"""`speed`: small images first, few validations, and a record that says so."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from yololab import run_experiment
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.files.epochs import read_results
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.training.pace.keeping import PaceMixin
from yololab.ultralytics_adapter.training.pace.plan import PACES
from yololab.ultralytics_adapter.training.selection import SelectionRule
from yololab.ultralytics_adapter.training.training import train

pytestmark = pytest.mark.usefixtures("prepared", "logged")


@pytest.fixture
def sides(monkeypatch):
    """The sides of the images of each training batch, px."""
    seen, preprocess = [], PaceMixin.preprocess_batch

    def watched(self, batch):
        found = preprocess(self, batch)
        seen.append(found["img"].shape[-1])
        return found

    monkeypatch.setattr(PaceMixin, "preprocess_batch", watched)
    return seen


def test_images_grow_and_the_choice_is_among_epochs_that_were_validated(make_request, sides):
    reports = []
    request = replace(make_request(epochs=8, imgsz=128, batch=8, save_period=1), pace=PACES["fast"])
    result = train(request, reports.append)
    assert sides == [64, 64, 96, 96, 128, 128, 128, 128]
    measured = [epoch for epoch, value in enumerate(read_results(request.save_dir / "results.csv").metrics[
        "metrics/mAP50(B)"], 1) if value is not None]  # fmt: skip
    assert measured == [2, 4, 6, 7, 8] == result.setup["pace"]["validated_epochs"]
    assert [report.epoch for report in reports if report.metrics["mAP50"] is not None] == measured
    assert result.best_epoch in measured
    assert result.setup["speed"] == "fast"
    # what is left costs more than what is done: the remaining time is reckoned by it
    assert reports[1].seconds_left > 6 * math.fsum(report.seconds for report in reports[:2]) / 2
    last = replace(request, save_dir=request.save_dir.with_name("last"), selection=SelectionRule(select="last"))
    assert train(last).best_epoch == 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "data"),
    [
        ("yolov8n-cls.yaml", "shapes-cls"),
        ("yolo26n-depth.yaml", "shapes-depth"),
        ("yolo26n-sem.yaml", "shapes-sem"),
        ("yolo26n-obb.yaml", "shapes-obb"),
        ("yolo11n-pose.yaml", "shapes-pose"),
        ("yolo26n-seg.yaml", "shapes-seg"),
        ("yolov8n-rtdetr.yaml", "shapes"),
    ],
)
def test_every_task_trains_on_small_images_first(make_request, tmp_path, sides, model, data):
    found = ensure_shapes(ShapesSpec(image_size=64, train=8, val=4, test=0, variant=data), tmp_path)
    request = make_request(model=model, data=str(found), epochs=3, imgsz=128, batch=8, nbs=8)
    result = train(replace(request, pace=PACES["fast"]))
    assert result.status == "complete"
    assert not result.unstable
    assert (sides, result.setup["pace"]["left_off"]) == ([64, 96, 128], {})


@pytest.mark.slow
def test_a_job_says_what_was_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("approval=auto", "export=none", "device.threads=1", "data.subset=8", "speed=balanced")
    sizes = {"epochs": 4, "imgsz": 128, "batch": 8, "device": "cpu", "plots": False}
    run = run_experiment(*words, model="yolo26n.yaml", data="shapes", quiet=True, **sizes)
    assert (run.status, run.exit_code) == ("complete", 0), run.record["error"]
    assert json.loads(RunFolder(run.path).metrics.read_text())["trained_speed"] == "balanced"
    assert "speed=balanced: 3 of 4 epochs are validated" in (run.path / "report.html").read_text()

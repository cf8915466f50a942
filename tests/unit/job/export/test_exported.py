"""What the settings of the verification and of the export change, without a training or an export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from tiny import make_dataset
from whole_run import context_of, write_whole_run

from yololab.config.defaults import default_tree
from yololab.config.frozen import Frozen
from yololab.config.validation import validate
from yololab.data.dataset.layout import load_dataset
from yololab.files.record import Record
from yololab.files.record_content import broken_export
from yololab.job.checklist import Check
from yololab.job.export import exported
from yololab.tasks import task_named
from yololab.ultralytics_adapter.export.parity import ExportCheck

IMAGES = 6


def config_with(group: str, **settings):
    tree = default_tree()
    tree[group] |= settings
    return validate(tree)


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """A call of `exported` with a config; returns what the export and the evaluations were asked for."""
    dataset = load_dataset(make_dataset(tmp_path / "set", images=IMAGES), datasets_dir=tmp_path)
    prepared = SimpleNamespace(
        dataset=dataset, task=task_named("detect"), paths=SimpleNamespace(cache=tmp_path / "cache")
    )
    asked = SimpleNamespace(options=None, tried=None, measured=[], check=None)

    def export_model(weights, *, format, options, threads):
        asked.options = options
        if "data" in options:
            listed = Path(yaml.safe_load(Path(options["data"]).read_text())["train"])
            asked.calibrated = listed.read_text().splitlines()
        return SimpleNamespace(path=weights.with_suffix(f".{format}"), format=format, size_bytes=1)

    def outputs_differ(_best, _exported, images, **_keywords):
        asked.tried = len(images)
        return ExportCheck(len(images), 0.0, 0.0, "a runtime")

    def evaluate(_model, data: Path, _root, protocol, **_keywords):
        listed = Path(yaml.safe_load(data.read_text(encoding="utf-8"))[protocol.split])
        asked.measured.append(len(listed.read_text(encoding="utf-8").splitlines()))
        return SimpleNamespace(metrics={"mAP50-95": 0.5})

    monkeypatch.setattr(exported, "export_model", export_model)
    monkeypatch.setattr(exported, "exported_outputs_differ", outputs_differ)
    monkeypatch.setattr(exported, "evaluate", evaluate)
    folder = write_whole_run(tmp_path / "run")

    def call(config):
        asked.measured.clear()
        asked.check = exported.exported(replace(context_of(folder), frozen=Frozen(config, {}, {}, ())), prepared)
        asked.record = Record(folder).read()["export"]
        return asked

    return call


def test_half_precision_is_compared_on_the_whole_split_and_full_on_a_few_images(seen, monkeypatch):
    whole = []

    def compare_on_split(_context, _prepared, made, calibrated_on):
        whole.append((made.format, calibrated_on))
        found = {"works": False, "verdict": "DEGRADED", "sentence": "Worse.", "broken_images": ["a.png"]}
        check = Check("exported model works", False, "Worse.")
        return SimpleNamespace(check=lambda how: check, to_json=lambda: found)

    monkeypatch.setattr(exported, "compare_on_split", compare_on_split)
    half = seen(config_with("export", quantize=16))
    assert (whole, half.measured, half.check.passed) == ([("onnx", None)], [], False)
    assert half.record["precision"] == "FP16"
    assert broken_export({"export": half.record}) == "best.onnx: Worse."
    asked = seen(config_with("export", quantize=16, compare="parity"))
    assert (len(whole), asked.measured) == (1, [IMAGES, IMAGES])
    assert seen(config_with("export", compare="split")).check.passed is False
    assert len(whole) == 2


@pytest.mark.parametrize(("precision", "passed"), [(None, False), ("bf16", True)])
def test_a_runtime_that_computes_in_bf16_need_not_give_the_same_outputs(seen, monkeypatch, precision, passed):
    found = ExportCheck(8, 0.2, 0.003, "openvino", precision=precision)
    monkeypatch.setattr(exported, "exported_outputs_differ", lambda *_args, **_keywords: found)
    asked = seen(config_with("export", quantize=None))
    assert asked.check.passed is asked.record["works"] is passed, asked.check.evidence


def test_int8_is_calibrated_on_training_images_that_are_not_measured(seen):
    asked = seen(config_with("export", quantize=8, compare="parity", calibration_images=4))
    listed = Path(asked.record["calibration"]["list"]).read_text().splitlines()
    assert asked.record["calibration"]["images"] == len(listed) == 4
    assert {Path(line).parts[-3] for line in listed} == {"train"}
    assert asked.options["split"] == "train"
    assert asked.calibrated == listed


@pytest.mark.parametrize("simplify", [True, False])
def test_export_simplify_reaches_the_export(seen, simplify):
    assert seen(config_with("export", simplify=simplify)).options["simplify"] is simplify


@pytest.mark.parametrize(
    ("setting", "value", "reached"),
    [("dynamic", True, True), ("opset", 17, 17), ("optimize", True, True), ("workspace", 2, 2.0), ("nms", True, True)],
)
def test_so_do_the_other_options(seen, setting, value, reached):
    assert seen(config_with("export", **{setting: value})).options[setting] == reached


@pytest.mark.parametrize(("map_images", "measured"), [(128, IMAGES), (None, IMAGES), (4, 4), (0, None)])
def test_verification_map_images_are_measured_twice(seen, map_images, measured):
    asked = seen(config_with("verification", map_images=map_images))
    assert asked.measured == ([] if measured is None else [measured, measured])
    assert asked.check.passed is True
    assert ("mAP50-95" in asked.check.evidence) is (measured is not None)


def test_verification_images_are_those_whose_outputs_are_compared(seen):
    assert seen(config_with("verification", images=2)).tried == 2
    assert seen(config_with("verification", images=50)).tried == IMAGES

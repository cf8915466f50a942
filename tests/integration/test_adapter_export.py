"""Exports give what their checkpoint gives, or we say so."""

from __future__ import annotations

import shutil
import sys

import pytest

from yololab.errors import InputError, JobError
from yololab.ultralytics_adapter.export import exporting as export_module
from yololab.ultralytics_adapter.export.exporting import export_model
from yololab.ultralytics_adapter.export.parity import exported_outputs_differ
from yololab.ultralytics_adapter.models.exports import find_export
from yololab.ultralytics_adapter.training.training import train
from yololab.ultralytics_adapter.validation.evaluation import Protocol, evaluate

pytestmark = pytest.mark.usefixtures("prepared", "logged")


@pytest.fixture(scope="module")
def weights(micro_run, tmp_path_factory):
    """A copy of the trained checkpoint in a folder of its own: exports land beside it."""
    path = tmp_path_factory.mktemp("it's an export") / "best.pt"
    shutil.copy(micro_run.best, path)
    return path


@pytest.fixture(scope="module")
def onnx(weights, _session_prepared):
    return export_model(weights, "onnx", {}, threads=1)


def test_onnx_has_the_outputs_of_its_checkpoint(onnx, weights, tiny_dataset):
    assert onnx.path == weights.with_suffix(".onnx")
    assert onnx.size_bytes == onnx.path.stat().st_size > 100_000
    check = exported_outputs_differ(weights, onnx.path, tiny_dataset.images("val"), 64, threads=1)
    assert check.images == 4
    assert 0 <= check.max_relative_difference < 1e-4
    assert check.max_abs_difference < 1e-2
    assert check.runtime.startswith("onnxruntime ")


@pytest.mark.parametrize("simplify", [True, False])
def test_the_graph_is_simplified_unless_that_is_switched_off(weights, tmp_path, prepared, monkeypatch, simplify):
    import onnxslim

    calls, slim = [], onnxslim.slim
    monkeypatch.setattr(onnxslim, "slim", lambda *args, **keywords: calls.append(1) or slim(*args, **keywords))
    path = tmp_path / "best.pt"
    shutil.copy(weights, path)
    assert export_model(path, "onnx", {"simplify": simplify}, threads=1).path.is_file()
    assert len(calls) == simplify


def test_another_model_is_told_apart(onnx, tiny_dataset, make_request):
    request = make_request(lr0=0.1)
    train(request)
    other = request.save_dir / "weights" / "best.pt"
    check = exported_outputs_differ(other, onnx.path, tiny_dataset.images("val")[:1], 64, threads=1)
    assert check.max_relative_difference > 0.01


def test_a_checkpoint_of_a_real_architecture_with_its_nms_free_head(tiny_checkpoint, tmp_path, prepared, tiny_dataset):
    path = tmp_path / "best.pt"
    shutil.copy(tiny_checkpoint, path)
    made = export_model(path, "onnx", {"imgsz": 64, "nms": False}, threads=1)
    check = exported_outputs_differ(path, made.path, tiny_dataset.images("val")[:2], 64, threads=1)
    assert check.max_relative_difference is None or check.max_relative_difference < 1e-3
    assert (check.max_relative_difference is None) == (check.reason is not None)


def test_an_export_with_nms_inside_has_no_raw_outputs(weights, tmp_path, prepared, tiny_dataset):
    path = tmp_path / "best.pt"
    shutil.copy(weights, path)
    made = export_model(path, "onnx", {"nms": True}, threads=1)
    check = exported_outputs_differ(path, made.path, tiny_dataset.images("val")[:1], 64, threads=1)
    assert check.max_relative_difference is None
    assert "NMS" in check.reason


def test_an_export_is_evaluated_under_the_protocol_that_it_allows(onnx, weights, tiny_dataset, prepared):
    keywords = {"device": "cpu", "threads": 1}
    square = Protocol(imgsz=64, batch=1, rect=False)
    checkpoint = evaluate(weights, tiny_dataset.yaml, tiny_dataset.root, square, **keywords)
    export = evaluate(onnx.path, tiny_dataset.yaml, tiny_dataset.root, square, **keywords)
    assert export.metrics["mAP50-95"] == pytest.approx(checkpoint.metrics["mAP50-95"], abs=1e-3)
    assert export.changes == {}
    changed = evaluate(onnx.path, tiny_dataset.yaml, tiny_dataset.root, Protocol(imgsz=96, batch=2), **keywords)
    assert (changed.protocol.imgsz, changed.protocol.batch, changed.protocol.rect) == (64, 1, False)
    assert set(changed.changes) == {"imgsz", "batch", "rect"}


def test_an_export_is_found_where_models_are_only_measured(onnx, tmp_path, prepared):
    found = find_export(onnx.path.name, (onnx.path.parent,))
    assert (found.model, found.task, dict(found.names)) == (str(onnx.path), "detect", {0: "green", 1: "red"})
    assert find_export("best.pt", (onnx.path.parent,)) is None
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(InputError, match="neither a checkpoint nor a model that Ultralytics exported"):
        find_export("notes.txt", (tmp_path,))


class TestBadInput:
    def test_an_unknown_format_is_not_guessed(self, weights, prepared):
        with pytest.raises(InputError, match="did you mean onnx"):
            export_model(weights, "onxx", {}, 1)

    def test_an_option_that_the_format_does_not_have(self, weights, prepared):
        with pytest.raises(InputError, match="'opset' is not supported"):
            export_model(weights, "torchscript", {"opset": 12}, 1)

    def test_missing_packages_are_named_and_not_installed(self, weights, prepared, monkeypatch):
        monkeypatch.setattr(export_module, "find_spec", lambda name: None if name == "onnxslim" else object())
        with pytest.raises(InputError, match=r"onnxslim.*\n.*pip install"):
            export_model(weights, "onnx", {}, 1)

    def test_a_package_that_only_the_export_misses_is_named_too(self, weights, prepared, monkeypatch):
        monkeypatch.setitem(export_module._NEEDS, "openvino", ((), ""))
        monkeypatch.setitem(sys.modules, "openvino", None)
        with pytest.raises(InputError, match="pip install openvino"):
            export_model(weights, "openvino", {}, 1)

    def test_files(self, weights, onnx, tiny_dataset, tmp_path):
        with pytest.raises(InputError, match="no such file"):
            exported_outputs_differ(weights, tmp_path / "gone.onnx", tiny_dataset.images("val"), 64, 1)
        broken = tmp_path / "broken.onnx"
        broken.write_bytes(b"not onnx")
        with pytest.raises(JobError, match=r"broken\.onnx"):
            exported_outputs_differ(weights, broken, tiny_dataset.images("val"), 64, 1)
        with pytest.raises(InputError, match="no images"):
            exported_outputs_differ(weights, onnx.path, [], 64, 1)
        text = tmp_path / "image.jpg"
        text.write_text("not an image")
        with pytest.raises(InputError, match=r"image\.jpg"):
            exported_outputs_differ(weights, onnx.path, [text], 64, 1)

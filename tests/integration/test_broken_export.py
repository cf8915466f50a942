"""An export that has lost what its checkpoint knows is found, shown, and not promoted: a real one, with real files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from whole_run import context_of, write_whole_run

from yololab.cli.main import main
from yololab.config.defaults import default_tree
from yololab.config.frozen import Frozen
from yololab.config.validation import validate
from yololab.errors import InputError
from yololab.files.json_files import read_json
from yololab.files.record import Record
from yololab.job.export import exported as module
from yololab.job.export.exported import exported
from yololab.job.prepare import prepare_job
from yololab.job.standalone.promote import promote_model
from yololab.report.page import write_report
from yololab.results import Experiment
from yololab.terminal.screen import Screen

pytestmark = pytest.mark.usefixtures("prepared", "logged")


@pytest.fixture
def run_of(micro_run, tiny_dataset, tmp_path, monkeypatch):
    """A run with the trained micro model; returns its folder and the checklist's item on its export."""
    from ultralytics.engine import exporter

    monkeypatch.setattr(exporter, "file_size", lambda path: 1.0)  # its INT8 is smaller than Ultralytics thinks possible

    def run(**export):
        tree = default_tree()
        tree["model"]["weights"], tree["data"]["source"] = str(micro_run.best), str(tiny_dataset.yaml)
        tree["device"] |= {"id": "cpu", "threads": 1}
        tree["export"] |= export
        config = validate(tree | {"imgsz": 64})
        folder = write_whole_run(tmp_path / "outputs" / "training" / "run")
        shutil.copy(micro_run.best, folder.best)
        context = replace(context_of(folder), frozen=Frozen(config, tree, {}, ()))
        item = exported(context, prepare_job(config, tmp_path, None))
        Record(folder).update(
            dataset={"name": "squares"}, verification={"passed": bool(item.passed), "checks": [vars(item)]}
        )
        return folder, item, config

    return run


def test_int8_of_a_small_model_is_calibrated_on_training_images_and_compared(run_of, tiny_dataset):
    folder, item, _ = run_of(quantize=8, calibration_images=6)
    found = Experiment(folder, Record(folder).read()).export
    assert item.passed is found.works is not False, item.evidence  # four images settle no small loss
    assert (found.precision, found.verdict is not None) == ("INT8", True)
    assert found.metrics.value("mAP50-95") > 0.5 * found.checkpoint.value("mAP50-95") > 0.2
    assert len(found.calibration) == 6
    assert not {*found.calibration} & {*tiny_dataset.images("val")}
    assert found.metrics.content["protocol"]["rect"] is found.checkpoint.content["protocol"]["rect"] is False


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, 8])
def test_openvino_is_as_good_as_its_checkpoint_and_predicts(run_of, monkeypatch, tmp_path, quantize):
    """Where the processor has bf16 its runtime computes in that, which moves raw outputs and breaks nothing."""
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    folder, item, config = run_of(format="openvino", quantize=quantize, compare="split", calibration_images=6)
    record = Record(folder).read()
    found = Experiment(folder, record).export
    assert item.passed is found.works is not False, item.evidence
    assert found.metrics.value("mAP50-95") > 0.5 * found.checkpoint.value("mAP50-95") > 0.2
    assert len(found.calibration or ()) == (6 if quantize else 0)
    promote_model(folder.path, config, tmp_path, Screen(quiet=True))
    (kept,) = (tmp_path / "outputs/baselines").rglob("*_openvino_model")
    monkeypatch.chdir(tmp_path)
    image = kept.parents[0] / "image.png"
    cv2.imwrite(str(image), np.zeros((64, 64, 3), np.uint8))
    assert main(["predict", str(image), f"model={kept}", "device=cpu", "device.threads=1"]) == 0


def _zeroed(path: Path) -> None:
    """Lose the weights of the head, as a wrong scale of a quantisation does."""
    import onnx

    model = onnx.load(path)
    for weights in model.graph.initializer[-12:]:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype.kind == "f" and values.ndim == 4:
            weights.CopyFrom(onnx.numpy_helper.from_array(np.zeros_like(values), weights.name))
    onnx.save(model, path)


@pytest.mark.parametrize("compare", ["split", "parity"])
def test_a_broken_export_fails_the_checklist_and_is_not_promoted(run_of, monkeypatch, tmp_path, compare):
    export_model = module.export_model

    def broken(*args, **keywords):
        made = export_model(*args, **keywords)
        _zeroed(made.path)
        return made

    monkeypatch.setattr(module, "export_model", broken)
    folder, item, config = run_of(quantize=16 if compare == "split" else None, compare=compare)
    record = Record(folder).read()
    assert item.passed is record["export"]["works"] is False, item.evidence
    if compare == "split":
        assert record["export"]["broken_images"]
        assert read_json(folder.export_check / "comparison.json", (2,), dict)["metrics"][1]["current"] < 0.01
        assert (folder.export_check / "report.html").is_file()
        write_report(folder.path)
        assert "Export: broken" in folder.report.read_text()
    with pytest.raises(InputError, match=r"export is broken[\s\S]*export.accept_broken=true"):
        promote_model(folder.path, config, tmp_path, Screen(quiet=True))
    assert not (tmp_path / "outputs/baselines").exists()
    config.export.accept_broken = True
    promote_model(folder.path, config, tmp_path, Screen(quiet=True))
    assert (tmp_path / "outputs/baselines").is_dir()

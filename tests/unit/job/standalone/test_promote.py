"""Promoting without a run: the baseline, its history, and what cannot become one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.standalone.promote import promote_model
from yololab.terminal.screen import Screen

FIXTURE = Path(__file__).parents[3] / "data/v0_1_0"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = shutil.copytree(FIXTURE, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def promote(project: Path, path: Path, *overrides: str):
    return promote_model(path, compose_experiment(overrides).experiment, project, Screen(quiet=True))


def test_earlier_baselines_stay(project):
    runs = [next((project / "outputs/training").glob(f"{name}_2*")) for name in ("detect", "detect-longer")]
    (first, first_version), (second, second_version) = (promote(project, run, "notes=good") for run in runs)
    assert first.path == second.path
    assert first_version != second_version
    assert {first_version.name, second_version.name} <= {path.name for path in second.history.iterdir()}
    then = json.loads((runs[1] / "evaluation/metrics.json").read_text())
    assert second.metrics().value("mAP50-95") == then["mAP50-95"]


def test_an_export_that_is_gone_is_told(project, capsys):
    run = next((project / "outputs/training").glob("detect_2*"))
    Record(RunFolder(run)).update(export={"path": "/elsewhere/best.onnx", "format": "onnx", "works": True})
    config = compose_experiment([]).experiment
    promote_model(run, config, project, Screen())
    assert "best.onnx is not there any more" in capsys.readouterr().out
    (run / "weights/best.onnx").touch()
    promote_model(run, config, project, Screen())
    assert "not there any more" not in capsys.readouterr().out


def test_numbers_of_no_dataset_are_no_baseline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "now.json"
    file.write_text(json.dumps({"mAP50": 0.6, "mAP50-95": 0.4, "precision": 0.7, "recall": 0.5}))
    with pytest.raises(InputError, match="does not say which dataset"):
        promote(tmp_path, file)
    assert not (tmp_path / "outputs").exists()

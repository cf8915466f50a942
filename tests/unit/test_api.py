"""yololab from Python: what needs no training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import yololab
from yololab import api
from yololab.errors import InputError
from yololab.files.record_content import Status
from yololab.statistics.inference.verdict import Verdict

FIXTURE = Path(__file__).parents[1] / "data/v0_1_0"


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("now", 0.40), ("then", 0.45)):
        content = {"mAP50": 0.6, "mAP50-95": value, "precision": 0.7, "recall": 0.5}
        Path(f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def test_a_comparison_is_a_dictionary_with_its_typed_self(files):
    result = yololab.compare("now.json", files / "then.json")
    assert result["verdict"] == "DEGRADED"
    assert result.verdict is Verdict.DEGRADED is result.comparison.verdict
    assert result.passes is False
    assert json.loads(result.path.read_text())["verdict"] == json.loads(json.dumps(result))["verdict"]


@pytest.mark.heavy
def test_settings_are_keywords_and_mappings(files):
    assert yololab.compare("now.json", "then.json", **{"baseline.tolerance": 0.1})["verdict"] != "DEGRADED"
    assert yololab.compare("now.json", "then.json", **{"baseline.gate": "none"}).passes is True
    with pytest.raises(InputError, match=r"evaluation\.imgsz"):
        yololab.compare("now.json", "then.json", evaluation={"imgs": 64})
    with pytest.raises(InputError, match="tolerance"):
        yololab.compare("now.json", "then.json", **{"baseline.tolerence": 0.1})


def test_a_run_is_read_from_its_folder():
    (folder,) = (FIXTURE / "outputs/training").glob("detect_2*")
    run = yololab.load_experiment(folder)
    assert run.status is Status.COMPLETE
    assert run.exit_code is None
    assert run.metrics.value("mAP50-95") == run.record["evaluation"]["mAP50-95"]
    assert run.comparison["verdict"] == run.record["comparison"]["verdict"]
    assert run.weights == folder / "weights/best.pt"


def test_what_is_no_run_is_refused(files):
    with pytest.raises(InputError, match="no such file"):
        yololab.load_experiment("nowhere")


def test_mistakes_are_found_before_anything_is_spent(files):
    with pytest.raises(InputError, match="lr0"):
        yololab.run_experiment("lrO=0.1")
    with pytest.raises(InputError, match="one job"):
        yololab.run_experiment("-m", "lr0=0.1,0.2")
    with pytest.raises(InputError, match=r"evaluation\.conf=0\.3"):
        yololab.evaluate("best.pt", "coco8.yaml", conf=0.3)
    assert not (files / "outputs").exists()


def test_a_resumed_run_keeps_its_settings(tmp_path, monkeypatch):
    project = shutil.copytree(FIXTURE, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(project)
    (folder,) = (project / "outputs/training").glob("detect_2*")
    with pytest.raises(InputError, match=r"allowed: approval\.…"):
        yololab.resume(folder, epochs=50)
    assert yololab.resume(folder, quiet=True).exit_code == 0


def test_what_the_functions_return_has_its_names_here():
    assert {getattr(api, name).__name__ for name in api.RESULTS} == {*api.RESULTS}

"""Comparing without a run: what is written, and which models may be named how."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.compare import compare_models
from yololab.terminal.screen import Screen
from yololab.terminal.tables import comparison_table

FIXTURE = Path(__file__).parents[3] / "data/v0_1_0"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = shutil.copytree(FIXTURE, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def compare(project: Path, *references: str, overrides: tuple[str, ...] = ()):
    return compare_models(references, compose_experiment(overrides).experiment, project, Screen(quiet=True))


@pytest.mark.heavy
def test_a_run_by_its_name_its_folder_and_its_metrics(project):
    (folder,) = (project / "outputs/training").glob("detect_2*")
    results = [
        compare(project, name, str(folder)) for name in (folder.name, str(folder), f"{folder}/evaluation/metrics.json")
    ]
    for result in results:
        assert result.verdict == "EQUIVALENT"
        assert json.loads(result.path.read_text())["verdict"] == "EQUIVALENT"
        assert result.path.with_suffix(".md").read_text().count("EQUIVALENT") >= 1
    assert len({result.path for result in results}) == 3
    assert all(result.path.parent.parent == project / "outputs/comparisons" for result in results)


@pytest.mark.heavy
def test_the_gate_is_that_of_the_settings(project):
    (better,) = (project / "outputs/training").glob("detect-longer_2*")
    (worse,) = (project / "outputs/training").glob("detect_2*")
    found = compare(project, worse.name, better.name, overrides=("baseline.gate=not_improved",))
    assert found["gate"] == {"policy": "not_improved", "passed": False}
    assert found.passes is False
    assert compare(project, worse.name, better.name, overrides=("baseline.gate=none",)).passes is True


def test_results_go_where_paths_root_says(project, tmp_path):
    (folder,) = (project / "outputs/training").glob("detect_2*")
    found = compare(project, str(folder), str(folder), overrides=(f"paths.root={tmp_path}/elsewhere",))
    assert found.path.is_relative_to(tmp_path / "elsewhere/outputs/comparisons")


def test_what_is_missing_leaves_nothing(project):
    shutil.rmtree(project / "outputs/baselines")
    before = sorted(project.glob("outputs/comparisons/*"))
    (folder,) = (project / "outputs/training").glob("detect_2*")
    for references in ((folder.name,), ("nowhere", folder.name)):
        with pytest.raises(InputError):
            compare(project, *references)
    assert sorted(project.glob("outputs/comparisons/*")) == before


@pytest.mark.heavy
def test_several_arms_are_written_and_shown(project, capsys):
    names = [next((project / "outputs/training").glob(f"{name}_2*")).name for name in ("detect-longer", "detect")]
    (baseline,) = (project / "outputs/baselines").glob("*/detect")
    experiment = compose_experiment(("baseline.gate=none",)).experiment
    screen = Screen()
    result = compare_models([*names, str(baseline)], experiment, project, screen)
    comparison_table(screen, result.comparison)
    shown = capsys.readouterr().out
    assert [arm["name"].split("/")[-1] for arm in result["arms"]] == names
    assert all(name in shown for name in names)
    text = result.path.with_suffix(".md").read_text()
    page = (result.path.parent / "report.html").read_text()
    assert all(name in text and name in page for name in names)

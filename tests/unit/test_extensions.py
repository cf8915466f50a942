"""Extension points: a package outside the tree adds to yololab, and one that is broken costs nothing but itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import extension_package
import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.comparison.custom_metrics import measure_custom
from yololab.config.hydra.compose import compose_experiment
from yololab.config.schema import GuardsConfig
from yololab.config.search import SearchConfig
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.errors import InputError
from yololab.extensions import Point, extensions, installed
from yololab.files.metrics import read_metrics
from yololab.report.page import write_report
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import JobState, Resources
from yololab.sweep.planning.objectives import plan_objectives


@pytest.fixture(autouse=True)
def fresh():
    extensions.cache_clear()
    yield
    extensions.cache_clear()
    sys.modules.pop("example_extensions", None)


@pytest.fixture
def example(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(extension_package.install(tmp_path / "site")))


@pytest.fixture
def broken(tmp_path, monkeypatch) -> None:
    """Each extension raises when it is imported."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "broken_extensions.py").write_text("raise ValueError('not today')\n")
    points = {point.value: {"bad": "broken_extensions:anything"} for point in Point if point is not Point.CALLBACKS}
    points[Point.CALLBACKS.value] = {"bad.on_train_start": "broken_extensions:anything"}
    monkeypatch.syspath_prepend(str(extension_package.describe(tmp_path / "site", "broken", "0.1", points)))


def make_run(folder: Path) -> Path:
    folder.mkdir()
    (folder / "experiment_log.json").write_text(
        json.dumps({"schema_version": 1, "name": "x", "status": "complete", "timings": {"train <b>": 2.0}})
    )
    return folder


def make_data(folder: Path) -> Path:
    import cv2
    import numpy as np

    for split in ("train", "val"):
        (folder / split / "images").mkdir(parents=True)
        (folder / split / "labels").mkdir()
        for number in range(3):
            noise = np.random.default_rng(number + 10 * (split == "val")).integers(0, 255, (64, 64, 3), np.uint8)
            cv2.imwrite(str(folder / split / "images" / f"{split}{number}.png"), noise)
            (folder / split / "labels" / f"{split}{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    yaml = folder / "data.yaml"
    yaml.write_text("path: .\ntrain: train/images\nval: val/images\nnames: [thing]\n")
    return yaml


def test_without_packages_there_are_none():
    assert installed() == []


def test_names_are_listed_without_an_import(example):
    assert "yololab.checks:few_images" in installed()
    assert "example_extensions" not in sys.modules


def test_a_check_adds_findings_that_can_be_rated(example, tmp_path):
    dataset = load_dataset(make_data(tmp_path / "data"), datasets_dir=tmp_path)
    found = [problem for problem in check_dataset(dataset, "detect").problems if problem.check == "few_images"]
    assert [problem.what for problem in found] == ["train: only 3 images", "val: only 3 images"]
    rated = compose_experiment(("+check.severity.few_images=off",)).experiment.check.severity
    assert rated["few_images"] == "off"


def test_a_section_stands_in_the_report_and_escapes_by_itself(example, tmp_path):
    page = write_report(make_run(tmp_path / "run")).read_text(encoding="utf-8")
    assert "<h2>Pace</h2>" in page
    assert "train &lt;b&gt;: 2.0 s" in page


@pytest.mark.process
def test_an_engine_runs_what_it_is_given(example, tmp_path):
    body = (sys.executable, "-c", "import sys, pathlib; pathlib.Path(sys.argv[1], 'done').touch()")
    engine = make_executor("in_turn", {}, Resources(), body)
    handle = engine.submit(tmp_path, {})
    engine.close()
    assert engine.poll([handle]) == {handle: JobState.GONE}
    assert (tmp_path / "done").is_file()


@pytest.mark.torch
def test_a_callback_is_among_those_of_the_training(example):
    from yololab.ultralytics_adapter.training.trainer import callbacks_with

    names = [callback.__name__ for callback in callbacks_with(None)["on_train_epoch_end"]]
    assert "note_time" in names


def test_a_broken_check_and_section_say_so_and_cost_nothing_else(broken, tmp_path):
    dataset = load_dataset(make_data(tmp_path / "data"), datasets_dir=tmp_path)
    report = check_dataset(dataset, "detect")
    (found,) = [problem for problem in report.problems if problem.check == "bad"]
    assert "not today" in found.what
    assert "broken 0.1" in found.what
    assert report.splits["train"].images == 3
    page = write_report(make_run(tmp_path / "run")).read_text(encoding="utf-8")
    assert "broken 0.1" in page
    assert "not today" in page


def test_a_broken_engine_is_an_error_that_names_its_package(broken):
    with pytest.raises(InputError, match=r"yololab\.engines 'bad' of broken 0\.1: cannot be imported .*not today"):
        make_executor("bad", {}, Resources(), ())


def test_a_metric_is_measured_and_compared_with_an_interval(example, tmp_path):
    sides = [write_evaluation(tmp_path / name, records_of(found)) for name, found in (("a", 0.9), ("b", 0.3))]
    measured, failures = measure_custom(records_of(0.9))
    assert failures == []
    assert 0 < measured["images_hit"] <= 1
    comparison = compare_metrics(*map(read_metrics, sides), 0.01)
    (found,) = comparison.analysis["custom_metrics"]
    assert found["current"] == measured["images_hit"]
    assert found["delta"] == pytest.approx(found["current"] - found["baseline"])
    assert found["ci_low"] <= found["delta"] <= found["ci_high"]
    assert any(note.startswith("Custom metric images_hit (higher is better)") for note in comparison.notes)


def test_a_metric_can_be_the_objective_of_a_search(example):
    search = SearchConfig(objective=["custom.images_hit"], direction=[None])
    (objective,) = plan_objectives(search, "detect", {0: "cat"})
    assert (objective.metric, objective.direction) == ("custom.images_hit", "maximize")


def test_a_guard_is_held_and_broken(example, tmp_path):
    slow = read_metrics(write_evaluation(tmp_path / "slow", records_of(0.9), speed_ms={"inference": 20.0}))
    fast = read_metrics(write_evaluation(tmp_path / "fast", records_of(0.9), speed_ms={"inference": 10.0}))
    for current, baseline, broken in ((slow, fast, True), (fast, slow, False)):
        (guard,) = compare_metrics(current, baseline, 0.01, GuardsConfig(custom={"no_slower": 1.1})).guards
        assert guard.broken is broken
    settings = compose_experiment(("baseline.guards.custom={no_slower:1.1}",)).experiment.baseline.guards
    assert settings.custom == {"no_slower": 1.1}


def test_a_guard_that_nobody_brings_is_refused(tmp_path):
    metrics = read_metrics(write_evaluation(tmp_path / "a", records_of(0.9)))
    with pytest.raises(InputError, match=r"baseline\.guards\.custom\.no_slower"):
        compare_metrics(metrics, None, 0.01, GuardsConfig(custom={"no_slower": 1.1}))


def test_a_broken_metric_and_guard_say_so(broken, tmp_path):
    sides = [read_metrics(write_evaluation(tmp_path / name, records_of(0.9))) for name in ("a", "b")]
    comparison = compare_metrics(*sides, 0.01, GuardsConfig(custom={"bad": 1.0}))
    (guard,) = comparison.guards
    assert guard.broken
    assert "not today" in guard.message
    assert any("not today" in note for note in comparison.notes)
    assert measure_custom(records_of(0.9))[0] == {"bad": None}


def test_an_unknown_engine_lists_those_of_packages(example):
    with pytest.raises(InputError, match="local, slurm, ray, in_turn"):
        make_executor("nowhere", {}, Resources(), ())

"""An evaluation counts when numbers and records can be read and are of this dataset."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from whole_run import context_of, write_whole_run

from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.stages import evaluate
from yololab.job.stages.evaluate import STAGE, Evaluated, done
from yololab.terminal.screen import Screen


@pytest.fixture
def run(tmp_path):
    return write_whole_run(tmp_path / "run")


def test_what_was_measured_is_found_again(run):
    found = done(context_of(run))
    assert isinstance(found, Evaluated)
    assert found.metrics.path == run.metrics


@pytest.mark.parametrize("damage", ["metrics", "predictions"])
def test_half_a_file_is_not_done(run, damage):
    path = getattr(run, damage)
    path.write_bytes(path.read_bytes()[:-20])
    assert done(context_of(run)) is None


def test_numbers_of_other_data_are_not_done(run):
    content = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps(content | {"dataset_fingerprint": "0" * 64}))
    assert done(context_of(run)) is None
    Record(run).update(dataset={"fingerprint": {"val": "0" * 64}})
    assert done(context_of(run)) is not None


def test_a_pruned_training_is_measured_too():
    assert STAGE.of_pruned

    assert STAGE.finds is Evaluated


@pytest.mark.parametrize(
    ("plots", "pruned", "drawn"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_pruned_training_has_no_pictures(plots, pruned, drawn, monkeypatch, tmp_path):
    given = {}
    silent = ("measurement_of", "weights_problem", "chosen", "threshold_lines", "record")
    for name in silent:
        value = SimpleNamespace(protocol=SimpleNamespace(split="val", imgsz=64)) if name == "measurement_of" else None
        monkeypatch.setattr(evaluate, name, lambda *_, value=value: value)
    monkeypatch.setattr(evaluate, "measure_checkpoint", lambda *_, **settings: given.update(settings))
    config = SimpleNamespace(evaluation=SimpleNamespace(plots=plots))
    context = SimpleNamespace(folder=RunFolder(tmp_path), config=config, screen=Screen(quiet=True))
    inputs = SimpleNamespace(rehearsal=None, data_yaml=tmp_path)
    trained = SimpleNamespace(result=SimpleNamespace(setup={}, comparable=True), pruned=pruned)
    prepared = SimpleNamespace(task=SimpleNamespace(name="detect"))
    evaluate.run(context, prepared, SimpleNamespace(inputs=inputs, fingerprints={}), trained)
    assert given["plots"] == (tmp_path if drawn else None)

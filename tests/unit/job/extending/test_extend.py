"""Training a finished run further: its learning rate, its config, and which runs are none."""

from __future__ import annotations

import pytest
import yaml

from yololab.config.defaults import default_tree
from yololab.config.frozen import refreeze, thaw, with_changes
from yololab.config.validation import validate
from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.job.extending.extend import ExtendOptions, extend_run, schedule_of
from yololab.terminal.screen import Screen

FIRST = {"training": {"optimizer": {"name": "SGD", "lr0": 0.01, "lrf": 0.01, "momentum": 0.9}, "epochs_completed": 30}}


@pytest.fixture
def run(tmp_path):
    """A complete run with both checkpoints."""
    run = RunFolder(tmp_path / "outputs/training/cells_20260101_000000")
    run.hydra.mkdir(parents=True)
    run.config.write_text(yaml.safe_dump(default_tree() | {"epochs": 30, "time": 2.0, "optimizer": "SGD"}))
    run.overrides.write_text(yaml.safe_dump(["experiment=demo", "epochs=30", "time=2.0", "model=yolo26n", "batch=4"]))
    choices = {"model": "yolo26n", "data": "shapes"}
    runtime = {"cwd": str(tmp_path), "choices": choices}
    run.hydra_settings.write_text(yaml.safe_dump({"hydra": {"run": {}, "runtime": runtime}}))
    record = Record(run)
    record.begin({"name": run.path.name, "provenance": {"working_directory": str(tmp_path)}})
    record.update(**FIRST)
    record.finish(Status.COMPLETE)
    run.weights.mkdir()
    run.last.write_bytes(b"weights")
    return run


def test_the_rate_comes_up_to_a_tenth_and_ends_where_the_first_training_ended():
    first = schedule_of(FIRST, 50, ExtendOptions())
    assert (first.lr0, first.lrf, first.warmup_epochs) == (0.001, 0.1, 1.0)
    assert first.lr0 * first.lrf == pytest.approx(0.01 * 0.01)
    assert schedule_of(FIRST, 5, ExtendOptions()).warmup_epochs == 0.5
    # An extension of an extension does the same again: a tenth of a tenth would soon be nothing.
    optimizer = {"lr0": first.lr0, "lrf": first.lrf}
    second = {"training": {"optimizer": optimizer}, "extends": {"schedule": {"base_lr0": 0.01, "base_lrf": 0.01}}}
    assert schedule_of(second, 50, ExtendOptions()) == first
    own = schedule_of(FIRST, 50, ExtendOptions(lr0=0.00005, warmup_epochs=0))
    assert (own.lr0, own.lrf, own.warmup_epochs) == (0.00005, 1.0, 0)


def test_the_config_is_that_of_the_run_but_for_what_an_extension_is(run, tmp_path):
    values = {"model.weights": str(run.last), "model.pretrained": True, "epochs": 5, "time": None, "lr0": 0.001}
    changed = with_changes(thaw(run.path), values, str(run.last))
    again = RunFolder(tmp_path / "again")
    again.hydra.mkdir(parents=True)
    refreeze(run, again, tmp_path / "there", changed)
    frozen = thaw(again.path)
    assert (frozen.experiment.train.epochs, frozen.experiment.train.time) == (5, None)
    assert frozen.experiment.model.weights == str(run.last)
    assert frozen.experiment.overridden >= {"epochs", "lr0", "batch"}
    assert [item.partition("=")[0] for item in frozen.overrides] == [
        *("experiment", "batch", "model", "epochs", "time", "lr0")
    ]
    assert frozen.choices["data"] == "shapes"
    assert frozen.choices["model"].startswith("free+")
    assert thaw(run.path).experiment.train.epochs == 30


def extended(run, *, overridden=(), **options):
    given = validate(default_tree(), overridden)
    return extend_run(run, ExtendOptions(**options), given, ("yololab",), run.path.parents[2], Screen(quiet=True))


def test_what_cannot_be_trained_further_is_refused(run):
    with pytest.raises(InputError, match="how many epochs more"):
        extended(run)
    with pytest.raises(InputError, match="weights=last"):
        extended(run, epochs=5, weights="best")
    with pytest.raises(InputError, match="settings of its run"):
        extended(run, epochs=5, overridden=("imgsz",))
    run.last.unlink()
    with pytest.raises(InputError, match="cleaned away"):
        extended(run, epochs=5)
    Record(run).finish(Status.INTERRUPTED)
    with pytest.raises(InputError, match="resume cells_20260101_000000 finishes it"):
        extended(run, epochs=5)


@pytest.mark.torch
def test_data_that_has_moved_is_told_with_what_else_can_be_done(run, monkeypatch):
    monkeypatch.chdir(run.path.parents[2])
    tree = yaml.safe_load(run.config.read_text())
    tree["data"]["source"] = "./gone/data.yaml"
    run.config.write_text(yaml.safe_dump(tree))
    with pytest.raises(InputError, match=r"yololab model=outputs/training/cells_\w+/weights/last\.pt data="):
        extended(run, epochs=5)

"""A training that goes on: from a stop, from a torn file, from the moment before its end."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_samples import NO_AUGMENTATION

from yololab.errors import InputError
from yololab.files.epochs import read_results
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.training.resume_point import Step, find_resume_point, read_state
from yololab.ultralytics_adapter.training.training import train
from yololab.ultralytics_adapter.training.training_file import read_training_file

EPOCHS = 4


@pytest.fixture(scope="module")
def stopped_request(make_request, tmp_path_factory):
    """A training that was asked to stop within its third epoch."""
    request = make_request(epochs=EPOCHS, **NO_AUGMENTATION)
    asked = []
    train(request, should_stop=lambda: asked.append(True) or len(asked) >= 7)
    return request


@pytest.fixture
def stopped(stopped_request, tmp_path):
    """A copy of it, that a test may change."""
    folder = tmp_path / "run"
    shutil.copytree(stopped_request.save_dir, folder)
    return replace(stopped_request, save_dir=folder)


@pytest.fixture
def go_on(logged):
    def run(request):
        return train(request, aside=request.save_dir / "attempts" / "1")

    return run


def epochs_in_file(request) -> list[int]:
    lines = (request.save_dir / "results.csv").read_text().splitlines()
    return [int(line.split(",")[0]) for line in lines[1:]]


def check_whole(request, result):
    assert epochs_in_file(request) == list(range(1, EPOCHS + 1))
    assert (result.status, result.stop_reason, result.epochs_completed) == ("complete", "finished", EPOCHS)
    for name in ("last.pt", "best.pt"):
        info = read_state(request.save_dir / "weights" / name)
        assert info.epoch == -1
        assert info.train_args["model"] == request.model.model, "what it started from stays on record"
        assert not info.train_args["resume"]
    assert not list((request.save_dir / "weights").glob(".*")), "no temporary file is left"


def test_a_stop_within_an_epoch_gives_the_epoch_up(stopped):
    result = read_training_file(stopped.save_dir / "training.json")
    assert (result.stop_reason, result.epochs_completed) == ("interrupted", 2)
    assert epochs_in_file(stopped) == [1, 2]
    assert read_state(stopped.save_dir / "weights/last.pt").epoch == 1


def test_it_goes_on_to_its_end(stopped, go_on):
    before = read_training_file(stopped.save_dir / "training.json")
    result = go_on(stopped)
    check_whole(stopped, result)
    assert result.seconds > before.seconds
    seconds = read_results(stopped.save_dir / "results.csv").seconds
    assert None not in seconds
    text = (stopped.save_dir / "results.csv").read_text().splitlines()
    times = [float(line.split(",")[1]) for line in text[1:]]
    assert times == sorted(times), "the clock goes on too"
    assert go_on(stopped) == result, "a finished one is left alone"


@pytest.mark.parametrize("row", ["3,9,1,1,1,1,1,1,1,1,1,1,1\n", "3,9,1", "2,9,1,1,1,1,1,1,1,1,1,1,1\n"])
def test_rows_of_an_epoch_that_is_trained_again_are_taken_out(stopped, go_on, row):
    with (stopped.save_dir / "results.csv").open("a") as file:
        file.write(row)
    check_whole(stopped, go_on(stopped))


def test_a_lost_table_comes_back_from_the_checkpoint(stopped, go_on):
    before = read_results(stopped.save_dir / "results.csv")
    (stopped.save_dir / "results.csv").unlink()
    check_whole(stopped, go_on(stopped))
    assert read_results(stopped.save_dir / "results.csv").train_losses()[:2] == before.train_losses()


def test_a_torn_checkpoint_is_kept_and_the_one_before_is_used(stopped, go_on):
    weights = stopped.save_dir / "weights"
    good = (weights / "last.pt").read_bytes()
    (weights / "best.pt").write_bytes(good)
    (weights / "last.pt").write_bytes(good[: len(good) // 2])
    check_whole(stopped, go_on(stopped))
    assert (stopped.save_dir / "attempts/1/weights/last.pt").stat().st_size == len(good) // 2


def test_without_any_checkpoint_it_begins_anew_and_loses_nothing(stopped, go_on):
    table = (stopped.save_dir / "results.csv").read_text()
    for name in ("last.pt", "best.pt"):
        (stopped.save_dir / "weights" / name).write_bytes(b"torn")
    check_whole(stopped, go_on(stopped))
    assert (stopped.save_dir / "attempts/1/results.csv").read_text() == table


def test_a_best_checkpoint_that_was_not_written_any_more_is_made_up_for(stopped, go_on):
    import torch

    weights = stopped.save_dir / "weights"
    last = torch.load(weights / "last.pt", weights_only=False)
    last["best_fitness"] = last["train_metrics"]["fitness"] = 9.0
    torch.save(last, weights / "last.pt")
    result = go_on(stopped)
    assert result.best_epoch == 2
    check_whole(stopped, result)


@pytest.mark.parametrize("stripped", [(), ("last.pt",), ("last.pt", "best.pt")])
def test_killed_while_the_checkpoints_are_stripped(make_request, go_on, monkeypatch, stripped):
    from yololab.ultralytics_adapter.training import atomic_checkpoints as saving
    from yololab.ultralytics_adapter.training import trainer

    def killed(last: Path, best: Path) -> None:
        for path in (last, best):
            if path.name in stripped:
                saving._strip(path, None)
        raise MemoryError("killed")

    request = make_request(epochs=EPOCHS, **NO_AUGMENTATION)
    monkeypatch.setattr(trainer, "strip_checkpoints", killed)
    with pytest.raises(Exception, match="killed"):
        train(request)
    monkeypatch.undo()
    assert find_resume_point(RunFolder(request.save_dir)).step is Step.FINISH
    check_whole(request, go_on(request))


def test_a_checkpoint_of_another_training_is_refused(stopped, go_on):
    other = replace(stopped, arguments={**stopped.arguments, "lr0": 0.5, "epochs": 9})
    with pytest.raises(InputError) as caught:
        go_on(other)
    assert [problem.where.rpartition(" ")[2] for problem in caught.value.problems] == ["lr0", "epochs"]
    assert epochs_in_file(stopped) == [1, 2]


def test_patience_counts_over_the_interruption(make_request, go_on, monkeypatch):
    from ultralytics.utils.metrics import DetMetrics

    falling = iter([0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    monkeypatch.setattr(DetMetrics, "fitness", property(lambda self: next(falling)))
    request, reports = make_request(epochs=9, patience=3, **NO_AUGMENTATION), []
    train(request, reports.append, lambda: len(reports) >= 2)
    assert epochs_in_file(request) == [1, 2]
    result = go_on(request)
    assert (result.stop_reason, result.epochs_completed, result.best_epoch) == ("early_stopping", 4, 1)


def test_the_rest_draws_other_augmentations_than_the_beginning(make_request, go_on, monkeypatch):
    from ultralytics.engine import trainer as engine

    seeds, reports = [], []
    plant = engine.init_seeds
    monkeypatch.setattr(engine, "init_seeds", lambda seed, **k: seeds.append(seed) or plant(seed, **k))
    request = make_request(epochs=EPOCHS)
    train(request, reports.append, lambda: len(reports) >= 2)
    go_on(request)
    assert len(set(seeds)) == 2, "each start has a seed of its own, and the same one when it is repeated"


def test_training_json_tells_both_attempts_as_one(stopped, go_on):
    file = stopped.save_dir / "training.json"
    noted = json.loads(file.read_text()) | {"warnings": ["seen before"], "nan_recoveries": 2, "unstable": True}
    file.write_text(json.dumps(noted))
    result = go_on(stopped)
    assert "seen before" in result.warnings
    assert result.nan_recoveries == 2
    assert result.unstable

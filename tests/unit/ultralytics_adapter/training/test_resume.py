"""Files of an attempt that a later one cannot use are moved, never deleted."""

from __future__ import annotations

import pytest

from yololab.files.paths import RunFolder

pytestmark = pytest.mark.torch


@pytest.fixture
def folder(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.weights.mkdir(parents=True)
    return run


def test_a_name_that_is_taken_gets_a_number(folder):
    from yololab.ultralytics_adapter.training.resume import set_aside

    place = folder.attempt(1)
    for content in ("first", "second", "third"):
        folder.last.write_text(content)
        set_aside([folder.last], folder, place)
    assert not folder.last.exists()
    found = {path.name: path.read_text() for path in (place / "weights").iterdir()}
    assert found == {"last.pt": "first", "last.pt.2": "second", "last.pt.3": "third"}


def test_all_that_a_training_wrote_is_moved_and_nothing_else(folder):
    from yololab.ultralytics_adapter.training.resume import set_training_aside

    for path in (folder.results, folder.args, folder.training, folder.best, folder.path / "labels.jpg"):
        path.write_text("of the training")
    folder.record.write_text("{}")
    (folder.weights / ".last.pt.x").write_text("half")
    set_training_aside(folder, folder.attempt(1))
    left = {path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*") if path.is_file()}
    moved = {"results.csv", "args.yaml", "training.json", "labels.jpg", "weights/best.pt"}
    assert left == {"experiment_log.json", *(f"attempts/1/{name}" for name in moved)}


@pytest.mark.parametrize(
    ("best", "is_best", "epoch", "content"),
    [
        (0, False, 1, "best"),  # an earlier one stays
        (2, True, 3, "best"),  # it was written before the kill
        (0, True, 3, "last"),  # it was not
        (-1, False, None, "best"),  # stripped: its epoch is not known
        (None, False, 3, "last"),
    ],
)
def test_the_best_checkpoint_is_that_of_the_epochs_done(folder, monkeypatch, best, is_best, epoch, content):
    from yololab.ultralytics_adapter.training import resume
    from yololab.ultralytics_adapter.training.resume_point import CheckpointState, ResumePoint, Step

    folder.last.write_text("last")
    if best is not None:
        folder.best.write_text("best")
    monkeypatch.setattr(resume, "read_state", lambda path: CheckpointState(path, best))
    point = ResumePoint(Step.RESUME, CheckpointState(folder.last, 2, epochs=5, is_best=is_best))
    start = resume.prepare_folder(folder, point, folder.attempt(1), "model.pt")
    assert (start.epoch, start.best_epoch, start.model) == (3, epoch, "model.pt")
    assert folder.best.read_text() == content


@pytest.mark.parametrize(
    ("done", "arguments", "reason"),
    [(10, {}, "finished"), (7, {}, "early_stopping"), (7, {"time": 0.5}, "time"), (10, {"time": None}, "finished")],
)
def test_why_a_training_of_ten_epochs_ended(done, arguments, reason):
    from yololab.ultralytics_adapter.training.resume import reason_of_end

    assert reason_of_end(done, 10, arguments) == reason


def test_a_resumed_trainer_is_given_places_and_nothing_that_its_checkpoint_knows(folder):
    from yololab.ultralytics_adapter.training.training import resume_overrides

    given = {"data": "a.yaml", "task": "detect", "device": "cpu", "lr0": 0.5, "model": "yolo26n.pt", "epochs": 3}
    last = str(folder.last)
    expected = {"data": "a.yaml", "task": "detect", "device": "cpu", "model": last, "resume": last}
    assert resume_overrides(given, folder) == expected

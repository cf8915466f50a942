"""What runs is shown with its epoch and its time left, and what happens to it is said once."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from project_samples import write_run
from sweep_samples import write_sweep

from yololab.files.paths import OutputTree
from yololab.host.processes import ProcessIdentity
from yololab.sweep.leaderboard.rows import read_board
from yololab.sweep.leaderboard.watch import EVERY_SECONDS, Watch, epoch_text, left_text, looks, reached_text

HEADER = "epoch,time,train/box_loss,metrics/mAP50-95(B)\n"


def running(root: Path, name: str, epochs: int = 0, loss: str = "1.5", age: float = 0.0) -> Path:
    """Write a run that is running in this process."""
    process = ProcessIdentity.current().to_json()
    folder = write_run(root, name, status="running", value=None, provenance={"process": process}).path
    lines = [f"{n},{10.0 * n},{loss if n == epochs else 1.0},{n / 100}\n" for n in range(1, epochs + 1)]
    if epochs:
        (folder / "results.csv").write_text(HEADER + "".join(lines))
    for path in folder.iterdir():
        os.utime(path, (time.time() - age,) * 2)
    return folder


def look(watch: Watch, root: Path) -> tuple[list, list[str]]:
    found, events = watch.look(read_board(OutputTree(root), None))
    return found, [f"{event.name}: {event.text}" for event in events]


def test_where_a_run_is(tmp_path):
    running(tmp_path, "a", epochs=5)
    running(tmp_path, "b")
    write_run(tmp_path, "c")
    (first, second), events = look(Watch(), tmp_path)
    assert (first.epoch, first.epochs, first.value, first.seconds_left) == (5, 20, 0.05, pytest.approx(150))
    texts = [epoch_text(first), reached_text(first), left_text(first)]
    assert texts == ["epoch 5/20", "  mAP50-95 0.0500", "  about 2 min 30 s left"]
    assert epoch_text(second) + reached_text(second) + left_text(second) == "before its first epoch"
    assert events == []


def test_what_happens_is_said_once(tmp_path):
    watch = Watch()
    running(tmp_path, "a", epochs=2)
    assert look(watch, tmp_path)[1] == []
    running(tmp_path, "a", epochs=3, loss="nan")
    running(tmp_path, "b")
    assert look(watch, tmp_path)[1] == ["a: the losses of epoch 3 are no finite numbers (NaN)", "b: has started"]
    assert look(watch, tmp_path)[1] == []
    running(tmp_path, "a", epochs=3, age=700)
    assert look(watch, tmp_path)[1] == ["a: stalls: nothing was written for 11 min 40 s"]
    running(tmp_path, "a", epochs=4)
    assert look(watch, tmp_path)[1] == ["a: goes on"]
    write_run(tmp_path, "a", value=0.25)
    write_run(tmp_path, "b", status="failed", value=None, error={"message": "out of memory\nmore"})
    assert look(watch, tmp_path)[1] == [
        "a: complete after 20 epochs, mAP50-95 0.2500",
        "b: failed after 20 epochs: out of memory more",
    ]
    assert look(watch, tmp_path) == ([], [])


def test_long_epochs_and_loading_are_no_stall(tmp_path):
    folder = running(tmp_path, "a", epochs=3)
    (folder / "results.csv").write_text(HEADER + "1,4000,1,0.1\n")
    for path in folder.iterdir():
        os.utime(path, (time.time() - 3000,) * 2)
    running(tmp_path, "b", age=3000)
    assert [progress.stalls for progress in look(Watch(), tmp_path)[0]] == [False, False]


def test_a_folder_that_goes_and_a_process_that_dies(tmp_path):
    watch = Watch()
    gone = running(tmp_path, "a")
    running(tmp_path, "b")
    look(watch, tmp_path)
    shutil.rmtree(gone)
    write_run(tmp_path, "b", status="running", value=None, provenance={"process": None})
    assert sorted(look(watch, tmp_path)[1]) == ["a: its folder is gone", "b: killed after 20 epochs"]


def test_a_sweep_ends_with_its_last_trial(tmp_path):
    watch = Watch()
    write_sweep(tmp_path / "multirun/s", budget=2)
    write_run(tmp_path, "multirun/s/0", value=0.75)
    running(tmp_path, "multirun/s/1")
    look(watch, tmp_path)
    write_run(tmp_path, "multirun/s/1", value=0.5)
    (tmp_path / "multirun/s/best").symlink_to("0")
    assert look(watch, tmp_path)[1] == [
        "multirun/s/1: complete after 20 epochs, mAP50-95 0.5000",
        "multirun/s: its 2 trials have ended, the best is multirun/s/0 with mAP50-95 0.7500",
    ]


def test_damaged_files_of_a_running_run_are_not_there(tmp_path):
    folder = running(tmp_path, "a", epochs=3)
    (folder / "results.csv").write_bytes(b"\xff\x00garbage")
    assert look(Watch(), tmp_path)[0][0].epoch == 0


def test_a_project_that_takes_long_to_read_is_read_seldom(tmp_path):
    clock, waits = iter((0.0, 1.0, 1.0, 1.001, 2.0, 2.0)), []
    seen = looks(lambda: read_board(OutputTree(tmp_path), None), waits.append, lambda: next(clock))
    for _ in range(3):
        next(seen)
    assert waits == [pytest.approx(20.0), EVERY_SECONDS]

"""What a run still lacks, and how its training goes on: decided from plain values, without any training."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files.epochs import trim_epochs
from yololab.files.locks import locked, maybe_running_elsewhere
from yololab.files.paths import RunFolder
from yololab.files.record import Record, Status
from yololab.host.processes import ProcessIdentity
from yololab.ultralytics_adapter.training.atomic_checkpoints import AtomicPath
from yololab.ultralytics_adapter.training.resume_point import CheckpointState, Step, choose, refuse_other_training
from yololab.ultralytics_adapter.training.training_file import TrainResult

LAST, BEST = Path("weights/last.pt"), Path("weights/best.pt")


def state(epoch: int, path: Path = LAST, **other) -> CheckpointState:
    return CheckpointState(path, **{"epoch": epoch, "epochs": 10, "best_epoch": epoch + 1, **other})


class TestTheStep:
    @pytest.mark.parametrize(
        ("states", "written", "step", "epoch"),
        [
            ([], None, Step.ANEW, None),
            ([], TrainResult("running"), Step.ANEW, None),
            ([state(0)], None, Step.GO_ON, 0),
            ([state(4), state(2, BEST)], TrainResult("running", 5), Step.GO_ON, 4),
            ([state(4)], TrainResult("failed", 5), Step.GO_ON, 4),
            ([state(4)], TrainResult("complete", 5, "interrupted"), Step.GO_ON, 4),
            ([state(4, has_optimizer=False)], None, Step.ANEW, None),
            ([state(2, BEST)], TrainResult("running", 5), Step.GO_ON, 2),
            ([state(3, Path("weights/epoch3.pt")), state(2, BEST)], None, Step.GO_ON, 3),
            ([state(9)], TrainResult("running", 10), Step.FINISH, 9),
            ([state(-1, has_optimizer=False), state(9, BEST)], TrainResult("running", 10), Step.FINISH, -1),
            ([state(-1), state(-1, BEST)], None, Step.FINISH, -1),
            ([state(-1), state(-1, BEST)], TrainResult("complete", 10, "finished"), Step.DONE, None),
            ([], TrainResult("complete", 10, "early_stopping"), Step.DONE, None),
            ([state(6, best_epoch=4, patience=3)], None, Step.FINISH, 6),
            ([state(5, best_epoch=4, patience=3)], None, Step.GO_ON, 5),
            ([state(6, best_epoch=4, patience=0)], None, Step.GO_ON, 6),
            ([state(6, best_epoch=0, patience=3, validated=False)], None, Step.GO_ON, 6),
        ],
    )
    def test_it_follows_from_the_files(self, states, written, step, epoch):
        found, point = choose(states, written)
        assert found is step
        assert (None if point is None else point.epoch) == epoch


class TestOtherSettings:
    def refused(self, trained: dict, requested: dict) -> list[str]:
        try:
            refuse_other_training(replace(state(1), train_args=trained), requested)
        except InputError as error:
            return [problem.where.rpartition(" ")[2] for problem in error.problems]
        return []

    def test_all_are_named(self):
        requested = {"lr0": 0.1, "epochs": 9, "seed": 0, "optimizer": "SGD"}
        assert self.refused({"lr0": 0.01, "epochs": 5, "seed": 0}, requested) == ["lr0", "epochs"]

    def test_what_ultralytics_changes_on_its_way_is_none(self):
        assert not self.refused({"batch": 8, "imgsz": 64, "workers": 0}, {"batch": 16, "imgsz": 50, "workers": 8})
        assert not self.refused({"lr0": 0.0016, "optimizer": "AdamW"}, {"lr0": 0.01, "optimizer": "auto"})
        assert self.refused({"lr0": 0.0016, "optimizer": "AdamW"}, {"lr0": 0.01, "optimizer": "AdamW"}) == ["lr0"]
        assert not self.refused({"epochs": 17}, {"epochs": 100, "time": 0.5})


class TestTheTable:
    HEADER = "epoch,time,train/loss"

    @pytest.mark.parametrize(
        ("lines", "kept"),
        [
            (["1,2.5,0.9", "2,5,0.8"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9", "2,5,0.8", "3,7.5,0.7"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9", "2,5,0.85", "2,6,0.8"], ["1,2.5,0.9", "2,6,0.8"]),
            (["1,2.5,0.9", "garbage", "2,5,0.8", "3,7"], ["1,2.5,0.9", "2,5,0.8"]),
            (["1,2.5,0.9"], ["1,2.5,0.9", "2,5,0.8"]),
        ],
    )
    def test_it_has_each_epoch_once(self, tmp_path, lines, kept):
        file = tmp_path / "results.csv"
        file.write_text("\n".join([self.HEADER, *lines]) + "\n")
        earlier = {"epoch": [1, 2], "time": [2.5, 5.0], "train/loss": [0.9, 0.8]}
        seconds = trim_epochs(file, 2, earlier)
        assert file.read_text().splitlines() == [self.HEADER, *kept]
        assert seconds == float(kept[-1].split(",")[1])

    def test_a_lost_one_is_made_from_the_checkpoint(self, tmp_path):
        file = tmp_path / "results.csv"
        assert trim_epochs(file, 1, {"epoch": [1, 2], "time": [2.5, 5.0], "train/loss": [0.9, 0.8]}) == 2.5
        assert file.read_text() == f"{self.HEADER}\n1,2.5,0.9\n"

    def test_a_row_without_its_end_is_taken_out(self, tmp_path):
        file = tmp_path / "results.csv"
        file.write_text(f"{self.HEADER}\n1,2.5,0.9\n2,5,0.8")
        trim_epochs(file, 2, {})
        assert file.read_text() == f"{self.HEADER}\n1,2.5,0.9\n"

    def test_nothing_makes_nothing(self, tmp_path):
        assert trim_epochs(tmp_path / "results.csv", 0, {}) == 0.0
        assert not (tmp_path / "results.csv").exists()


class TestTheLock:
    def holder(self, folder: RunFolder) -> subprocess.Popen[str]:
        code = (
            "import sys, time; from pathlib import Path; from yololab.files.paths import RunFolder\n"
            "from yololab.files.locks import locked\n"
            "with locked(RunFolder(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", code, str(folder.path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    def test_a_second_process_is_refused_at_once_and_let_in_after_a_kill(self, tmp_path):
        folder = RunFolder(tmp_path)
        process = self.holder(folder)
        try:
            identity = ProcessIdentity.of(process.pid)
            started = time.monotonic()
            with pytest.raises(InputError, match=f"still running .process {process.pid}"), locked(folder, identity):
                pass
            assert time.monotonic() - started < 5
        finally:
            process.kill()
            process.wait(30)
        with locked(folder, identity):
            pass

    def test_a_process_of_another_machine_may_still_run(self):
        def content(status: str, host: str, started: str) -> dict:
            return {"status": status, "provenance": {"process": {"host": host, "pid": 1, "started": started}}}

        here = ProcessIdentity.current()
        assert maybe_running_elsewhere(content("running", "elsewhere", "boot:1"))
        assert not maybe_running_elsewhere(content("interrupted", "elsewhere", "boot:1"))
        assert not maybe_running_elsewhere(content("running", here.host, "boot:1")), "the machine was booted since"
        if here.started:
            boot = here.started.partition(":")[0]
            assert not maybe_running_elsewhere(content("running", "another container", f"{boot}:1"))
        assert not maybe_running_elsewhere({"status": "running"})


def test_attempts_are_told_one_by_one(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({"name": "x"})
    record.add_timing("train", 5)
    record.resume(train_seconds=8)
    record.describe_attempt(from_epoch=3)
    record.add_timing("train", 4)
    record.finish(Status.INTERRUPTED)
    record.resume(train_seconds=0)
    record.finish(Status.COMPLETE)
    content = record.read()
    found = [(item["status"], item["reason"], item["from_epoch"], item["pid"]) for item in content["attempts"]]
    here = os.getpid()
    assert found == [
        ("killed", "start", 0, here),
        ("interrupted", "after killed", 3, here),
        ("complete", "after interrupted", 0, here),
    ]
    assert content["attempts"][0]["ended"] is None
    assert content["timings"]["train"] == 12, "what a killed attempt could not record any more counts too"
    assert content["status"] == "complete"


def test_an_atomic_path_replaces_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = AtomicPath(tmp_path) / "last.pt"
    path.write_bytes(b"old")
    assert path.write_bytes(b"newer") == 5
    assert path.read_bytes() == b"newer"
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        path.write_bytes(b"half")
    assert path.read_bytes() == b"newer"
    assert [item.name for item in tmp_path.iterdir()] == ["last.pt"]
    assert path.stat().st_mode & 0o044

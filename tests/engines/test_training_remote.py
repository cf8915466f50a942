"""Sweeps of real trainings on a real Slurm and a real Ray, with something going wrong in the middle of each."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import finish, start
from sweeps import assert_only_the_winner_was_finished, sweep_of
from tiny import make_dataset

from yololab.sweep.state import SweepFolder, TrialStatus

SETTINGS = (
    *("data=pictures/data.yaml", "model=yolo26n.yaml", "imgsz=32", "batch=2", "device=cpu", "workers=0"),
    *("approval=auto", "plots=false", "val=false", "patience=0", "evaluation.plots=false"),
    *("lr0=0.001,0.01", "hydra.launcher.cpus=1", "hydra.launcher.late_records_seconds=0"),
)
PATIENCE_SECONDS = 200


@pytest.fixture
def project(tmp_path) -> Path:
    make_dataset(tmp_path / "pictures", images=4, splits=("train", "val", "test"))
    return tmp_path


def epochs_of(sweep: SweepFolder, number: int) -> int:
    results = sweep.trial(number).results
    return len(results.read_text().splitlines()) - 1 if results.is_file() else 0


def record_of(sweep: SweepFolder, number: int) -> dict:
    return json.loads(sweep.trial(number).record.read_text())


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def both_train(project: Path) -> bool:
    sweeps = list((project / "multirun").glob("*_*"))
    return bool(sweeps) and all(epochs_of(SweepFolder(sweeps[0]), number) >= 2 for number in (0, 1))


@pytest.mark.slurm
def test_on_slurm_a_killed_parent_a_cancelled_job_and_one_queued_again(slurm, project):
    words = ("hydra/launcher=slurm", "hydra.launcher.poll_seconds=0.5", "hydra.launcher.memory_gb=2")
    parent = start(project, "-m", *SETTINGS, *words, "epochs=25", "search.retries=0")
    wait_until(lambda: both_train(project), parent)
    sweep = sweep_of(project)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    before = sweep.trials()
    assert [entry.status for entry in before] == [TrialStatus.RUNNING] * 2
    # What Slurm itself sends when the time limit is near: the training saves its state and is queued again.
    slurm.run("scancel", "--signal=USR2", str(before[1].handle))
    successor = start(project, "resume", str(sweep.path))
    wait_until(lambda: record_of(sweep, 1)["status"] == "interrupted", successor)
    reached = epochs_of(sweep, 1)
    slurm.run("scancel", str(before[0].handle))
    output = finish(successor)
    assert "2 still run" in output
    cancelled, requeued = sweep.trials()
    assert cancelled.status is TrialStatus.FAILED
    assert "cancelled in Slurm" in cancelled.error["message"]
    assert (sweep.trial(0).last).is_file()
    # One job from its submission to its end, in two attempts of the body; no epoch was trained twice.
    assert (requeued.status, requeued.attempts) == (TrialStatus.COMPLETE, 1)
    record = record_of(sweep, 1)
    assert [attempt["from_epoch"] for attempt in record["attempts"]] == [0, reached]
    assert record["results"]["final_epoch"] == epochs_of(sweep, 1) == 25
    assert record["training"]["setup"]["threads"] == 1
    assert_only_the_winner_was_finished(sweep)
    slurm.clear()


@pytest.mark.ray
def test_on_ray_a_killed_node_lets_its_trial_go_on_elsewhere(ray_nodes, project):
    words = ("hydra/launcher=ray", f"hydra.launcher.address={ray_nodes.address}", "search.retries=1")
    parent = start(project, "-m", *SETTINGS, *words, "hydra.launcher.cpus=2", "epochs=12")
    wait_until(lambda: both_train(project), parent)
    sweep = sweep_of(project)
    ray_nodes.kill_second_node()
    try:
        finish(parent)
    finally:
        ray_nodes.add_second_node()
    entries = sweep.trials()
    assert [entry.status for entry in entries] == [TrialStatus.COMPLETE] * 2
    assert sorted(entry.attempts for entry in entries) == [1, 2]
    lost = next(entry.number for entry in entries if entry.attempts == 2)
    record = record_of(sweep, lost)
    assert record["attempts"][0]["status"] in ("killed", "failed")
    # Two rows were written; the second epoch's checkpoint is written after its row.
    assert record["attempts"][1]["from_epoch"] >= 1
    assert record["results"]["final_epoch"] == epochs_of(sweep, lost) == 12
    assert_only_the_winner_was_finished(sweep)

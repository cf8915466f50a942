"""Processes that feed trackers: what becomes of the job when something is wrong with them."""

from __future__ import annotations

import sys
import time

import pytest
from whole_run import write_whole_run

from yololab.files.paths import TrackingFolder, TrackingStore
from yololab.tracking import launch
from yololab.tracking.feeding import FedState, read_state, write_state
from yololab.tracking.launch import Trackers, tracked_by


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Start a script in place of the process, and return the trackers and what was told."""
    (tmp_path / "run").mkdir()
    run = write_whole_run(tmp_path / "run")

    def start(script, *names):
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        said: list[str] = []
        trackers = Trackers(run.path, TrackingStore(tmp_path / "store"), said.append)
        trackers.start(names or ("mlflow",))
        return trackers, said

    return start


@pytest.mark.process
def test_a_process_that_dies_is_told_of_once_and_recorded(started):
    trackers, said = started("exit 3")
    until = time.monotonic() + 20
    while not said and time.monotonic() < until:
        trackers.look()
    states = trackers.finish("run")
    assert len(said) == 1
    assert "its process ended with code 3" in said[0]
    assert "yololab track" in said[0]
    assert "code 3" in states["mlflow"].error


@pytest.mark.process
def test_one_that_hangs_is_ended(started, monkeypatch):
    monkeypatch.setattr(launch, "PATIENCE_SECONDS", {"run": 0.2})
    trackers, said = started("exec sleep 60")
    trackers.look()
    assert said == []
    begun = time.monotonic()
    states = trackers.finish("run")
    assert time.monotonic() - begun < 20
    assert len(said) == 1
    assert "did not end within" in states["mlflow"].error


@pytest.mark.process
def test_the_end_of_its_input_tells_it_that_the_job_is_over(started):
    trackers, said = started("cat > /dev/null; echo over")
    states = trackers.finish("run")
    assert TrackingFolder(trackers.folder).log("mlflow").read_text() == "over\n"
    assert len(said) == 1  # it has sent nothing
    assert states["mlflow"].error


@pytest.mark.process
def test_what_cannot_be_started_is_told(started, monkeypatch):
    trackers, said = started("exit 0")
    trackers.finish("run")
    said.clear()
    monkeypatch.setattr(sys, "executable", "/nowhere")
    trackers.start(["wandb"])
    assert len(said) == 1
    assert "cannot be started" in said[0]


def test_without_trackers_nothing_happens(tmp_path):
    trackers = Trackers(tmp_path, TrackingStore(tmp_path / "store"), pytest.fail)
    trackers.start(())
    trackers.look()
    assert trackers.finish("run") == {}
    assert list(tmp_path.iterdir()) == []


def test_who_has_been_told_is_known(tmp_path):
    assert tracked_by(tmp_path) == []
    write_state(tmp_path, "wandb", FedState(id="x"))
    assert tracked_by(tmp_path) == ["wandb"]
    assert read_state(tmp_path, "wandb").id == "x"

"""What is decided about jobs of Slurm without asking one: words of squeue, settings, parameters of sbatch."""

from __future__ import annotations

import json
import time

import pytest

from yololab.errors import InputError
from yololab.sweep.engines.slurm import executor as slurm
from yololab.sweep.engines.slurm.settings import SlurmSettings
from yololab.sweep.executor import JobState, Resources


def executor_of(**settings) -> slurm.SlurmExecutor:
    return slurm.SlurmExecutor(
        SlurmSettings(poll_seconds=0, late_records_seconds=0, **settings), Resources(), ("true",)
    )


@pytest.mark.process
def test_gone_only_when_two_answers_leave_it_out(programs, tmp_path):
    executor = executor_of()
    programs("squeue", "1|RUNNING|\n")
    assert executor.poll(["1", "2"]) == {"1": JobState.RUNNING, "2": JobState.GONE}
    assert len((tmp_path / "squeue.calls").read_text().splitlines()) == 2
    programs("squeue", "", code=1)
    assert executor.poll(["1", "2"]) == {"1": JobState.RUNNING, "2": JobState.GONE}
    assert executor_of().poll(["1"]) == {}


@pytest.mark.process
def test_a_job_that_is_not_listed_yet_is_waited_for(programs):
    executor = executor_of()
    executor._submitted["5"] = time.monotonic()
    programs("squeue", "")
    assert executor.poll(["5"]) == {"5": JobState.PENDING}
    executor._submitted["5"] -= 100
    assert executor.poll(["5"]) == {"5": JobState.GONE}


@pytest.mark.process
def test_the_record_of_an_ended_job_is_waited_for(programs, tmp_path):
    folder = tmp_path / "0"
    folder.mkdir()
    executor = slurm.SlurmExecutor(SlurmSettings(poll_seconds=0, late_records_seconds=60), Resources(), ("true",))
    programs("squeue", f"5|COMPLETED|{folder}\n")
    record = {"schema_version": 1, "timestamp": "2026-01-17T14:30:00+00:00"}
    (folder / "experiment_log.json").write_text(json.dumps(record | {"status": "running"}))
    assert executor.poll(["5"]) == {"5": JobState.RUNNING}
    (folder / "experiment_log.json").write_text(json.dumps(record | {"status": "complete"}))
    assert executor.poll(["5"]) == {"5": JobState.GONE}


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(slurm, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        slurm.make_executor({}, Resources(), ("true",))
    assert "pip install 'yololab[slurm]'" in str(caught.value)
    assert "not on PATH: sbatch, squeue" in str(caught.value)
    assert caught.value.exit_code == 2

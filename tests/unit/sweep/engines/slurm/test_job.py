"""What runs inside a job of Slurm."""

from __future__ import annotations

import time

import pytest

from yololab.sweep.engines.slurm.job import Notice, SlurmTrial


@pytest.mark.process
def test_a_cancelled_job_is_not_queued_again(programs, tmp_path, monkeypatch):
    """Slurm would do it, and bring to life what somebody has ended."""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    programs("scontrol", "JobId=7 JobState=COMPLETING PreemptTime=None\n")
    trial = SlurmTrial(body=None, signal_seconds=60, requeue=True, max_requeues=5)
    for notice in (Notice(ending=True), Notice(time_limit=True, ending=True)):
        assert trial._after_stop(time.time(), 130, notice) == 130
    assert "requeue" not in (tmp_path / "scontrol.calls").read_text()

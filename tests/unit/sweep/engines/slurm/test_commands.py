"""Slurm's own programs."""

from __future__ import annotations

import pytest

from yololab.sweep.engines.slurm.job import job_facts

pytestmark = pytest.mark.process


def test_facts_with_spaces_in_them(programs):
    programs(
        "scontrol", "JobId=7 JobName=a b JobState=FAILED ReqB:S:C:T=0:0:*:* Comment=/my sweeps/x/0  ExitCode=0:53\n"
    )
    facts = job_facts("7")
    assert facts["Comment"] == "/my sweeps/x/0"
    assert facts["JobName"] == "a b"
    assert facts["ReqB:S:C:T"] == "0:0:*:*"

"""Calling Slurm's programs, which may be missing, slow, or say little."""

from __future__ import annotations

import pytest

from yololab.sweep.engines.slurm.commands import call_slurm, job_facts

FACTS = "JobId=7 JobName=a b Comment=/data/multi run/0 TRES=cpu=1,mem=2G ExitCode=0:53 NodeList=(null)"


@pytest.fixture
def scontrol(tmp_path, monkeypatch):
    def make(script: str) -> None:
        program = tmp_path / "scontrol"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    return make


@pytest.mark.process
def test_a_program_that_is_not_there_is_no_answer(scontrol):
    assert call_slurm("scontrol", "show") is None
    assert job_facts("7") == {}


@pytest.mark.process
def test_values_may_hold_spaces_and_equals_signs(scontrol):
    scontrol(f"echo '{FACTS}'")
    assert job_facts("7") == {
        "JobId": "7",
        "JobName": "a b",
        "Comment": "/data/multi run/0",
        "TRES": "cpu=1,mem=2G",
        "ExitCode": "0:53",
        "NodeList": "(null)",
    }


@pytest.mark.process
def test_a_job_that_is_forgotten_has_no_facts(scontrol):
    scontrol("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    done = call_slurm("scontrol", "show", "job", "7")
    assert done is not None
    assert done.returncode == 1
    assert job_facts("7") == {}

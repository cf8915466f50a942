"""What squeue and scontrol say of jobs."""

from __future__ import annotations

import pytest

from yololab.sweep.engines.slurm.job import NO_PROGRESS
from yololab.sweep.engines.slurm.queue import QueuedJob, parse_queue, read_queue, why_ended
from yololab.sweep.executor import JobState


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", JobState.PENDING),
        ("CONFIGURING", JobState.PENDING),
        ("REQUEUED", JobState.PENDING),
        ("REQUEUE_HOLD", JobState.PENDING),
        ("SPECIAL_EXIT", JobState.PENDING),
        ("RUNNING", JobState.RUNNING),
        ("SUSPENDED", JobState.RUNNING),
        ("COMPLETING", JobState.RUNNING),
        ("STOPPED", JobState.RUNNING),
        ("A_STATE_OF_TOMORROW", JobState.RUNNING),
        ("COMPLETED", JobState.GONE),
        ("CANCELLED", JobState.GONE),
        ("TIMEOUT", JobState.GONE),
        ("NODE_FAIL", JobState.GONE),
        ("OUT_OF_MEMORY", JobState.GONE),
        ("PREEMPTED", JobState.GONE),
    ],
)
def test_only_an_end_is_an_end(word, state):
    assert QueuedJob(word, "").job_state is state


def test_lines_of_squeue():
    text = "12|RUNNING|/a b/0\n  13_4|PENDING|\nslurm_load_jobs error\n"
    assert parse_queue(text) == {"12": QueuedJob("RUNNING", "/a b/0"), "13_4": QueuedJob("PENDING", "")}


@pytest.mark.process
def test_an_answer_is_believed_and_silence_teaches_nothing(programs, tmp_path):
    programs("squeue", "1|RUNNING|/s/0\n", code=1)
    assert read_queue() is None
    programs("squeue", "1|RUNNING|/s/0\n")
    assert read_queue(["1"]) == {"1": QueuedJob("RUNNING", "/s/0")}
    assert "-j 1,1" in (tmp_path / "squeue.calls").read_text(), "one number alone makes squeue fail when it is gone"


@pytest.mark.process
@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("COMPLETED", "0:0", None),
        ("RUNNING", "0:0", None),
        ("FAILED", "137:0", "SIGKILL"),
        ("FAILED", "0:53", "node n1 cannot write into /s/0"),
        ("FAILED", f"{NO_PROGRESS}:0", "hydra.launcher.time_minutes"),
        ("TIMEOUT", "0:15", "time limit"),
        ("OUT_OF_MEMORY", "0:125", "memory"),
        ("CANCELLED", "0:15", "cancelled in Slurm (job 7 on n1)"),
        ("NODE_FAIL", "0:0", "node failed"),
    ],
)
def test_why_a_job_ended(programs, state, code, words):
    programs("scontrol", f"JobId=7 JobState={state} ExitCode={code} NodeList=n1 StdOut=/nowhere Comment=/s/0\n")
    found = why_ended("7")
    assert found is None if words is None else words in found

"""Which runs take the baseline's place by themselves, and that none does so twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from whole_run import context_of, write_whole_run

from yololab.comparison.guarding.guard import Guard
from yololab.comparison.result import read_comparison
from yololab.files.record import Record
from yololab.job.stages.promote import _is_better as is_better
from yololab.job.stages.promote import done
from yololab.statistics.inference.verdict import Verdict
from yololab.terminal.screen import Screen


@pytest.fixture
def run(tmp_path):
    return write_whole_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("NO_BASELINE", True), ("IMPROVED", True), ("EQUIVALENT", False), ("INCONCLUSIVE", False), ("DEGRADED", False)],
)
def test_only_what_is_better_is_promoted_by_itself(run, verdict, expected):
    comparison = replace(read_comparison(run.comparison), verdict=Verdict(verdict))
    assert is_better(Screen(quiet=True), comparison, []) is expected


def test_a_failed_check_a_broken_guard_and_another_protocol_stand_in_the_way(run):
    comparison = replace(read_comparison(run.comparison), verdict=Verdict.IMPROVED)
    screen = Screen(quiet=True)
    assert not is_better(screen, comparison, ["exported model works"])
    broken = replace(comparison, guards=(Guard("latency", 20, 30.0, True, "inference takes 30 ms"),))
    assert not is_better(screen, broken, [])
    other = replace(comparison, warnings=("Measured under different protocols: imgsz is 640 now, 320 before.",))
    assert not is_better(screen, other, [])


def test_a_decision_is_taken_once(run):
    assert done(context_of(run)) is True
    interrupted = Record(run).read() | {"status": "interrupted"}
    assert done(context_of(run, previous=interrupted)) is None
    assert done(context_of(run, previous=interrupted | {"promoted": {"path": "x"}})) is True

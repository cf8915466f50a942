"""The loop of a sweep: what the contract of the engines does not show."""

from __future__ import annotations

import pytest
from sweep_contract import BODY, MAP, Trials

from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import Resources
from yololab.sweep.loop import TrialLoop
from yololab.sweep.state import SweepFolder

pytestmark = pytest.mark.process


def test_after_its_time_a_sweep_starts_no_more_trials(tmp_path):
    folder = SweepFolder(tmp_path)
    trials = Trials(folder, "do=ok", "do=ok")
    executor = make_executor("local", {"jobs": 1}, Resources(), BODY)
    clock = iter(range(0, 10000, 10))
    TrialLoop(
        folder, trials, executor, MAP, (trials,), timeout_seconds=25, poll_seconds=0.5, clock=lambda: next(clock)
    ).run(StopSignal())
    assert [str(entry.status) for entry in folder.trials()] == ["complete", "not started"]

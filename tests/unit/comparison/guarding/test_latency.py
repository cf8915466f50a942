"""Guards of the time of an inference: a busy machine breaks none, few batches settle none."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from yololab.comparison.guarding.guard import GuardRule
from yololab.comparison.guarding.latency import latency_guards
from yololab.config.schema import GuardsConfig, Unsettled
from yololab.files.metrics import MetricsFile
from yololab.statistics.timing.latency import Timing

QUIET = Timing("cpu", 2, (16,) * 20, (10.0,) * 20, (0.01,) * 20, (2,) * 20)
BUSY = replace(QUIET, waiting=(0.4,) * 20, ms=(18.0,) * 20)
SLOW = replace(QUIET, ms=(13.0,) * 20)


def timed(timing: Timing | None, inference: float | None = 10.0) -> MetricsFile:
    content = {"task": "detect", "speed_ms": {"inference": inference}}
    return MetricsFile(Path("metrics.json"), content | ({"timing": asdict(timing)} if timing else {}))


def judged(current, baseline=None, unsettled=Unsettled.PASS, **limits):
    return next(latency_guards(GuardsConfig(**limits), current, baseline, GuardRule(1.0, unsettled)))


@pytest.mark.parametrize(
    ("timing", "limit", "state", "said"),
    [
        (QUIET, 20, "held", "takes 10.0 ms"),
        (SLOW, 10, "broken", "takes 13.0 ms"),
        (QUIET, 10, "open", "its interval is 9.6 to 10.4 ms"),
        (BUSY, 12, "open", "the machine was busy"),
        (BUSY, 25, "held", "takes 18.0 ms"),  # a busy machine only makes it slower
        (Timing("cpu", 2, (16,), (30.0,), (0.0,), (2,)), 12, "open", "fewer than 6 batches"),
    ],
)
def test_a_limit_in_milliseconds(timing, limit, state, said):
    guard = judged(timed(timing), latency_ms=limit)
    assert (guard.broken, guard.settled) == (state == "broken", state != "open")
    assert said in guard.message


@pytest.mark.parametrize(
    ("current", "baseline", "limit", "state", "said"),
    [
        (SLOW, QUIET, 0.1, "broken", "30.0% longer than the baseline's (a rise of 10% is allowed)"),
        (QUIET, SLOW, 0.1, "held", "23.1% less than the baseline's"),
        (QUIET, QUIET, 0.0, "open", "not settled by these batches"),
        (BUSY, QUIET, 0.1, "open", "the machine was busy"),
        (QUIET, BUSY, 0.1, "open", "the machine was busy"),  # a slow baseline would hide a rise
        (QUIET, None, 0.1, "open", "the evaluation of the baseline has no times"),
        (QUIET, replace(QUIET, device="another"), 0.1, "open", "the device is cpu now, another before"),
    ],
)
def test_a_rise_over_the_baseline(current, baseline, limit, state, said):
    guard = judged(timed(current), timed(baseline), latency_rise=limit)
    assert (guard.broken, guard.settled) == (state == "broken", state != "open")
    assert said in guard.message


def test_what_is_not_settled_follows_the_policy_and_older_files_are_read_by_their_mean():
    assert judged(timed(BUSY), unsettled=Unsettled.FAIL, latency_ms=12).broken
    assert judged(timed(BUSY), unsettled=Unsettled.ASK, latency_ms=12).asks
    assert judged(timed(None, 12.0), latency_ms=11).broken
    assert judged(timed(None, None), latency_ms=11).broken
    damaged = MetricsFile(Path("m"), {"task": "detect", "speed_ms": {"inference": 12.0}, "timing": {"ms": "x"}})
    assert judged(damaged, latency_ms=11).broken
    assert (
        list(latency_guards(GuardsConfig(latency_rise=0.1), timed(QUIET), None, GuardRule(1.0, Unsettled.PASS))) == []
    )

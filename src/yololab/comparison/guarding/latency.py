"""The guards of the time of an inference: at most so many milliseconds, or so much longer than the baseline.

Both rest on the blocks of batches that an evaluation has timed, and on their interval. A busy machine only makes times
longer, so what was measured on one can show that a limit is held, and never that it is broken.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from yololab.comparison.guarding.guard import Guard, GuardRule
from yololab.config.schema import GuardsConfig
from yololab.files.metrics import TIMING, MetricsFile
from yololab.statistics.timing.latency import FEWEST_BLOCKS, TimeEstimate, Timing, time_of, time_ratio
from yololab.text import first_of

_BUSY = "the machine was busy with something else meanwhile; evaluate again when it is not"
_AGAIN = "evaluate again: yololab evaluate model=… data=…"


def latency_guards(
    config: GuardsConfig, metrics: MetricsFile, baseline: MetricsFile | None, rule: GuardRule
) -> Iterator[Guard]:
    """Yield the guards of the time of an inference.

    Args:
        config: The limits.
        metrics: The current model's metrics.
        baseline: The baseline's; None without one.
        rule: What becomes of a value and its interval.
    """
    if config.latency_ms is not None:
        yield _absolute(config.latency_ms, metrics, rule)
    if config.latency_rise is not None and baseline is not None:
        yield _relative(config.latency_rise, metrics, baseline, rule)


def timing_in(metrics: MetricsFile) -> Timing | None:
    """Return the times that an evaluation keeps; None where it keeps none, or what stands there is none."""
    found = metrics.content.get(TIMING)
    try:
        timing = msgspec.convert(found, Timing) if found else None
    except msgspec.ValidationError:
        return None
    return timing if timing and timing.whole else None


def _absolute(limit: float, metrics: MetricsFile, rule: GuardRule) -> Guard:
    """Hold the time of an inference against a limit in milliseconds an image."""
    name, allowed = "latency", f"(at most {limit:g} ms is allowed)"
    bare, timing = metrics.value("speed_ms.inference"), timing_in(metrics)
    if bare is None:
        return Guard(name, limit, None, True, f"inference was not measured {allowed}")
    if timing is None:  # an evaluation of before batches were timed, or of one batch
        return Guard(name, limit, bare, bare > limit, f"inference takes {bare:.1f} ms an image {allowed}")
    found = time_of(timing)
    if found is None:
        why = f"fewer than {FEWEST_BLOCKS} batches after the first are no measurement"
        return rule.open(name, limit, bare, f"inference takes {bare:.1f} ms an image {allowed}: not settled, {why}")
    low, high = rule.widened(found.value, (found.low, found.high))
    message = f"inference takes {found.value:.1f} ms an image {allowed}"
    interval = f"its interval is {low:.1f} to {high:.1f} ms"
    return _decided(name, limit, found, (low, high), message, interval, rule, busy_holds=True)


def _relative(limit: float, metrics: MetricsFile, baseline: MetricsFile, rule: GuardRule) -> Guard:
    """Hold the time of an inference against that of the baseline on the same images."""
    name, allowed = "latency rise", f"(a rise of {limit:.0%} is allowed)"
    ours, theirs = timing_in(metrics), timing_in(baseline)
    untimed = [side for side, timing in (("current model", ours), ("baseline", theirs)) if timing is None]
    if ours is None or theirs is None:
        why = f"the evaluation of the {' and of the '.join(untimed)} has no times of its batches; {_AGAIN}"
        return rule.open(name, limit, None, f"latency {allowed} is not settled: {why}")
    unlike = [
        f"{what} is {now} now, {before} before"
        for what, now, before in (
            ("the device", ours.device, theirs.device),
            ("the number of threads", ours.cores, theirs.cores),
            ("the number of timed images", sum(ours.images), sum(theirs.images)),
            ("the size of a batch", max(ours.images), max(theirs.images)),
        )
        if now != before
    ]
    found = None if unlike else time_ratio(ours, theirs)
    if found is None:
        why = first_of(unlike) or f"fewer than {FEWEST_BLOCKS} batches after the first are no measurement"
        return rule.open(name, limit, None, f"latency {allowed} is not settled: {why}")
    low, high = (end - 1 for end in rule.widened(found.value, (found.low, found.high)))
    message = f"inference takes {_change(found.value - 1)} {allowed}"
    interval = f"its interval is {low:+.1%} to {high:+.1%}"
    shifted = TimeEstimate(found.value - 1, low, high, found.disturbed)
    return _decided(name, limit, shifted, (low, high), message, interval, rule, busy_holds=False)


def _decided(
    name: str,
    limit: float,
    found: TimeEstimate,
    ends: tuple[float, float],
    message: str,
    interval: str,
    rule: GuardRule,
    *,
    busy_holds: bool,
) -> Guard:
    """Return the guard of a time that is at most its limit when it is held.

    Args:
        name: What is watched.
        limit: The limit.
        found: What was found.
        ends: Its interval, widened for the number of guards.
        message: What was found, and what is allowed.
        interval: The interval in words.
        rule: What becomes of a guard that is not settled.
        busy_holds: Whether what was found can only be too long where the machine was busy.
    """
    low, high = ends
    if high <= limit and (busy_holds or not found.disturbed):
        return Guard(name, limit, found.value, broken=False, message=message)
    if found.disturbed:
        return rule.open(name, limit, found.value, f"{message}: not settled, {_BUSY} ({interval})")
    if low > limit:
        return Guard(name, limit, found.value, broken=True, message=message)
    return rule.open(name, limit, found.value, f"{message}: not settled by these batches, {interval}")


def _change(rise: float) -> str:
    """Return a change of a time in words."""
    return f"{abs(rise):.1%} {'longer' if rise > 0 else 'less'} than the baseline's"

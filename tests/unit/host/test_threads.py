"""The number of threads follows the machine: held against machines that are reckoned, seconds by seconds."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from yololab.host.threads import Governor, Step, threads_differ

SERIAL, PARALLEL = 0.15, 0.5


def machine(cores: int, busy: float, threads: int, told: bool = True, noise: float = 1.0) -> Step:
    """Return a step of a machine with `busy` other processes: threads that share a core hold up the others."""
    ideal = (SERIAL + PARALLEL / threads) * noise
    share = 1.0 if busy + threads <= cores else cores / (busy + threads)
    slowed = ideal if share == 1.0 else ideal / share * (1 + 0.25 * (threads - 1))
    cpu = (SERIAL + PARALLEL) * noise
    waited = 0.0 if share == 1.0 else (threads * slowed - cpu) * 0.7
    idle = max(0.0, cores - min(cores, busy + cpu / slowed))
    return Step(slowed, cpu, waited, idle) if told else Step(slowed, cpu)


def pace_of(
    governor: Governor, load: Callable[[float], float], cores: int, seconds: float, told: bool = True, spread: float = 0
) -> tuple[float, list[int]]:
    """Return seconds a step over a time, and the counts that were used."""
    draw, clock, counts = random.Random(3), 0.0, []
    while clock < seconds:
        counts.append(governor.threads)
        step = machine(cores, load(clock), governor.threads, told, 1 + spread * draw.uniform(-1, 1))
        clock += step.wall
        governor.observe(step)
    return clock / len(counts), counts


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("cores", "busy"), [(2, 1), (2, 3), (2, 12), (8, 3), (16, 16)])
def test_beside_others_it_is_nearly_as_fast_as_the_best_fixed_count(cores, busy, told):
    best = min(machine(cores, busy, threads).wall for threads in range(1, cores + 1))
    pace, _ = pace_of(Governor(cores, cores), lambda _: busy, cores, 300 * best, told)
    assert pace <= 1.15 * best if told else pace <= machine(cores, busy, cores).wall * 1.01


def test_on_an_idle_machine_the_count_never_moves():
    _, counts = pace_of(Governor(4, 4), lambda _: 0.0, 4, 600, spread=0.3)
    assert set(counts) == {4}


def test_it_gives_way_when_somebody_comes_and_comes_back_when_he_goes():
    _, counts = pace_of(Governor(2, 2), lambda clock: 1.0 if 60 < clock < 120 else 0.0, 2, 240, spread=0.05)
    changes = sum(a != b for a, b in pairwise(counts))
    assert counts[0] == counts[-1] == 2
    assert changes <= 6
    assert counts.count(1) * 0.65 == pytest.approx(60, abs=12)


def test_a_bad_try_is_given_up_after_one_step_and_not_repeated_soon():
    governor = Governor(2, 1)
    counts = []
    for _ in range(400):  # an idle core, but a second thread takes 20 times as long
        counts.append(governor.threads)
        governor.observe(Step(1.0 if governor.threads == 1 else 20.0, 1.0, 0.0, 1.0))
    assert 2 <= counts.count(2) <= 8


def test_a_quota_that_nobody_tells_of_is_seen_by_the_cores_that_are_not_used():
    governor = Governor(4, 4)
    for _ in range(6):
        governor.observe(Step(1.0, 3.6, 0.0, 4.0))
    for _ in range(3):
        governor.observe(Step(3.0, 3.6, 0.0, 4.0))
    assert governor.threads < 4


def test_a_rerun_is_told_only_of_numbers_that_changed():
    changed = {"2": 120, "1": 40}
    (line,) = threads_differ(changed, None)
    assert "2 for 120 batches, 1 for 40" in line
    assert threads_differ(changed, 1) == threads_differ({"2": 160}, None) == threads_differ({}, None) == []

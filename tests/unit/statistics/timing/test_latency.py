"""The time of an inference with its interval: batches depend on each other, are skewed, and meet a busy machine."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.statistics.timing.latency import MOST_BLOCKS, TimedBatch, Timing, time_of, time_ratio, timing_of


def session(rng, batches: int, ms: float = 10.0, phi: float = 0.5, spikes: float = 0.03, busy: float = 0.0) -> Timing:
    """Time batches of 16 images: neighbours are alike, a few take much longer, and a part meets a busy machine."""
    noise = np.empty(batches)
    noise[0] = rng.normal()
    for place in range(1, batches):
        noise[place] = phi * noise[place - 1] + np.sqrt(1 - phi**2) * rng.normal()
    seconds = 16e-3 * ms * np.exp(0.05 * noise) * np.where(rng.random(batches) < spikes, 4, 1)
    waiting = np.where(np.arange(batches) < busy * batches, 0.3, 0.01)
    seconds *= np.where(waiting > 0.1, 1.8, 1)
    seconds[0] *= 5  # the first does everything for the first time
    timed = [TimedBatch(16, float(time), float(wait), 2) for time, wait in zip(seconds, waiting, strict=True)]
    found = timing_of(timed, "cpu", 2)
    assert found is not None
    return found


def test_two_equal_models_rarely_look_different():
    rng = np.random.default_rng(0)
    ratios = [time_ratio(session(rng, 40), session(rng, 40)) for _ in range(100)]
    assert sum(found.low > 1 for found in ratios) <= 2
    assert sum(found.high < 1 for found in ratios) <= 2
    assert np.mean([found.value for found in ratios]) == pytest.approx(1, abs=0.02)


def test_a_slower_model_is_found_and_a_spike_hides_nothing():
    rng = np.random.default_rng(1)
    found = [time_ratio(session(rng, 60, ms=13), session(rng, 60)) for _ in range(20)]
    assert sum(one.low > 1.05 for one in found) >= 18
    assert time_of(session(rng, 300, spikes=0.1)).value == pytest.approx(10, rel=0.1)


def test_of_a_busy_stretch_the_undisturbed_blocks_decide():
    rng = np.random.default_rng(2)
    found = time_ratio(session(rng, 60, busy=0.6), session(rng, 60))
    assert not found.disturbed
    assert found.value == pytest.approx(1, abs=0.1)
    whole = time_ratio(session(rng, 60, busy=1.0), session(rng, 60))
    assert whole.disturbed
    assert whole.value > 1.5


def test_fewer_threads_than_there_are_disturb_as_well():
    batches = [TimedBatch(16, 0.1, None, threads) for threads in [1] * 10 + [2] * 30]
    timing = timing_of(batches, "cpu", 2)
    assert timing.undisturbed == tuple([False] * 9 + [True] * 30)
    assert not time_of(timing).disturbed
    assert time_of(timing_of(batches[:20], "cpu", 4)).disturbed


@pytest.mark.parametrize(("count", "blocks"), [(0, None), (1, None), (2, 1), (41, 40), (42, 40), (1000, 40)])
def test_batches_become_few_blocks_and_none_is_lost(count, blocks):
    timing = timing_of([TimedBatch(place % 3 + 1, 0.1, 0.0, 0) for place in range(count)], "gpu", 0)
    if blocks is None:
        assert timing is None
        return
    assert len(timing.ms) == blocks <= MOST_BLOCKS
    assert sum(timing.images) == sum(place % 3 + 1 for place in range(1, count))
    assert timing.whole


def test_what_was_timed_otherwise_has_no_ratio_and_few_blocks_no_interval():
    rng = np.random.default_rng(3)
    one = session(rng, 40)
    assert time_ratio(one, session(rng, 41)) is None
    assert time_of(session(rng, 6)) is None
    assert time_of(session(rng, 7)) is not None
    assert not Timing("cpu", 2, (1, 1), (1.0, 0.0), (None, None), (2, 2)).whole

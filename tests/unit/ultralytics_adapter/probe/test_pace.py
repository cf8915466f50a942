"""The pace of a probe beside other processes is reckoned from CPU time, and says so."""

import pytest

from yololab.host.threads import Step
from yololab.ultralytics_adapter.probe.pace import Pace


def paced(pace: Pace, *steps: Step) -> Pace:
    for step in steps:
        pace.add(16, pace.of(step))
    return pace


FIRST = Step(9.0, 1.0, 0.0)  # chooses algorithms
BUSY = Step(2.4, 0.8, 1.6)


def test_a_disturbed_batch_counts_as_much_as_it_computes():
    pace = paced(Pace(on_cpu=True, threads=1), FIRST, BUSY, BUSY)
    assert pace.for_whole_batch(16) == pytest.approx(0.8)
    assert pace.slowed(16) == pytest.approx(3.0)
    assert pace.times == {16: [9.0, 2.4, 2.4]}


@pytest.mark.parametrize(
    ("on_cpu", "step"),
    [(True, Step(0.9, 0.8, 0.1)), (True, Step(2.4, 0.8, None)), (False, BUSY)],
    ids=["quiet", "nobody counts", "on a GPU"],
)
def test_what_did_not_wait_for_cores_is_taken_as_it_is(on_cpu, step):
    pace = paced(Pace(on_cpu, 1), FIRST, step)
    assert pace.for_whole_batch(16) == step.wall
    assert pace.slowed(16) is None

"""The rows of a comparison, and the gate."""

from __future__ import annotations

import pytest

from yololab.comparison.result import MetricRow, passes
from yololab.config.schema import Gate
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction


def test_unknown_numbers_stay_unknown():
    row = MetricRow("mAP50", Direction.HIGHER, 0.5, None)
    assert (row.delta, row.percent, row.arrow) == (None, None, "")
    assert MetricRow("mAP50", Direction.HIGHER, 0.5, 0.0).percent is None


def test_lower_is_better_turns_the_gain():
    row = MetricRow("rmse", Direction.LOWER, 0.4, 0.5)
    assert row.gain == pytest.approx(0.1)
    assert row.arrow == "▼"


@pytest.mark.parametrize(
    ("verdict", "gate", "confirmed", "passed"),
    [
        (Verdict.DEGRADED, Gate.NONE, False, True),
        (Verdict.DEGRADED, Gate.DEGRADED, False, False),
        (Verdict.DEGRADED, Gate.CONFIRMED, False, True),
        (Verdict.DEGRADED, Gate.CONFIRMED, True, False),
        (Verdict.NOT_WORSE, Gate.DEGRADED, False, True),
        (Verdict.NOT_WORSE, Gate.NOT_IMPROVED, False, False),
        (Verdict.IMPROVED, Gate.NOT_IMPROVED, False, True),
        (Verdict.NO_BASELINE, Gate.NOT_IMPROVED, False, True),
    ],
)
def test_gate(verdict, gate, confirmed, passed):
    assert passes(verdict, gate, confirmed=confirmed) is passed

"""A short calibration: false alarms of the comparison without any true difference (the long one is a benchmark)."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SIMULATIONS = 200


@pytest.mark.slow
def test_false_alarms_stay_within_their_limits(monkeypatch):
    """200 simulations: a rate within its limit and three binomial standard errors; far above it fails."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import calibration

    equal = (calibration.SKILL, calibration.SKILL)
    found = calibration.summary(
        [calibration.one((calibration.SETTINGS[0], seed, equal)) for seed in range(SIMULATIONS)]
    )
    for key, limit in (
        ("interval_excludes_truth", calibration.LIMITS["interval"]),
        ("permutation_below_0.05", calibration.LIMITS["permutation"]),
        ("verdict_degraded_or_improved", calibration.LIMITS["verdict"]),
    ):
        assert found[key]["rate"] <= limit + 3 * np.sqrt(limit * (1 - limit) / SIMULATIONS), key
    assert found["mean_standard_error"] == pytest.approx(found["standard_deviation_of_delta"], rel=0.2)
    worse = [calibration.one((calibration.SETTINGS[0], seed, (0.0, calibration.SKILL))) for seed in range(20)]
    assert sum(row["verdict"] == "DEGRADED" for row in worse) > 12


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 3, 5])
def test_the_other_tasks_keep_to_the_limits(monkeypatch, place):
    """100 simulations each: one of equal models, one of a truly worse one that must not pass as equally good."""
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    import calibration_tasks

    monkeypatch.setattr(calibration_tasks.paired, "FIRST_REPLICATES", 250)
    monkeypatch.setattr(calibration_tasks.paired, "MANY_REPLICATES", 300)
    found = calibration_tasks.of_setting(calibration_tasks.TASK_SETTINGS[place], count := 100)
    limits = calibration_tasks.LIMITS
    rates = {
        limits["interval"]: found["equal"]["interval_excludes_truth"],
        limits["permutation"]: found["equal"]["permutation_below_0.05"],
        limits["verdict"]: found["equal"]["verdict_degraded_or_improved"],
    }
    for limit, rate in rates.items():
        assert rate["rate"] <= limit + 3 * np.sqrt(limit * (1 - limit) / count)
    assert found["worse"]["wrongly_called_not_worse"]["rate"] <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / count)

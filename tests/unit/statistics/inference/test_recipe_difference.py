"""The difference of two recipes: Student's t over images and seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.inference.recipe_difference import compare_recipes, recipe_difference


@pytest.mark.parametrize(
    ("level", "degrees", "t"),
    [(0.95, 1, 12.7062047), (0.95, 10, 2.2281389), (0.9, 4, 2.1318468), (0.95, 30, 2.0422725)],
)
def test_students_t_against_a_table(level, degrees, t):
    """All the variance is that of one arm, so its degrees of freedom are those of the table."""
    current = np.linspace(0, 1, degrees + 1)
    error = current.std(ddof=1) / math.sqrt(len(current))
    current += t * error - current.mean()
    found = recipe_difference(tuple(current), (0.0, 0.0), 0.0, 100)
    assert found.degrees == pytest.approx(degrees)
    low, high = found.difference.ci95 if level == 0.95 else found.difference.ci90
    assert (high - low) / 2 == pytest.approx(t * error, rel=1e-7)
    assert found.difference.p == pytest.approx(1 - level, rel=1e-6)


def test_without_variance_of_images_it_is_welchs_test():
    current, baseline = (0.51, 0.55, 0.53, 0.56), (0.48, 0.50, 0.47)
    found = recipe_difference(current, baseline, 0.0, 100)
    a, b = np.var(current, ddof=1) / 4, np.var(baseline, ddof=1) / 3
    degrees = (a + b) ** 2 / (a**2 / 3 + b**2 / 2)
    assert found.degrees == pytest.approx(degrees)
    assert found.standard_error == pytest.approx(np.sqrt(a + b))
    t = np.linspace(found.difference.gain / found.standard_error, 400, 2_000_001)
    density = (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    scale = math.gamma((degrees + 1) / 2) / (math.sqrt(degrees * math.pi) * math.gamma(degrees / 2))
    assert found.difference.p == pytest.approx(2 * scale * np.trapezoid(density, t), rel=1e-4)


def test_identical_runs_have_no_variance():
    found = recipe_difference((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0.0, 10)
    assert (found.difference.gain, found.difference.p) == (0, 1.0)


def test_too_few_runs_are_a_programmers_error():
    with pytest.raises(ValueError, match="needs 3 an arm"):
        compare_recipes([records_of(0.9, 0)] * 3, [records_of(0.9, 0)] * 2, "mAP50-95")

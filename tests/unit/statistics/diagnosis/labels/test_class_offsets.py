"""The line with offsets, held against a general optimizer on the same penalised likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from yololab.statistics.diagnosis.labels.class_offsets import Line, fit_mean, fit_probability, logistic


@pytest.fixture
def rows():
    rng = np.random.default_rng(2)
    x, classes = rng.normal(0, 1, 800), rng.integers(0, 3, 800)
    return rng, x, classes, 0.3 + 1.2 * x + np.array([0.8, 0.0, -0.6])[classes]


def test_the_logistic_line(rows):
    rng, x, classes, odds = rows
    target = (rng.random(800) < 1 / (1 + np.exp(-odds))).astype(float)

    def loss(p):
        z = p[0] + p[1] * x + p[2:][classes]
        return np.logaddexp(0, z).sum() - (target * z).sum() + 0.25 * (p[2:] ** 2).sum()

    best = minimize(loss, np.zeros(5)).x
    line = Line(0.0, 1.0, np.zeros(3))
    for _ in range(30):
        line = fit_probability(line, x, classes, target)
    assert line.at(x, classes) == pytest.approx(best[0] + best[1] * x + best[2:][classes], abs=0.02)
    assert logistic(np.array([-800.0, 0.0, 800.0])).tolist() == [0.0, 0.5, 1.0]


def test_the_weighted_mean(rows):
    rng, x, classes, values = rows
    weights = rng.uniform(0, 2, 800)
    line = Line(0.0, 0.0, np.zeros(3))
    for _ in range(10):
        line = fit_mean(line, x, classes, values, weights)
    assert line.at(x, classes) == pytest.approx(values, abs=0.02)
    downhill = fit_mean(Line(0.0, 0.0, np.zeros(3)), x, classes, -values, weights)
    assert downhill.slope == 0

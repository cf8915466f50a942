"""Limits beside the primary metric."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import Gate, GuardsConfig
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.statistics.inference.verdict import Verdict


def test_guards_are_held_against_the_current_model(sides):
    guards = GuardsConfig(class_floors={"cat": 0.99, "dog": 0.1}, class_drop=0.05, recall=0.99, latency_ms=20)
    found = compare_metrics(sides["good"], sides["bad"], 0.01, guards)
    told = {guard.guard: guard.broken for guard in found.guards}
    assert told["AP50-95 of cat"] is True
    assert told["AP50-95 of dog"] is False
    assert told["recall at confidence 0.25"] is True
    assert told["latency"] is False
    assert told["drop of cat"] is False
    assert found.verdict is Verdict.IMPROVED
    assert not found.passes(Gate.DEGRADED)
    assert "AP50-95 of cat is" in found.text


def test_a_class_that_falls_breaks_its_guard(sides):
    found = compare_metrics(sides["bad"], sides["good"], 0.01, GuardsConfig(class_drop=0.05))
    assert [guard.broken for guard in found.guards] == [True, True]


def test_precision_at_a_fixed_threshold_is_counted(sides):
    records = records_of(0.95, 1)
    above = records.confidence >= 0.5
    per_class = [
        records.tp_matrix()[above & (records.classes == index), 0].mean() for index in np.unique(records.truth_class)
    ]
    found = compare_metrics(sides["good"], None, 0.01, GuardsConfig(precision=0.1, confidence=0.5))
    assert found.guards[0].value == pytest.approx(np.mean(per_class), abs=1e-6)


def test_what_was_not_measured_breaks_its_guard(sides, tmp_path):
    path = write_evaluation(tmp_path, records_of(0.95, 1), speed_ms={})
    found = compare_metrics(read_metrics(path), sides["bad"], 0.01, GuardsConfig(latency_ms=20))
    assert found.guards[0].broken
    assert "not measured" in found.guards[0].message


def test_a_floor_of_an_unknown_class_is_an_error(sides):
    with pytest.raises(InputError, match=r"class_floors\.wolf: no such class"):
        compare_metrics(sides["good"], sides["bad"], 0.01, GuardsConfig(class_floors={"wolf": 0.5}))

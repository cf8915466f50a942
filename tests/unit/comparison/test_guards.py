"""Limits beside the primary metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.comparison.guarding.guard import Guard
from yololab.comparison.guards import check_guards
from yololab.config.schema import Gate, GuardsConfig, Unsettled
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.statistics.inference.paired_comparison import ClassDifference
from yololab.statistics.inference.verdict import Verdict


def test_guards_are_held_against_the_current_model(sides):
    guards = GuardsConfig(class_floors={"cat": 0.999, "dog": 0.1}, class_drop=0.05, recall=0.999, latency_ms=20)
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


POLICIES = [(Unsettled.PASS, False, False), (Unsettled.ASK, False, True), (Unsettled.FAIL, True, False)]


@pytest.mark.parametrize(("policy", "fails", "asks"), POLICIES)
def test_what_the_images_do_not_settle_is_neither_held_nor_broken(sides, policy, fails, asks):
    value = sides["good"].content["per_class"]["cat"]["AP50-95"]
    guards = GuardsConfig(class_floors={"cat": value + 0.005}, unsettled=policy)
    found = compare_metrics(sides["good"], sides["same"], 0.01, guards)
    (guard,) = found.guards
    assert (guard.broken, guard.settled, guard.asks) == (fails, False, asks)
    assert "not settled by these images, its interval is" in guard.message
    assert bool(found.asking_guards) is asks
    assert Guard.from_json(guard.to_json()) == guard


def test_equal_models_rarely_break_a_guard_of_their_classes():
    """Ten classes, a drop of 0.05 allowed: bare numbers break it in most pairs of equal models."""
    broken = bare = 0
    error, metrics = 0.04, MetricsFile(Path("metrics.json"), {"task": "detect", "per_class": {}})
    for seed in range(20):
        deltas = np.random.default_rng(seed).normal(0, error, 10)
        classes = {}
        for place, delta in enumerate(deltas):
            ends = (delta - 1.96 * error, delta + 1.96 * error)
            classes[str(place)] = ClassDifference("AP50-95", place, 50, 0.5 + delta, 0.5, ends, 0.5, 0.5)
        broken += any(guard.broken for guard in check_guards(GuardsConfig(class_drop=0.05), metrics, None, classes))
        bare += bool((deltas < -0.05).any())
    assert broken == 0
    assert bare >= 10


def test_a_guard_of_an_older_file_is_settled():
    old = {"guard": "latency", "limit": 5.0, "value": 4.0, "broken": False, "told": "takes 4.0 ms"}
    assert (Guard.from_json(old).settled, Guard.from_json(old).asks) == (True, False)

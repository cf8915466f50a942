"""The operating threshold, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of
from task_samples import classified

from yololab.statistics.inference.resampling import Units, group_units
from yololab.statistics.inference.thresholds import ThresholdRule, choose_thresholds, ranked_answers
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes

GRID = [step / 1000 for step in range(1, 1000)]


def counted(records, index, threshold):
    """Precision and recall of a class from a threshold on, as anybody would count them."""
    own = (records.classes == index) & (records.confidence >= np.float32(threshold))
    right = int((own & records.tp_matrix()[:, 0]).sum())
    labels = int((records.truth_class == index).sum())
    return right / max(own.sum(), 1), right / labels


def chosen(records, rule, units=None, count=60):
    images = len(records.keys)
    return choose_thresholds(
        rank_classes(records), units or Units(records.keys), images, ThresholdRule.read(rule), count
    )


@pytest.mark.parametrize("rule", ["recall>=0.6", "precision>=0.8"])
def test_a_rule_takes_the_threshold_that_counting_finds(rule):
    records = records_of(0.8)
    found = chosen(records, rule)
    metric, least = rule.split(">=")
    place = ["precision", "recall"].index(metric)
    best = max if metric == "recall" else min
    for item in found.classes:
        expected = best(t for t in GRID if counted(records, item.index, t)[place] >= float(least))
        assert item.threshold.value == expected
        assert item.threshold.low <= expected <= item.threshold.high
        assert (item.precision.value, item.recall.value) == pytest.approx(
            counted(records, item.index, expected), abs=1e-6
        )
        assert not item.few
    means = {t: np.mean([counted(records, index, t)[place] for index in (0, 1)]) for t in GRID}
    assert found.overall.threshold.value == best(t for t, value in means.items() if value >= float(least) - 1e-6)


def test_the_highest_f1_is_ultralytics_own():
    records = records_of(0.8)
    overall = chosen(records, "f1").overall
    assert overall.threshold.value == pytest.approx(point_metrics(rank_classes(records)).confidence, abs=0.0011)
    values = [counted(records, index, overall.threshold.value) for index in (0, 1)]
    assert overall.f1.value == pytest.approx(np.mean([2 * p * r / (p + r) for p, r in values]), abs=1e-6)
    assert overall.labels == len(records.truth_class)


def test_what_no_threshold_reaches_has_none_and_says_how_near_it_comes():
    records = records_of(0.5, images=12)
    found = chosen(records, "recall>=0.99")
    assert [item.threshold for item in (*found.classes, found.overall)] == [None] * 3
    assert found.classes[0].closest == pytest.approx(counted(records, 0, 0.001)[1])
    records.flags["box"][:] = 0
    assert chosen(records, "f1").overall.threshold is None
    assert choose_thresholds((), Units(records.keys), 12, ThresholdRule()) is None


def test_groups_count_and_make_intervals_wider():
    records = records_of(0.8, images=60)
    groups = group_units([str(number // 12) for number in range(60)])
    alone, together = chosen(records, "f1").overall, chosen(records, "f1", groups).overall
    assert (alone.images, together.images) == (60, 5)
    assert chosen(records, "f1", groups).classes[0].few
    assert together.recall.value == alone.recall.value
    assert together.recall.low != alone.recall.low


def test_an_answer_that_is_sure_enough_is_right_as_often_as_wanted():
    right, sure = np.arange(20) % 4 > 0, np.linspace(0.99, 0.3, 20)
    answers = np.stack([1 - right, right], axis=1)
    records = classified(np.ones(20, int), answers, 2, confidence=sure)
    records.predicted[:, 0] = right  # class 0 where it is wrong
    found = choose_thresholds(ranked_answers(records), Units(records.keys), 20, ThresholdRule("precision", 0.9), 20)
    (item,) = found.classes
    assert (item.index, item.precision.value, item.recall.value) == (1, 1.0, 0.75)

"""The thresholds of an evaluation as they are kept, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of, write_evaluation
from task_samples import depth

from yololab.comparison.thresholds.choosing import (
    read_thresholds,
    threshold_reasons,
    threshold_text,
    thresholds_from,
    thresholds_of,
    why_no_threshold,
    write_thresholds,
)
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.files.paths import RunFolder


def test_they_are_chosen_from_saved_records_by_any_rule_and_read_back(tmp_path):
    write_evaluation(tmp_path, records_of(0.8))
    metrics = read_metrics(RunFolder(tmp_path).metrics)
    found = thresholds_of(metrics)
    assert found["rule"] == "f1"
    write_thresholds(metrics.path.parent, found, metrics.content)
    assert read_thresholds(RunFolder(tmp_path).thresholds)["overall"] == found["overall"]
    other = thresholds_of(metrics, "recall>=0.7")
    assert other["overall"]["recall"]["value"] >= 0.7
    assert other["overall"]["applied"] == other["overall"]["threshold"]["value"]
    assert "by recall>=0.7 on val: precision 0." in threshold_text(other)
    RunFolder(tmp_path).predictions.unlink()
    assert thresholds_of(metrics) == read_thresholds(RunFolder(tmp_path).thresholds)
    with pytest.raises(InputError, match="evaluate it again, or give conf"):
        thresholds_of(metrics, "recall>=0.7")


def test_a_rule_out_of_reach_is_told_of_each_class_and_the_highest_f1_stands_in():
    records = records_of(0.5, names={0: "cat", 1: "dog", 2: "owl"})
    found, best = thresholds_from(records, "recall>=0.999"), thresholds_from(records, "f1")
    assert found["overall"]["threshold"] is None
    assert found["overall"]["applied"] == best["overall"]["applied"]
    assert "at most; that of the highest F1 is taken" in threshold_text(found)
    reasons = threshold_reasons(found)
    assert reasons[-1] == "no label of owl: that of all classes is taken"
    assert [line.split(":")[0] for line in reasons[:-1]] == ["cat", "dog"]


def test_too_few_images_of_a_class_claim_nothing():
    records = records_of(0.8, images=8)
    found = thresholds_from(records, "f1", group="(no group)")
    assert {row["threshold"] for row in found["per_class"].values()} == {None}
    assert {row["applied"] for row in found["per_class"].values()} == {found["overall"]["applied"]}
    assert "too few images hold it (" in threshold_reasons(found)[0]
    assert "images are taken as independent" in found["notes"][0]


def test_a_task_without_confidences_has_none():
    records = depth(np.ones((4, 6)))
    assert thresholds_from(records, "f1") is None
    assert why_no_threshold(records).startswith("does not apply to depth: every pixel gets an answer")

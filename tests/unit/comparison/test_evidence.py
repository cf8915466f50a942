"""The comparison when both sides have their records: verdicts, guards, and what cannot be paired."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import Gate
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.report.comparison_markdown import comparison_markdown
from yololab.statistics.inference.verdict import Verdict


def test_a_clear_gain_is_an_improvement(sides):
    found = compare_metrics(sides["good"], sides["bad"], 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert found.statistical_support
    row = found.primary
    assert row.interval[0] < row.delta < row.interval[1]
    assert row.p < 0.01
    assert row.difference.delta == pytest.approx(row.delta, abs=1e-9)


def test_a_clear_loss_is_confirmed_and_stops_both_gates(sides):
    found = compare_metrics(sides["bad"], sides["good"], 0.01)
    assert found.verdict is Verdict.DEGRADED
    assert found.confirmed
    assert not found.passes(Gate.CONFIRMED)
    assert not found.passes(Gate.DEGRADED)
    assert found.passes(Gate.NONE)
    assert found.to_json(Gate.DEGRADED)["confirmed"] is True


def test_a_model_against_itself_is_equivalent(sides):
    found = compare_metrics(sides["good"], sides["good"], 0.01)
    assert found.verdict is Verdict.EQUIVALENT
    assert (found.primary.delta, found.primary.p, found.primary.interval) == (0, 1.0, (0.0, 0.0))


def test_few_images_cannot_tell(tmp_path):
    few = [write_evaluation(tmp_path / str(seed), records_of(0.7, seed, images=12)) for seed in (4, 5)]
    found = compare_metrics(read_metrics(few[0]), read_metrics(few[1]), 0.01)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.statistics["images_needed"] > 12
    assert f"About {found.statistics['images_needed']:,} would rule out" in found.text
    assert any("Only 12 images:" in warning for warning in found.warnings)


def test_a_class_in_few_images_is_insufficient(sides):
    rows = {row["name"]: row for row in compare_metrics(sides["good"], sides["bad"], 0.01).per_class}
    assert rows["cat"]["insufficient"] is False
    assert rows["cat"]["q"] >= rows["cat"]["p"]
    assert rows["owl"]["q"] is None  # no label at all
    text = comparison_markdown(compare_metrics(sides["good"], sides["bad"], 0.01).to_json(Gate.DEGRADED))
    assert "95% CI" in text


def test_without_records_the_verdict_has_no_support_and_says_why(sides, tmp_path):
    path = write_evaluation(tmp_path, records_of(0.95, 1))
    (path.parent / "predictions.npz").unlink()
    found = compare_metrics(read_metrics(path), sides["bad"], 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert not found.statistical_support
    assert any("predictions.npz" in note for note in found.notes)


@pytest.mark.parametrize("content", [b"", b"not an npz"])
def test_damaged_records_are_told_and_not_used(sides, tmp_path, content):
    path = write_evaluation(tmp_path, records_of(0.95, 1))
    (path.parent / "predictions.npz").write_bytes(content)
    found = compare_metrics(read_metrics(path), sides["bad"], 0.01)
    assert not found.statistical_support
    assert any("records" in note for note in found.notes)


def test_records_of_another_evaluation_are_not_used(sides, tmp_path):
    path = write_evaluation(tmp_path, records_of(0.95, 1), **{"mAP50-95": 0.123})
    found = compare_metrics(read_metrics(path), sides["bad"], 0.01)
    assert not found.statistical_support
    assert any("another evaluation" in note for note in found.notes)


def test_other_images_are_refused_by_name(sides, tmp_path):
    path = write_evaluation(tmp_path, records_of(0.95, 1, images=61))
    with pytest.raises(InputError, match=r"1 only in the current evaluation \(images/0060.jpg\)"):
        compare_metrics(read_metrics(path), sides["bad"], 0.01)


def test_other_labels_are_refused_by_name(sides, tmp_path):
    records = records_of(0.95, 1)
    boxes = records.truth_boxes.copy()
    boxes[-1] += 7
    moved = dataclasses.replace(records, truth_boxes=boxes, label_fingerprint="other")
    path = write_evaluation(tmp_path, moved)
    with pytest.raises(InputError, match=r"1 images have other labels in the baseline \(images/0059.jpg\)"):
        compare_metrics(read_metrics(path), sides["bad"], 0.01)


def test_labels_in_another_order_are_the_same_labels(sides, tmp_path):
    records = records_of(0.95, 1)
    order = np.arange(len(records.truth_image))
    first = np.flatnonzero(records.truth_image == 0)
    order[first] = first[::-1]
    turned = dataclasses.replace(
        records,
        truth_class=records.truth_class[order],
        truth_boxes=records.truth_boxes[order],
        label_fingerprint="other",
    )
    found = compare_metrics(read_metrics(write_evaluation(tmp_path, turned)), sides["bad"], 0.01)
    assert found.statistical_support

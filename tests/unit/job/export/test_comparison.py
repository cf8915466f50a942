"""When an export counts as good as its checkpoint."""

from __future__ import annotations

import pytest
import record_samples

from yololab.comparison.compare import compare_metrics
from yololab.files.metrics import read_metrics
from yololab.job.export.comparison import ExportComparison, as_good
from yololab.statistics.inference.verdict import Verdict


@pytest.fixture
def compared(tmp_path):
    """Compare the records of an export with those of a checkpoint."""

    def compare(export, checkpoint) -> ExportComparison:
        sides = [
            read_metrics(record_samples.write_evaluation(tmp_path / name, records))
            for name, records in (("export", export), ("checkpoint", checkpoint))
        ]
        comparison = compare_metrics(sides[0], sides[1], 0.01)
        return ExportComparison(comparison, sides[0], sides[1], as_good(comparison, 0.001))

    return compare


def test_the_same_detections_are_as_good(compared):
    found = compared(record_samples.records_of(0.8), record_samples.records_of(0.8))
    assert found.works is True
    assert found.broken_images == []


def test_a_loss_that_the_images_show_is_broken_and_names_the_worst(compared):
    found = compared(record_samples.records_of(0.5), record_samples.records_of(0.8))
    assert (found.comparison.verdict, found.works) == (Verdict.DEGRADED, False)
    check = found.check("onnx INT8 with a runtime")
    assert check.passed is False
    assert found.broken_images[0] in check.evidence
    assert found.to_json()["verdict"] == "DEGRADED"


def test_of_a_score_that_is_gone_three_images_are_enough(compared):
    found = compared(record_samples.records_of(0.0, images=3), record_samples.records_of(0.9, images=3))
    assert found.comparison.verdict is Verdict.INCONCLUSIVE
    assert found.works is False


def test_an_open_verdict_and_two_zeros_say_nothing(compared):
    few = compared(record_samples.records_of(0.7, 3, images=8), record_samples.records_of(0.8, images=8))
    assert (few.comparison.verdict, few.works) == (Verdict.INCONCLUSIVE, None)
    assert compared(record_samples.records_of(0.0), record_samples.records_of(0.0)).works is None

"""What every type of records can be asked for: the same contract for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import records_of
from task_samples import confusion, depth

from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.metrics.base import ClassValue, Replicates, WeightedMetrics
from yololab.statistics.metrics.linear_metrics import LinearMetrics

rng = np.random.default_rng(0)


def samples() -> dict[str, WeightedMetrics]:
    return {
        "mAP50-95": metrics_of(records_of(0.6, images=12), "mAP50-95"),
        "mIoU": metrics_of(confusion(rng.integers(0, 9, (12, 3, 3)), 3), "mIoU"),
        "delta1": metrics_of(depth(rng.uniform(0.1, 0.9, (12, 6))), "delta1"),
    }


@pytest.mark.parametrize("primary", ["mAP50-95", "mIoU", "delta1"])
def test_unit_weights_give_the_points_and_doubled_ones_change_nothing(primary):
    measured = samples()[primary]
    points = measured.points()
    ones = np.ones((len(measured.keys), 1), np.float32)
    weights = np.hstack([ones, 2 * ones])
    found = measured.replicates(weights, everything=True)
    assert isinstance(found, Replicates)
    for name, values in found.metrics.items():
        assert values.shape == (2,)
        # replicates look for the operating point among every fourth confidence
        close = 0.01 if name in ("precision", "recall") else 1e-5
        assert values == pytest.approx([points[name]] * 2, abs=close)
        assert values[0] == pytest.approx(values[1], abs=1e-6)


@pytest.mark.parametrize("primary", ["mAP50-95", "mIoU"])
def test_class_values_stand_in_the_order_of_their_replicates(primary):
    measured = samples()[primary]
    ones = np.ones((len(measured.keys), 1), np.float32)
    found = measured.replicates(ones, everything=True)
    for name, rows in measured.class_points().items():
        assert all(isinstance(row, ClassValue) and row.images > 0 for row in rows)
        assert found.classes[name][:, 0] == pytest.approx([row.value for row in rows], abs=1e-5)


def test_sums_over_images_are_linear():
    kinds = {name: isinstance(measured, LinearMetrics) for name, measured in samples().items()}
    assert kinds == {"mAP50-95": False, "mIoU": True, "delta1": True}


def test_an_image_that_does_not_count_changes_nothing():
    measured = samples()["delta1"]
    values = measured.image_values()
    weights = np.ones((12, 1), np.float32)
    weights[3] = 0
    found = measured.replicates(weights, everything=False).metrics["delta1"][0]
    assert found == pytest.approx(np.delete(values, 3).mean(), abs=1e-6)

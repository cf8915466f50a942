"""IoU and pixel accuracy, held against Ultralytics' own on data that was really resampled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from task_samples import confusion, confusion_of, ours_under, resamples

from yololab.statistics.inference.paired_models import metrics_of


@pytest.mark.torch
@settings(max_examples=120, deadline=None)
@given(st.integers(1, 8), st.sampled_from([1, 2, 3, 6]), st.booleans(), st.integers(0, 2**32))
def test_iou_equals_ultralytics_on_resampled_data(theirs, images, names, ignored, seed):
    import torch

    rng = np.random.default_rng(seed)
    side = 2 if names == 1 else names
    # Some classes never occur, and some only in a few images.
    allowed = rng.integers(0, side, (images, rng.integers(1, 3)))
    truth = np.stack([rng.choice(row, (5, 7)) for row in allowed])
    if ignored:
        truth[rng.random(truth.shape) < 0.3] = 255
    predicted = np.where(rng.random(truth.shape) < 0.5, np.where(truth == 255, 0, truth), rng.integers(0, side))
    matrices = [confusion_of(p, t, side) for p, t in zip(predicted, truth, strict=True)]
    records = confusion(matrices, names)
    weights = resamples(rng, images)
    measure, found, classes = ours_under(records, "mIoU", weights)
    for column, copies in enumerate(weights.T):
        rows = np.repeat(np.arange(images), copies)
        expected = theirs.SemanticMetrics(names=records.names)
        expected.update_stats(torch.tensor(predicted[rows]), torch.tensor(truth[rows]))
        expected.process()
        iou, accuracy = found.metrics["mIoU"][column], found.metrics["pixel_acc"][column]
        if np.isnan(iou):  # nothing to measure, for which Ultralytics says 0
            assert expected.miou == 0
        else:
            assert iou == pytest.approx(expected.miou, abs=1e-6)
        assert accuracy == pytest.approx(expected.pixel_accuracy, abs=1e-6) or np.isnan(accuracy)
        for place, index in enumerate(classes):
            value = found.classes["IoU"][place, column]
            if index in expected.ap_class_index:
                assert value == pytest.approx(float(expected.per_class_iou[index]), abs=1e-6)
            elif names > 1:
                assert np.isnan(value)
        if column == 0:
            assert classes == list(expected.ap_class_index)
            assert [point.images for points in measure.class_points().values() for point in points] == [
                int(expected.nt_per_image[index]) for index in classes
            ]


@pytest.mark.parametrize("names", [1, 3])
def test_the_value_of_an_image_is_that_of_the_image_alone(monkeypatch, names):
    from yololab.statistics.metrics import confusion_metrics

    monkeypatch.setattr(confusion_metrics, "_IMAGES_AT_ONCE", 3)
    rng = np.random.default_rng(0)
    side = 2 if names == 1 else names
    matrices = rng.integers(0, 9, (8, side, side)) * rng.integers(0, 2, (8, side, side))
    values = metrics_of(confusion(matrices, names), "mIoU").image_values()
    for matrix, value in zip(matrices, values, strict=True):
        alone = metrics_of(confusion([matrix], names), "mIoU").points()["mIoU"]
        assert value == pytest.approx(alone) if alone is not None else np.isnan(value)

"""Classification, semantic segmentation and depth: our metrics under weights against Ultralytics' on resampled data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from task_samples import classified, depth, ours_under, resamples


@pytest.mark.torch
@settings(max_examples=120, deadline=None)
@given(st.integers(1, 12), st.sampled_from([1, 2, 4, 9]), st.integers(0, 2**32))
def test_accuracy_equals_ultralytics_on_resampled_data(theirs, images, names, seed):
    import torch

    rng = np.random.default_rng(seed)
    targets = rng.integers(0, names, images)
    predicted = np.array([rng.permutation(names)[:5] for _ in range(images)])
    weights = resamples(rng, images)
    measure, found, classes = ours_under(classified(targets, predicted, names), "top1", weights)
    for column, copies in enumerate(weights.T):
        rows = np.repeat(np.arange(images), copies)
        expected = theirs.ClassifyMetrics()
        expected.process([torch.tensor(targets[rows])], [torch.tensor(predicted[rows])])
        assert found.metrics["top1"][column] == pytest.approx(expected.top1, abs=1e-6)
        assert found.metrics["top5"][column] == pytest.approx(expected.top5, abs=1e-6)
        for place, index in enumerate(classes):
            own = rows[targets[rows] == index]
            value = found.classes["top1"][place, column]
            if len(own):
                assert value == pytest.approx(np.mean(predicted[own, 0] == index), abs=1e-12)
            else:
                assert np.isnan(value)
    assert measure.points()["top1"] == pytest.approx(np.mean(predicted[:, 0] == targets), abs=1e-15)


@pytest.mark.torch
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32))
def test_depth_equals_ultralytics_on_resampled_data(theirs, images, seed):
    import torch

    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.5, 60, (images, 6, 6)).astype(np.float32)
    truth[rng.random((images, 6, 6)) < rng.choice([0.1, 0.8], (images, 1, 1))] = 0  # unknown depth
    estimate = truth * rng.uniform(0.6, 1.6, truth.shape).astype(np.float32) + 0.1
    rows = []
    for number in range(images):
        alone = theirs.DepthMetrics()
        alone.update_stats(torch.tensor(estimate[number][None]), torch.tensor(truth[number][None]))
        rows.append(np.full(6, np.nan) if alone._totals is None else alone._totals.numpy())
    weights = resamples(rng, images)
    measure, found, _ = ours_under(depth(np.array(rows)), "delta1", weights)
    for column, copies in enumerate(weights.T):
        chosen = np.repeat(np.arange(images), copies)
        expected = theirs.DepthMetrics()
        expected.update_stats(torch.tensor(estimate[chosen]), torch.tensor(truth[chosen]))
        expected.process()
        for name, values in found.metrics.items():
            value = values[column]
            if np.isnan(value):
                assert expected._count == 0
            else:
                assert value == pytest.approx(expected.results_dict[f"metrics/{name}"], rel=1e-9, abs=1e-12)
    if np.isnan(np.array(rows)).all():
        assert set(measure.points().values()) == {None}

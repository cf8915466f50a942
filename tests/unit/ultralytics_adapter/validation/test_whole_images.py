"""What is kept of each image adds up to what Ultralytics says of all."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def whole_images(tmp_path_factory):
    from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

    base = tmp_path_factory.mktemp("ultralytics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()
    from yololab.ultralytics_adapter.validation import whole_images

    return whole_images


def test_pixels_are_counted_as_one_by_one(whole_images):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 4, (9, 7)), rng.integers(0, 3, (9, 7))
    truth[0], truth[1, 0] = 255, -1
    expected = np.zeros((3, 3), int)
    for true, found in zip(truth.ravel(), predicted.ravel(), strict=True):
        if true in (0, 1, 2):
            expected[true, found] += 1
    np.testing.assert_array_equal(whole_images.pixel_matrix(truth, predicted, 3), expected)


def test_depth_of_each_image_adds_up_to_that_of_ultralytics(whole_images):
    import torch
    from ultralytics.utils.metrics import DepthMetrics

    torch.manual_seed(0)
    truth = torch.rand(3, 1, 16, 16) * 10
    truth[1] = 0.0  # an image without any known depth
    predicted = truth + torch.rand(3, 1, 16, 16) + 0.1
    theirs, ours = DepthMetrics(), whole_images._EachImage()
    theirs.update_stats(predicted, truth)
    ours.update_stats(predicted, truth)
    theirs.process()
    ours.process()
    assert ours.results_dict == pytest.approx(theirs.results_dict)
    values, pixels = zip(*ours.values, strict=True)
    assert [value is None for value in values] == [False, True, False]
    assert pixels[1] == 0
    known = [value for value in values if value is not None]
    mean = {name: sum(value[name] for value in known) / len(known) for name in known[0]}
    assert any(value == pytest.approx(mean["delta1"], abs=1e-6) for value in theirs.results_dict.values())

"""What is measured of an image, held against OpenCV on all of its pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from yololab.data.images.appearance import appearance_of


@pytest.mark.parametrize("shape", [(480, 640), (330, 37), (40, 40), (3, 3)])
def test_bands_of_rows_say_what_the_whole_image_says(shape):
    rng = np.random.default_rng(1)
    pixels = cv2.GaussianBlur(rng.integers(0, 256, (*shape, 3), np.uint8), (0, 0), 1)
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    found = appearance_of(pixels)
    assert found.brightness == pytest.approx(grey.mean(), abs=3)
    assert found.blur == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F)[1:-1, 1:-1].var(), rel=0.15, abs=1e-6)
    blurred = appearance_of(cv2.GaussianBlur(pixels, (0, 0), 3))
    assert blurred.blur <= found.blur
    assert appearance_of(pixels // 2).brightness < found.brightness


def test_any_number_of_channels_is_measured():
    grey = np.random.default_rng(2).integers(0, 256, (64, 64), np.uint8)
    assert appearance_of(grey) == appearance_of(grey[..., None]) == appearance_of(np.repeat(grey[..., None], 5, axis=2))
    assert appearance_of(np.zeros((1, 2, 3), np.uint8)) == (0.0, 0.0)

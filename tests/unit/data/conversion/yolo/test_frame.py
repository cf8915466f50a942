"""Labels on turned and scaled images: where Pillow turns the picture to is where the label has to be."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from yololab.data.conversion.yolo.frame import MIRRORED, SCALED, TURNED, UNLIKE, Frame, frame_of


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_label_goes_where_its_pixels_go(orientation):
    pixels = np.zeros((30, 40), np.uint8)
    pixels[5:9, 20:32] = 255
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[274] = orientation
    image.info["exif"] = exif.tobytes()
    image.getexif()[274] = orientation
    turned = np.asarray(ImageOps.exif_transpose(image))
    rows, columns = np.nonzero(turned)
    height, width = turned.shape
    frame = Frame((40, 30), orientation)
    corners = frame.relative(np.array([(20, 5), (32, 9)])) * (width, height)
    assert np.allclose(corners.min(axis=0), (columns.min(), rows.min()))
    assert np.allclose(corners.max(axis=0), (columns.max() + 1, rows.max() + 1))


@pytest.mark.parametrize(
    ("declared", "orientation", "expected"),
    [
        (None, 1, Frame((40, 30))),
        ((40, 30), 1, Frame((40, 30))),
        ((40, 30), 6, Frame((40, 30), 6, TURNED)),  # drawn on the image as it is stored
        ((30, 40), 6, Frame((30, 40))),  # drawn on it as it is seen
        (None, 8, Frame((30, 40))),
        ((80, 60), 1, Frame((80, 60), note=SCALED)),
        ((80, 60), 6, Frame((80, 60), 6, TURNED)),
        ((90, 30), 1, Frame((40, 30), note=UNLIKE)),
        ((40, 30), 3, Frame((40, 30), note=MIRRORED)),
        ((1, 1), 1, Frame((1, 1))),
    ],
)
def test_the_size_in_the_source_tells_how_it_was_labelled(declared, orientation, expected):
    assert frame_of(declared, (40, 30), orientation) == expected

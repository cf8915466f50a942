"""Images by all that other programs call them."""

from __future__ import annotations

import pytest

from yololab.data.conversion.image_lookup import AMBIGUOUS, UNKNOWN, ImageLookup

KEYS = ("images/val/000139.jpg", "images/val/street.final.png", "other/a.jpg", "val/a.jpg")


@pytest.mark.parametrize(
    ("image", "file_name", "place"),
    [
        (139, None, 0),
        ("000139", None, 0),
        ("139", None, 0),
        ("val/000139.jpg", None, 0),
        ("/home/x/val2017/000139.jpg", None, 0),
        ("street.final", None, 1),
        (r"C:\data\val\street.final.png", None, 1),
        (999, "street.final.png", 1),
        ("a.jpg", None, AMBIGUOUS),
        ("other/a.jpg", None, 2),
        ("./val/a.jpg", None, 3),
        (139.0, None, 0),
        (139.5, None, UNKNOWN),
        (None, None, UNKNOWN),
        ("nobody.jpg", None, UNKNOWN),
        (7, "nobody.jpg", UNKNOWN),
    ],
)
def test_images_of_a_dataset(image, file_name, place):
    assert ImageLookup(KEYS).place(image, file_name) == place


@pytest.mark.parametrize(
    ("image", "place"), [(5, 0), (139, 1), ("139", 1), ("000139.jpg", 0), ("a.jpg", 1), (8, UNKNOWN)]
)
def test_ids_of_a_file_go_before_numbers_in_names(image, place):
    assert ImageLookup(("000139.jpg", "a.jpg"), (5, 139)).place(image) == place

"""Shapes of LabelMe."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from PIL import Image

from yololab.data.conversion.sources.labelme import outlines, read_labelme


def labels(shapes, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"shapes": shapes, "imagePath": "..\\a.jpg", "imageHeight": 9}))
    return read_labelme([tmp_path / "a.json"], tmp_path).images[0].labels


def test_every_shape(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.full((3, 3), 255, np.uint8)).save(picture, "PNG")
    png = base64.b64encode(picture.getvalue()).decode()
    box, disc, mask, turned, point, other = labels(
        [
            {"label": "a", "shape_type": "rectangle", "points": [[30, 4], [10, 20]]},
            {"label": "a", "shape_type": "circle", "points": [[50, 50], [50, 60]]},
            {"label": "a", "shape_type": "mask", "points": [[4, 6], [6, 8]], "mask": png},
            {"label": "a", "shape_type": "oriented_rectangle", "points": [[1, 0], [2, 1], [1, 2], [0, 1]]},
            {"label": "a", "shape_type": "point", "points": [[1, 1]]},
            {"label": "a", "shape_type": "cuboid", "points": []},
        ],
        tmp_path,
    )  # fmt: skip
    assert box.box == (10, 4, 30, 20)
    assert disc.box == (40, 40, 60, 60)
    assert sorted(mask.polygons[0].tolist()) == [[4, 6], [4, 8], [6, 6], [6, 8]]
    assert turned.corners.shape == (4, 2)
    assert point.left_out == "point: a shape without an area"
    assert other.left_out == "cuboid: a shape that is not known"


def test_shapes_of_one_group_are_one_object(tmp_path):
    square = [[0, 0], [9, 0], [9, 9]]
    found = labels([{"label": name, "points": square, "group_id": group} for name, group in
                    (("a", 1), ("a", 1), ("b", 1), ("a", None), ("a", None))], tmp_path)  # fmt: skip
    assert [(label.name, len(outlines(label))) for label in found] == [("a", 2), ("b", 1), ("a", 1), ("a", 1)]

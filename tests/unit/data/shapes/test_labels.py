"""The labels of the built-in datasets fit what is drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw
from shapes_samples import exact_outline, on_black, plain

from yololab.data.shapes.labels import (
    FLIPPED_KEYPOINTS,
    IGNORED,
    box_text,
    depth_map,
    keypoint_text,
    keypoints,
    polygon_text,
    rotated_corners,
    rotated_text,
    semantic_mask,
    visible_outline,
)
from yololab.data.shapes.scene import SEEN, Kind, compose_scene

SIZE = 160
SCENES = [compose_scene(np.random.default_rng(index), SIZE) for index in range(40)]


def rows(text: str) -> list[list[float]]:
    return [[float(value) for value in row.split(" ")] for row in text.splitlines()]


def label_boxes(text: str, size: int) -> list[tuple[int, float, float, float, float]]:
    """Class, left, top, right and bottom in px."""
    return [
        (int(kind), *(size * value for value in (x - width / 2, y - height / 2, x + width / 2, y + height / 2)))
        for kind, x, y, width, height in rows(text)
    ]


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    found_rows, columns = np.nonzero(mask)
    return columns.min(), found_rows.min(), columns.max() + 1, found_rows.max() + 1


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(("centre", "angle"), [((48.3, 51.7), 17), ((5.0, 92.5), 200), ((90.2, 3.0), 301)])
def test_boxes_enclose_what_is_painted(kind: Kind, centre: tuple[float, float], angle: int) -> None:
    scene = on_black(96, plain(kind, centre, 20.5, angle))
    (found,) = label_boxes(box_text(scene), 96)
    assert found[0] == kind.value
    assert found[1:] == pytest.approx(extent(scene.image.max(axis=2) >= 128), abs=1e-3)


@pytest.mark.heavy
def test_boxes_fit_shapes_drawn_by_another_library() -> None:
    """Each shape's outline is drawn eight times as large, cut by the image, and looked at in the pixels' centres."""
    away = []
    for scene in SCENES:
        for shape, (kind, *box) in zip(scene.shapes, label_boxes(box_text(scene), SIZE), strict=True):
            fine = Image.new("1", (SIZE * 8, SIZE * 8))
            ImageDraw.Draw(fine).polygon([(8 * x, 8 * y) for x, y in exact_outline(shape)], fill=1)
            mask = np.array(fine)
            assert kind == shape.kind
            assert np.abs(np.subtract(box, extent(mask[4::8, 4::8]))).max() <= 1.001
            # the sharpest corner ends between the centres of two pixels
            assert np.abs(np.multiply(box, 8) - extent(mask)).max() <= 1.5 * 8
            away.append(np.subtract(box, extent(mask[4::8, 4::8])))
    assert len(away) > 80
    assert np.abs(away).mean() < 0.1


def filled(points: list[tuple[float, float]]) -> np.ndarray:
    """A polygon painted by OpenCV, eight times as fine, and looked at in the centres of the pixels."""
    fine = np.zeros((SIZE * 8, SIZE * 8), dtype=np.uint8)
    cv2.fillPoly(fine, [np.rint(np.array(points) * 8).astype(np.int32)], 1)
    return fine[4::8, 4::8] > 0


def test_polygons_cover_the_pixels_of_their_shape() -> None:
    for scene in SCENES:
        found = zip(scene.shapes, scene.coverage, rows(polygon_text(scene)), strict=True)
        for shape, cover, (kind, *values) in found:
            points = np.array(values).reshape(-1, 2) * SIZE
            assert kind == shape.kind
            assert len(points) >= 3
            assert points.min() >= 0
            assert points.max() <= SIZE
            mask, painted = cover >= SEEN, filled(points.tolist())
            assert (mask & painted).sum() / (mask | painted).sum() > 0.95


def test_rotated_boxes_enclose_the_outline_tightly() -> None:
    turned = 0
    for scene in SCENES:
        for shape, (kind, *values) in zip(scene.shapes, rows(rotated_text(scene)), strict=True):
            corners = np.array(values).reshape(4, 2) * SIZE
            assert kind == shape.kind
            sides = np.diff([*corners, corners[0]], axis=0)
            assert abs(sides[0] @ sides[1]) < 1e-2 * np.linalg.norm(sides[0]) * np.linalg.norm(sides[1])  # right angles
            outline = visible_outline(shape, SIZE)
            for side, start in zip(sides, corners, strict=True):
                normal = np.array([side[1], -side[0]]) / np.linalg.norm(side)
                distances = (outline - start) @ normal
                assert distances.max() == pytest.approx(0, abs=1e-2)  # touches this side and nothing is beyond it
            assert ((corners.min(axis=0) + corners.max(axis=0)) / 2 >= 0).all()
            if shape.kind is Kind.SQUARE and shape.outline().min() >= 0 and shape.outline().max() <= SIZE:
                np.testing.assert_allclose(sorted(corners.tolist()), sorted(shape.outline().tolist()), atol=1e-2)
                turned += shape.angle != 0
    assert turned > 10
    circle = rotated_corners(plain(Kind.CIRCLE, (48, 48), 10, 17), 96)
    np.testing.assert_allclose(circle, [(38, 38), (58, 38), (58, 58), (38, 58)])


@pytest.mark.parametrize("angle", [0, 20, -15])
@pytest.mark.parametrize("kind", Kind)
def test_keypoints_lie_on_the_outline(kind: Kind, angle: int) -> None:
    shape = plain(kind, (60.0, 55.0), 30.0, angle)
    contour = visible_outline(shape, 128).astype(np.float32)
    tolerance = 1e-3
    centre, *others = keypoints(shape)
    assert tuple(centre) == shape.centre
    for point in others:
        assert abs(cv2.pointPolygonTest(contour, point, measureDist=True)) < tolerance
    left, top, right, bottom = others
    assert left[0] < centre[0] < right[0]
    assert top[1] < centre[1] < bottom[1]


def test_mirrored_keypoints_are_those_of_the_mirrored_shape() -> None:
    for kind in Kind:
        shape, mirrored = plain(kind, (60, 55), 30, 12), plain(kind, (128 - 60, 55), 30, -12)
        points = keypoints(shape)[list(FLIPPED_KEYPOINTS)]
        np.testing.assert_allclose(np.column_stack([128 - points[:, 0], points[:, 1]]), keypoints(mirrored))


def test_keypoints_say_whether_they_are_seen() -> None:
    far, near = plain(Kind.SQUARE, (30, 50), 40), plain(Kind.CIRCLE, (58, 50), 6)
    first, second = rows(keypoint_text(on_black(100, far, near)))
    assert first[0] == Kind.SQUARE
    assert first[7::3] == [2, 2, 2, 1, 2]  # the right one is behind the circle
    assert first[5:7] == [0.3, 0.5]
    assert second[7::3] == [2, 2, 2, 2, 2]
    (cut,) = rows(keypoint_text(on_black(100, plain(Kind.CIRCLE, (10, 50), 20))))
    assert cut[7::3] == [2, 0, 2, 2, 2]
    assert cut[8:10] == [0, 0]


def test_masks_name_the_nearest_shape_of_each_pixel() -> None:
    for scene in SCENES:
        mask = semantic_mask(scene)
        expected = np.zeros((SIZE, SIZE), dtype=int)
        for shape, cover in zip(scene.shapes, scene.coverage, strict=True):
            expected[cover >= SEEN] = shape.kind + 1
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) <= {0, 1, 2, 3, IGNORED}
        assert (mask == expected)[mask != IGNORED].all()
        assert 0 < (mask == IGNORED).mean() < 0.1


def test_depth_follows_size_and_order() -> None:
    for scene in SCENES:
        depth = depth_map(scene) / 1000
        known = depth > 0
        assert known.mean() > 0.9
        assert depth[known].min() > 0.5
        assert depth.max() < 8
        nearest = scene.shapes[-1]
        inside = (scene.coverage[-1] >= SEEN) & known
        assert len(np.unique(depth[inside])) == 1
        assert depth[inside][0] <= 0.4 * SIZE / nearest.radius + 1e-3
    large, small = plain(Kind.CIRCLE, (48, 48), 20), plain(Kind.CIRCLE, (48, 48), 10)
    depth = depth_map(on_black(96, large, small))
    assert depth[48, 33] == 1920  # 0.4 m * 96 / 20
    assert depth[48, 48] == 1820  # what covers it is nearer, small as it looks

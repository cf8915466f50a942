"""Polygons joined to one, and rotated boxes, beside OpenCV."""

from __future__ import annotations

import cv2
import numpy as np

from yololab.data.conversion.yolo.outlines import area, corners_of, joined, rotated_corners


def test_joined_parts_fill_the_same_pixels():
    rng = np.random.default_rng(0)
    parts = []
    for x, y in ((20, 20), (120, 30), (60, 130), (150, 150)):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        parts.append(np.column_stack([x + 15 * np.cos(angles), y + 15 * np.sin(angles)]))
    apart, together = (np.zeros((200, 200), np.uint8) for _ in range(2))
    for part in parts:
        cv2.fillPoly(apart, [part.round().astype(np.int32)], 1)
    cv2.fillPoly(together, [joined(parts).round().astype(np.int32)], 1)
    bridges = (apart != together).sum()
    assert bridges < 350  # lines of one pixel, as OpenCV draws an outline that has no width
    assert not (apart & ~together).any()
    assert np.isclose(area(joined(parts)), sum(map(area, parts)))


def test_a_rotated_box_is_found_again():
    corners = cv2.boxPoints(((50.0, 40.0), (30.0, 12.0), 25.0))
    inside = np.concatenate([corners, corners.mean(axis=0)[None], (corners[:1] + corners[1:2]) / 2])
    found = rotated_corners(inside.astype(np.float64))
    assert np.isclose(area(found), 360, atol=0.01)
    assert rotated_corners(corners_of((1, 2, 3, 5))).tolist() == [[1, 2], [3, 2], [3, 5], [1, 5]]

"""Scenes of the built-in datasets: nothing hidden, nearer over farther, and pixels that fit the outlines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw
from shapes_samples import exact_outline, on_black, plain

from yololab.data.shapes.scene import DARK, LEAST_VISIBLE, LIGHT, SEEN, Kind, compose_scene, coverage

SIZE = 160
SCENES = [compose_scene(np.random.default_rng(index), SIZE) for index in range(60)]


def kinds(*shapes):
    return [shape.kind for shape in on_black(96, *shapes).shapes]


@pytest.mark.heavy
def test_coverage_is_that_of_another_library():
    """Each outline is drawn eight times as large by Pillow, and averaged over the pixels."""
    differences = []
    for scene in SCENES[:20]:
        for shape, cover in zip(scene.shapes, scene.coverage, strict=True):
            fine = Image.new("L", (SIZE * 8, SIZE * 8))
            ImageDraw.Draw(fine).polygon([(8 * x - 0.5, 8 * y - 0.5) for x, y in exact_outline(shape)], fill=255)
            expected = np.array(fine).reshape(SIZE, 8, SIZE, 8).mean(axis=(1, 3))
            differences.append(np.abs(cover - expected).max())
            assert abs(cover.sum() / expected.sum() - 1) < 0.02
    assert len(differences) > 40
    assert max(differences) < 96  # of 255: Pillow rounds its corners to an eighth of a pixel, and so do we


def test_coverage_of_half_pixels_is_exact():
    cover = coverage(np.array([(2, 2), (6.5, 2), (6.5, 5), (2, 5)]), 8)
    assert cover[3].tolist() == [0, 0, 255, 255, 255, 255, pytest.approx(143, abs=16), 0]
    assert cover[:, 3].tolist() == [0, 0, 255, 255, 255, pytest.approx(16, abs=16), 0, 0]


def test_hidden_shapes_leave_the_scene():
    far, near = plain(Kind.SQUARE, (48, 48), 12), plain(Kind.CIRCLE, (48, 48), 30)
    beside = plain(Kind.TRIANGLE, (80, 80), 10)
    assert kinds(far, near, beside) == [Kind.CIRCLE, Kind.TRIANGLE]
    assert kinds(near, far, beside) == [Kind.CIRCLE, Kind.SQUARE, Kind.TRIANGLE]


def test_what_a_removed_shape_hid_counts_as_visible():
    small, middle, large = (plain(Kind.CIRCLE, (48, 48), radius) for radius in (10, 12, 13))
    assert on_black(96, small, middle, large).shapes == (large,)
    # `moved` hides a part of both; without `middle`, `small` would be seen
    moved = plain(Kind.CIRCLE, (48 + 17, 48), 13)
    assert on_black(96, small, moved).shapes == (small, moved)


def test_every_shape_of_a_scene_can_be_seen():
    for scene in SCENES:
        assert 1 <= len(scene.shapes) <= 6
        covered = np.zeros((SIZE, SIZE), dtype=bool)
        for cover in reversed(scene.coverage):
            mask = cover >= SEEN
            assert (mask & ~covered).sum() >= LEAST_VISIBLE * mask.sum() > 0
            covered |= mask


def test_nearer_shapes_are_painted_over_farther_ones():
    near = plain(Kind.CIRCLE, (48, 48), 10, colour=(200, 0, 0))
    image = on_black(96, plain(Kind.SQUARE, (48, 48), 30), near).image
    assert image[48, 48].tolist() == [200, 0, 0]
    assert image[48, 30].tolist() == [255, 255, 255]


def test_all_textures_are_drawn_and_most_shapes_are_plain():
    textures = [shape.texture for scene in SCENES for shape in scene.shapes]
    assert set(textures) == {0, 1, 2, 3}
    assert 0.4 < np.mean(np.equal(textures, 0)) < 0.7


def test_one_texture_repeats_after_its_period():
    striped = replace(plain(Kind.SQUARE, (48, 48), 60), colours=np.array([[255.0] * 3, [0.0] * 3]), texture=1, period=8)
    row = on_black(96, striped).image[48, :, 0]
    assert row[8:88].tolist() == ([255] * 4 + [0] * 4) * 10


def test_a_shape_alone_is_lighter_than_what_is_behind_it():
    found = set()
    for index in range(40):
        scene = compose_scene(np.random.default_rng(index), SIZE, alone=True)
        (shape,), (cover,) = scene.shapes, scene.coverage
        found.add(shape.kind)
        assert shape.colours.min() >= LIGHT[0] > DARK[1]
        # clouds and grain come on top of the colours
        assert np.median(scene.image[cover == 255]) > LIGHT[0] - 20
        assert np.median(scene.image[cover == 0]) < DARK[1]
    assert found == set(Kind)

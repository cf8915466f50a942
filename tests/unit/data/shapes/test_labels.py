"""The built-in datasets of the other tasks: the scenes of `shapes`, with labels that fit what is drawn."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image
from shapes_samples import BLACK, tree_hash, white

from yololab.data.shapes.dataset import VARIANTS, ShapesSpec, ensure_shapes
from yololab.data.shapes.drawing import draw_scene, write_png
from yololab.data.shapes.labels import (
    FLIPPED_KEYPOINTS,
    KEYPOINTS,
    keypoint_text,
    keypoints,
    polygon_text,
    rotated_corners,
    rotated_text,
    visible_outline,
)
from yololab.data.shapes.maps import IGNORED, depth_map, main_shape, semantic_mask
from yololab.data.shapes.scene import (
    DARKEST_LIGHT,
    LIGHTEST_DARK,
    Kind,
    Scene,
    compose_scene,
    main_shape_alone,
    shape_mask,
)

SMALL = ShapesSpec(seed=3, image_size=64, train=6, val=4, test=3)
SIZE = 160
SCENES = [compose_scene(np.random.default_rng(index), SIZE) for index in range(40)]
GOLDEN = {
    "shapes-seg": "7aa93116d5cf10bcd4699b8ecd0d4e731f297dfa1be4e813e0a294bd743bef65",
    "shapes-pose": "748a959627de993e61a76cf75dd7325180dede2b0b0a9d96a509faa413a862e6",
    "shapes-obb": "3e93729d978602252a8b6862d3ccf1a7d2e24fafd813d46a8236569b219c3b2b",
    "shapes-cls": "e6056cbd9c62408931c1d69700f72da0c5c3269e6e6fa2d75e44cfc4e08e3be2",
    "shapes-sem": "1d7b30f6558213fe254127882e81c0c497e0eeaf694ff97e7f65b58624ec1c9d",
    "shapes-depth": "9fce37e5b2a73bd25649c9bd39ed9dc84f7628c7710dda7ea97725ca77346288",
}


def rows(text: str) -> list[list[float]]:
    return [[float(value) for value in row.split(" ")] for row in text.splitlines()]


def folder_of(variant: str, tmp_path: Path) -> Path:
    found = ensure_shapes(replace(SMALL, variant=variant), tmp_path)
    return found if found.is_dir() else found.parent


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"shapes"}))
def test_bytes_are_those_of_every_other_machine(variant: str, tmp_path: Path) -> None:
    """When this fails the generator has changed: the version of the variant must count up."""
    assert tree_hash(folder_of(variant, tmp_path)) == GOLDEN[variant]
    assert ensure_shapes(replace(SMALL, variant=variant), tmp_path).exists()  # found, not drawn again


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"shapes", "shapes-cls"}))
def test_images_are_those_of_the_detection_dataset(variant: str, tmp_path: Path) -> None:
    mine, other = folder_of(variant, tmp_path), folder_of("shapes", tmp_path)
    images = sorted(other.rglob("images/*.png"))
    assert len(images) == 13
    for image in images:
        assert (mine / image.relative_to(other)).read_bytes() == image.read_bytes()


def test_files_say_what_ultralytics_asks_for(tmp_path: Path) -> None:
    pose = yaml.safe_load((folder_of("shapes-pose", tmp_path) / "data.yaml").read_text())
    assert pose["kpt_shape"] == [5, 3]
    assert [KEYPOINTS[index] for index in pose["flip_idx"]] == ["centre", "right", "top", "left", "bottom"]
    semantic = yaml.safe_load((folder_of("shapes-sem", tmp_path) / "data.yaml").read_text())
    assert semantic["masks_dir"] == "masks"
    assert semantic["names"] == {0: "background", 1: "circle", 2: "square", 3: "triangle"}
    depth = yaml.safe_load((folder_of("shapes-depth", tmp_path) / "data.yaml").read_text())
    assert depth["depth_scale"] == 1000
    folder = folder_of("shapes-cls", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["test", "train", "val"]
    assert sorted(path.name for path in (folder / "val").iterdir()) == ["circle", "square", "triangle"]
    assert len(list(folder.rglob("*.png"))) == 13


def filled(points: list[tuple[float, float]]) -> np.ndarray:
    """A polygon painted by OpenCV, eight times as fine, and looked at in the centres of the pixels."""
    fine = np.zeros((SIZE * 8, SIZE * 8), dtype=np.uint8)
    cv2.fillPoly(fine, [np.rint(np.array(points) * 8).astype(np.int32)], 1)
    return fine[4::8, 4::8] > 0


def test_polygons_cover_the_pixels_of_their_shape() -> None:
    for scene in SCENES:
        for shape, (kind, *values) in zip(scene.shapes, rows(polygon_text(scene)), strict=True):
            points = np.array(values).reshape(-1, 2) * SIZE
            assert kind == shape.kind
            assert len(points) >= 3
            assert points.min() >= 0
            assert points.max() <= SIZE
            mask, painted = shape_mask(shape, SIZE), filled(points.tolist())
            assert (mask & painted).sum() / (mask | painted).sum() > 0.95


def test_rotated_boxes_enclose_the_outline_tightly() -> None:
    turned = 0
    for scene in SCENES:
        for shape, (kind, *values) in zip(scene.shapes, rows(rotated_text(scene)), strict=True):
            corners = np.array(values).reshape(4, 2) * SIZE
            assert kind == shape.kind
            sides = np.diff([*corners, corners[0]], axis=0)
            assert abs(sides[0] @ sides[1]) < 1e-2 * np.linalg.norm(sides[0]) * np.linalg.norm(sides[1])  # right angles
            outline = np.array(visible_outline(shape, SIZE))
            for side, start in zip(sides, corners, strict=True):
                normal = np.array([side[1], -side[0]]) / np.linalg.norm(side)
                distances = (outline - start) @ normal
                assert distances.max() == pytest.approx(0, abs=1e-2)  # touches this side and nothing is beyond it
            assert ((corners.min(axis=0) + corners.max(axis=0)) / 2 >= 0).all()
            if shape.kind is Kind.SQUARE and set(shape.corners()) == set(visible_outline(shape, SIZE)):
                np.testing.assert_allclose(sorted(corners.tolist()), sorted(outline.tolist()), atol=1e-2)
                turned += shape.angle != 0
    assert turned > 10
    circle = rotated_corners(white(Kind.CIRCLE, (48, 48), 10, 17), 96)
    np.testing.assert_allclose(circle, [(38, 38), (58, 38), (58, 58), (38, 58)])


@pytest.mark.parametrize("angle", [0, 20, -15])
@pytest.mark.parametrize("kind", Kind)
def test_keypoints_lie_on_the_outline(kind: Kind, angle: int) -> None:
    shape = white(kind, (60.0, 55.0), 30.0, angle)
    contour = np.array(visible_outline(shape, 128), dtype=np.float32)
    tolerance = 0.3 if kind is Kind.CIRCLE else 1e-3  # a polygon of 24 points
    centre, *others = keypoints(shape)
    assert centre == shape.centre
    for point in others:
        assert abs(cv2.pointPolygonTest(contour, point, measureDist=True)) < tolerance
    left, top, right, bottom = others
    assert left[0] < centre[0] < right[0]
    assert top[1] < centre[1] < bottom[1]


def test_mirrored_keypoints_are_those_of_the_mirrored_shape() -> None:
    for kind in Kind:
        shape, mirrored = white(kind, (60, 55), 30, 12), white(kind, (128 - 60, 55), 30, -12)
        points = [keypoints(shape)[index] for index in FLIPPED_KEYPOINTS]
        assert [(128 - x, y) for x, y in points] == [pytest.approx(point) for point in keypoints(mirrored)]


def test_keypoints_say_whether_they_are_seen() -> None:
    far, near = white(Kind.SQUARE, (30, 50), 40), white(Kind.CIRCLE, (58, 50), 6)
    first, second = rows(keypoint_text(Scene(100, BLACK, (far, near), 0)))
    assert first[0] == Kind.SQUARE
    assert first[7::3] == [2, 2, 2, 1, 2]  # the right one is behind the circle
    assert first[5:7] == [0.3, 0.5]
    assert second[7::3] == [2, 2, 2, 2, 2]
    (cut,) = rows(keypoint_text(Scene(100, BLACK, (white(Kind.CIRCLE, (10, 50), 20),), 0)))
    assert cut[7::3] == [2, 0, 2, 2, 2]
    assert cut[8:10] == [0, 0]


def test_masks_name_the_nearest_shape_of_each_pixel() -> None:
    for scene in SCENES:
        mask = semantic_mask(scene)
        expected = np.zeros((SIZE, SIZE), dtype=int)
        for shape in scene.shapes:
            expected[shape_mask(shape, SIZE)] = shape.kind + 1
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
        inside = shape_mask(nearest, SIZE) & known
        assert len(np.unique(depth[inside])) == 1
        assert depth[inside][0] <= 0.4 * SIZE / nearest.radius + 1e-3
    large, small = white(Kind.CIRCLE, (48, 48), 20), white(Kind.CIRCLE, (48, 48), 10)
    depth = depth_map(Scene(96, BLACK, (large, small), 0))
    assert depth[48, 33] == 1920  # 0.4 m * 96 / 20
    assert depth[48, 48] == 1820  # what covers it is nearer, small as it looks


def test_crops_show_the_nearest_shape_whole(tmp_path: Path) -> None:
    kinds = set()
    for scene in SCENES:
        shape, image = scene.shapes[-1], draw_scene(scene)
        kind, part = main_shape(scene, image)
        kinds.add(kind)
        assert part.shape == (SIZE // 2, SIZE // 2, 3)
        assert kind is shape.kind
        coded = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
        coded[shape_mask(shape, SIZE)] = 255
        assert main_shape(scene, coded)[1].sum() == coded.sum()
    assert kinds == set(Kind)


def test_a_shape_alone_is_lighter_than_what_is_behind_it() -> None:
    for scene in SCENES:
        alone = main_shape_alone(scene)
        (shape,) = alone.shapes
        assert (shape.kind, shape.corners()) == (scene.shapes[-1].kind, scene.shapes[-1].corners())
        colours = [*alone.background.colours, *(bar.colour for bar in alone.background.bars)]
        assert max(max(colour) for colour in colours) <= LIGHTEST_DARK < DARKEST_LIGHT
        assert min(min(colour) for colour in shape.colours) >= DARKEST_LIGHT


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_png_is_read_back_as_it_was(tmp_path: Path, dtype: type) -> None:
    image = np.random.default_rng(0).integers(np.iinfo(dtype).max + 1, size=(13, 17), dtype=dtype)
    path = tmp_path / "map.png"
    write_png(path, image)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), image)
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), image)
    assert Image.open(path).mode == ("L" if dtype is np.uint8 else "I;16")

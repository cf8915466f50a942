"""The built-in dataset: the same bytes everywhere, tight labels, never half made."""

import hashlib
import math
import multiprocessing
import os
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw
from shapes_samples import BLACK, tree_hash, white

from yololab.data.shapes import dataset as shapes
from yololab.data.shapes.dataset import ShapesSpec, ensure_shapes
from yololab.data.shapes.drawing import draw_scene, write_png
from yololab.data.shapes.labels import box_text
from yololab.data.shapes.scene import (
    LEAST_VISIBLE,
    Kind,
    Scene,
    Shape,
    compose_scene,
    shape_mask,
    visible_shapes,
)
from yololab.errors import InputError

SMALL = ShapesSpec(seed=3, image_size=64, train=12, val=8, test=8)
GOLDEN = "2a0d11bd51e4928574aeea5b4892a16c13168009e1596169281cd8afedd08621"
FORK = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")


def label_boxes(text: str, size: int) -> list[tuple[int, float, float, float, float]]:
    """Class, left, top, right and bottom in px."""
    boxes = []
    for row in text.splitlines():
        kind, x, y, width, height = row.split(" ")
        x, y, width, height = (float(value) * size for value in (x, y, width, height))
        boxes.append((int(kind), x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return boxes


def extent(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def outline(shape: Shape) -> list[tuple[float, float]]:
    """The shape's corners (many of them for a circle) from its definition alone."""
    degrees = {
        Kind.CIRCLE: range(360),
        Kind.SQUARE: (45, 135, 225, 315),
        Kind.TRIANGLE: (90, 210, 330),
    }[shape.kind]
    turned = [math.radians(shape.angle + degree) for degree in degrees]
    x, y = shape.centre
    return [(x + shape.radius * math.cos(angle), y + shape.radius * math.sin(angle)) for angle in turned]


def test_same_spec_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = ensure_shapes(SMALL, tmp_path / "a").parent
    second = ensure_shapes(SMALL, tmp_path / "b c/ü").parent
    other = ensure_shapes(replace(SMALL, seed=4), tmp_path / "a").parent
    assert tree_hash(first) == tree_hash(second) != tree_hash(other)


def test_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    """When this fails the generator has changed: the variant's version must count up."""
    assert shapes.VARIANTS["shapes"].version == 1
    assert tree_hash(ensure_shapes(SMALL, tmp_path).parent) == GOLDEN


def test_more_images_leave_the_first_ones_as_they_are(tmp_path: Path) -> None:
    few = ensure_shapes(SMALL, tmp_path).parent
    many = ensure_shapes(replace(SMALL, train=14), tmp_path).parent
    for path in (few / "train").rglob("*.*"):
        assert path.read_bytes() == (many / path.relative_to(few)).read_bytes()


def test_layout_can_be_moved(tmp_path: Path) -> None:
    data = ensure_shapes(SMALL, tmp_path)
    assert data == tmp_path / "shapes-v1-seed3-64px-12-8-8" / "data.yaml"
    content = yaml.safe_load(data.read_text(encoding="utf-8"))
    assert content == {
        "train": "train/images",
        "val": "val/images",
        "test": "test/images",
        "names": {0: "circle", 1: "square", 2: "triangle"},
    }
    for split, count in (("train", 12), ("val", 8), ("test", 8)):
        images = sorted(path.stem for path in (data.parent / split / "images").iterdir())
        labels = sorted(path.stem for path in (data.parent / split / "labels").iterdir())
        assert len(images) == count
        assert images == labels


def test_no_image_is_in_two_splits_or_twice_in_one(tmp_path: Path) -> None:
    images = list(ensure_shapes(SMALL, tmp_path).parent.rglob("*.png"))
    assert len({hashlib.sha256(image.read_bytes()).digest() for image in images}) == len(images) == 28


def test_all_classes_are_in_all_splits_of_the_default(tmp_path: Path) -> None:
    folder = ensure_shapes(replace(ShapesSpec(), image_size=32), tmp_path).parent
    for split in ("train", "val", "test"):
        rows = [row for file in (folder / split / "labels").iterdir() for row in file.read_text().splitlines()]
        counts = np.bincount([int(row.split()[0]) for row in rows], minlength=3)
        assert counts.min() > 0.25 * len(rows)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(("centre", "angle"), [((48.3, 51.7), 17), ((5.0, 92.5), 200), ((90.2, 3.0), 301)])
def test_boxes_enclose_what_is_painted(kind: Kind, centre: tuple[float, float], angle: int) -> None:
    scene = Scene(96, BLACK, (white(kind, centre, 20.5, angle),), noise_seed=0)
    painted = draw_scene(scene).max(axis=2) >= 128
    (found,) = label_boxes(box_text(scene), 96)
    assert found[0] == kind.value
    assert found[1:] == pytest.approx(extent(painted), abs=1e-3)


def test_boxes_fit_shapes_drawn_by_another_library() -> None:
    """Each shape's outline is drawn eight times as large, cut by the image, and looked at in the pixels' centres."""
    away = []
    for index in range(40):
        scene = compose_scene(np.random.default_rng(index), 160)
        for shape, (kind, *box) in zip(scene.shapes, label_boxes(box_text(scene), 160), strict=True):
            fine = Image.new("1", (160 * 8, 160 * 8))
            ImageDraw.Draw(fine).polygon([(8 * x, 8 * y) for x, y in outline(shape)], fill=1)
            mask = np.array(fine)
            assert kind == shape.kind
            assert np.abs(np.subtract(box, extent(mask[4::8, 4::8]))).max() <= 1.001
            # the sharpest corner ends between the centres of two pixels
            assert np.abs(np.multiply(box, 8) - extent(mask)).max() <= 1.5 * 8
            away.append(np.subtract(box, extent(mask[4::8, 4::8])))
    assert len(away) > 80
    assert np.abs(away).mean() < 0.1


def test_boxes_lie_in_the_image_with_six_decimals(tmp_path: Path) -> None:
    folder = ensure_shapes(SMALL, tmp_path).parent
    for file in folder.rglob("labels/*.txt"):
        text = file.read_bytes().decode("ascii")
        assert text.endswith("\n")
        assert "\r" not in text
        for row in text.splitlines():
            assert all(len(value.split(".")[1]) == 6 for value in row.split(" ")[1:])
        for _, left, top, right, bottom in label_boxes(text, 64):
            assert -1e-3 <= left < right <= 64.001
            assert -1e-3 <= top < bottom <= 64.001


def test_hidden_shapes_leave_the_scene() -> None:
    far = white(Kind.SQUARE, (48, 48), 12)
    near = white(Kind.CIRCLE, (48, 48), 30)
    beside = white(Kind.TRIANGLE, (80, 80), 10)
    assert visible_shapes((far, near, beside), 96) == (near, beside)
    assert visible_shapes((near, far, beside), 96) == (near, far, beside)


def test_what_a_removed_shape_hid_counts_as_visible() -> None:
    small, middle, large = (white(Kind.CIRCLE, (48, 48), radius) for radius in (10, 12, 13))
    assert visible_shapes((small, middle, large), 96) == (large,)
    moved = replace(large, centre=(48 + 17, 48))
    # `moved` hides a part of both; without `middle`, `small` would be seen
    assert visible_shapes((small, moved), 96) == (small, moved)


def test_every_shape_of_a_scene_can_be_seen() -> None:
    for index in range(60):
        scene = compose_scene(np.random.default_rng(index), 160)
        covered = np.zeros((160, 160), dtype=bool)
        for shape in reversed(scene.shapes):
            mask = shape_mask(shape, 160)
            assert (mask & ~covered).sum() >= LEAST_VISIBLE * mask.sum() > 0
            covered |= mask


def test_nearer_shapes_are_painted_over_farther_ones() -> None:
    far = white(Kind.SQUARE, (48, 48), 30)
    near = replace(white(Kind.CIRCLE, (48, 48), 10), colours=((0, 0, 200), (0, 0, 200)))
    image = draw_scene(Scene(96, BLACK, (far, near), noise_seed=0))
    assert image[48, 48].tolist() == [0, 0, 200]
    assert image[48, 30].tolist() == [255, 255, 255]


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (160, 160), (300, 211)])
def test_png_is_read_back_as_it_was(tmp_path: Path, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(256, size=(*size, 3), dtype=np.uint8)
    path = tmp_path / "image.png"
    write_png(path, image)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), image)
    np.testing.assert_array_equal(cv2.imread(str(path))[:, :, ::-1], image)


def test_second_use_draws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ensure_shapes(SMALL, tmp_path)
    monkeypatch.setattr(shapes, "_write_dataset", lambda *_: pytest.fail("drawn again"))
    assert ensure_shapes(SMALL, tmp_path) == data


def test_others_may_read_the_folder(tmp_path: Path) -> None:
    umask = os.umask(0o022)
    try:
        data = ensure_shapes(SMALL, tmp_path)
    finally:
        os.umask(umask)
    assert stat.S_IMODE(data.parent.stat().st_mode) == 0o755


def _start_together(folder: Path, barrier: object, results: object) -> None:
    barrier.wait(timeout=30)
    data = ensure_shapes(SMALL, folder)
    results.put((str(data), tree_hash(data.parent)))


def test_processes_that_start_at_once_all_get_a_complete_dataset(tmp_path: Path) -> None:
    barrier, results = FORK.Barrier(4), FORK.Queue()
    folder = tmp_path / "datasets"
    workers = [FORK.Process(target=_start_together, args=(folder, barrier, results)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
        assert worker.exitcode == 0
    expected = ensure_shapes(SMALL, tmp_path / "alone")
    assert set(found) == {(str(folder / SMALL.folder_name / "data.yaml"), tree_hash(expected.parent))}
    assert [path.name for path in folder.iterdir()] == [SMALL.folder_name]


def test_the_later_one_takes_the_dataset_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = shapes._write_dataset

    def overtaken(spec: ShapesSpec, folder: Path) -> None:
        write(spec, folder)
        monkeypatch.setattr(shapes, "_write_dataset", write)
        data = ensure_shapes(SMALL, tmp_path)
        (data.parent / "first").touch()

    monkeypatch.setattr(shapes, "_write_dataset", overtaken)
    data = ensure_shapes(SMALL, tmp_path)
    assert (data.parent / "first").exists()
    assert [path.name for path in tmp_path.iterdir()] == [SMALL.folder_name]


def _hang_half_way(folder: Path) -> None:
    drawn = shapes.draw_scene

    def hang(scene: Scene) -> np.ndarray:
        if len(list(folder.rglob("*.png"))) == 5:
            (folder / "half way").touch()
            time.sleep(60)
        return drawn(scene)

    shapes.draw_scene = hang
    ensure_shapes(SMALL, folder)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process")
def test_a_killed_process_leaves_nothing_that_counts_as_complete(tmp_path: Path) -> None:
    worker = FORK.Process(target=_hang_half_way, args=(tmp_path,))
    worker.start()
    deadline = time.monotonic() + 30
    while not (tmp_path / "half way").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker.kill()
    worker.join()
    assert not (tmp_path / SMALL.folder_name).exists()
    assert tree_hash(ensure_shapes(SMALL, tmp_path).parent) == tree_hash(ensure_shapes(SMALL, tmp_path / "b").parent)


def test_an_interrupted_process_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path, image: np.ndarray) -> None:
        write_png(path, image)
        raise KeyboardInterrupt

    monkeypatch.setattr(shapes, "write_png", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure_shapes(SMALL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / SMALL.folder_name / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(InputError, match=r"shapes-v1-seed3.*cannot be written"):
        ensure_shapes(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SMALL.folder_name]
    assert mine.read_text() == "mine"


def test_a_file_in_place_of_the_data_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("")
    with pytest.raises(InputError, match="datasets"):
        ensure_shapes(SMALL, tmp_path / "datasets")

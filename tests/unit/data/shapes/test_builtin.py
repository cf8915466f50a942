"""The built-in datasets: the same bytes in every process, a layout that Ultralytics reads, never half made."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image
from shapes_samples import tree_hash

from yololab.data.shapes import builtin as shapes
from yololab.data.shapes.builtin import VARIANTS, ShapesSpec, ensure_shapes
from yololab.data.shapes.labels import KEYPOINTS
from yololab.data.shapes.scene import Scene, compose_scene
from yololab.errors import InputError

SMALL = ShapesSpec(seed=3, image_size=64, train=12, val=8, test=8)
GOLDEN = "005367b30fe974ec631850afbd5c6dc1908e83cc8df22e7425c547b634275af2"
SPAWN = multiprocessing.get_context("spawn")
FORK = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")


def folder_of(variant: str, tmp_path: Path) -> Path:
    found = ensure_shapes(replace(SMALL, variant=variant), tmp_path)
    return found if found.is_dir() else found.parent


def text_hash(folder: Path) -> str:
    texts = [path.read_bytes() for path in sorted(folder.rglob("*.txt"))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def test_same_spec_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first = ensure_shapes(SMALL, tmp_path / "a").parent
    second = ensure_shapes(SMALL, tmp_path / "b c/ü").parent
    other = ensure_shapes(replace(SMALL, seed=4), tmp_path / "a").parent
    assert tree_hash(first) == tree_hash(second) != tree_hash(other)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_two_runs_give_the_same_bytes(variant: str, tmp_path: Path) -> None:
    assert tree_hash(folder_of(variant, tmp_path / "a")) == tree_hash(folder_of(variant, tmp_path / "b"))


@pytest.mark.process
def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    there = SPAWN.Process(target=ensure_shapes, args=(SMALL, tmp_path / "there"))
    there.start()
    there.join(timeout=60)
    assert there.exitcode == 0
    assert tree_hash(folder_of("shapes", tmp_path / "here")) == tree_hash(tmp_path / "there" / SMALL.folder_name)


def test_changed_scenes_need_another_folder(tmp_path: Path) -> None:
    """When this fails the scenes have changed: `DRAWING` must count up. Pixels may differ between OpenCV's versions."""
    assert (shapes.DRAWING, text_hash(folder_of("shapes-pose", tmp_path))) == (3, GOLDEN)


def test_more_images_leave_the_first_ones_as_they_are(tmp_path: Path) -> None:
    few = ensure_shapes(SMALL, tmp_path).parent
    many = ensure_shapes(replace(SMALL, train=14), tmp_path).parent
    for path in (few / "train").rglob("*.*"):
        assert path.read_bytes() == (many / path.relative_to(few)).read_bytes()


def test_layout_can_be_moved(tmp_path: Path) -> None:
    data = ensure_shapes(SMALL, tmp_path)
    assert data == tmp_path / "shapes-v3-seed3-64px-12-8-8" / "data.yaml"
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


@pytest.mark.heavy
def test_all_classes_are_in_all_splits_of_the_default(tmp_path: Path) -> None:
    folder = ensure_shapes(replace(ShapesSpec(), image_size=32), tmp_path).parent
    for split in ("train", "val", "test"):
        rows = [row for file in (folder / split / "labels").iterdir() for row in file.read_text().splitlines()]
        counts = np.bincount([int(row.split()[0]) for row in rows], minlength=3)
        assert counts.min() > 0.25 * len(rows)


def test_boxes_lie_in_the_image_with_six_decimals(tmp_path: Path) -> None:
    folder = ensure_shapes(SMALL, tmp_path).parent
    for file in folder.rglob("labels/*.txt"):
        text = file.read_bytes().decode("ascii")
        assert text.endswith("\n")
        assert "\r" not in text
        for row in text.splitlines():
            assert all(len(value.split(".")[1]) == 6 for value in row.split(" ")[1:])
            _, x, y, width, height = (float(value) for value in row.split(" "))
            assert -2e-6 <= x - width / 2 < x + width / 2 <= 1 + 2e-6
            assert -2e-6 <= y - height / 2 < y + height / 2 <= 1 + 2e-6


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"shapes", "shapes-cls"}))
def test_images_are_those_of_the_detection_dataset(variant: str, tmp_path: Path) -> None:
    mine, other = folder_of(variant, tmp_path), folder_of("shapes", tmp_path)
    images = sorted(other.rglob("images/*.png"))
    assert len(images) == 28
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
    assert len(list(folder.rglob("*.png"))) == 28


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (160, 160, 3), (300, 211)])
def test_images_are_read_back_as_they_were(tmp_path: Path, size: tuple[int, ...], dtype: type[np.integer[Any]]) -> None:
    image = np.random.default_rng(0).integers(np.iinfo(dtype).max + 1, size=size, dtype=dtype)
    shapes._write(tmp_path / "image", image)
    path = tmp_path / "image.png"
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), image)
    if image.ndim == 2:
        assert Image.open(path).mode == ("L" if dtype is np.uint8 else "I;16")
        np.testing.assert_array_equal(np.asarray(Image.open(path)), image)


def test_crops_show_their_shape_whole(tmp_path: Path) -> None:
    for index in range(40):
        scene = compose_scene(np.random.default_rng(index), 160, alone=True)
        coded = replace(scene, image=np.repeat(scene.coverage[0][:, :, None], 3, axis=2))
        shapes._write_crop(tmp_path, str(index), coded)
        (crop,) = tmp_path.rglob(f"{index}.png")
        assert crop.parent.name == scene.shapes[0].kind.name.lower()
        part = cv2.imread(str(crop))
        assert part.shape == (80, 80, 3)
        assert part.sum(dtype=int) == coded.image.sum(dtype=int)


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


@pytest.mark.process
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
    drawn: Callable[..., Scene] = shapes.compose_scene

    def hang(*given: Any, **options: Any) -> Scene:
        if len(list(folder.rglob("*.png"))) == 5:
            (folder / "half way").touch()
            time.sleep(60)
        return drawn(*given, **options)

    shapes.compose_scene = hang
    ensure_shapes(SMALL, folder)


@pytest.mark.process
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
    write = shapes._write

    def interrupted(path: Path, content: Any) -> None:
        write(path, content)
        raise KeyboardInterrupt

    monkeypatch.setattr(shapes, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure_shapes(SMALL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / SMALL.folder_name / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(InputError, match=r"shapes-v3-seed3.*cannot be written"):
        ensure_shapes(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [SMALL.folder_name]
    assert mine.read_text() == "mine"


def test_a_file_in_place_of_the_data_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("")
    with pytest.raises(InputError, match="datasets"):
        ensure_shapes(SMALL, tmp_path / "datasets")

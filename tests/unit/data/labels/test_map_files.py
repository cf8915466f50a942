"""Masks, depth maps and class folders: each rule on tiny files, counts, fingerprints, the cache."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yololab.data.checks import scan
from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.data.images import image_cache
from yololab.errors import InputError
from yololab.job.subset import drawn_images

SIZE = 16
rng = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, int] = (40, 40)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(256, size=(*size[::-1], 3), dtype=np.uint8)).save(path)
    return path


def grey(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def semantic(root: Path, yaml: str = "masks_dir: masks\nnames: [sky, road]\n") -> Path:
    """Two training images and a validation image; a quarter of each is road, a quarter ignored."""
    mask = np.zeros((40, 40), np.uint8)
    mask[:20, :20], mask[:20, 20:] = 1, 255
    for name in ("train/images/a", "train/images/b", "val/images/c"):
        picture(root / f"{name}.png")
        grey(root / f"{name.replace('images', 'masks')}.png", mask)
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\n{yaml}")
    return root


def depth(root: Path, yaml: str = "names: [depth]\n") -> Path:
    """Two training images and a validation image, 2 m away, with a quarter unknown."""
    values = np.full((40, 40), 2000, np.uint16)
    values[:20, :20] = 0
    for name in ("train/images/a", "train/images/b", "val/images/c"):
        picture(root / f"{name}.png")
        grey(root / f"{name.replace('images', 'depth')}.png", values)
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\n{yaml}")
    return root


def classes(root: Path) -> Path:
    for name in ("train/cat/a", "train/cat/b", "train/dog/c", "val/cat/d", "val/dog/e"):
        picture(root / f"{name}.png")
    return root


def check(root: Path, task: str, **settings: object) -> CheckReport:
    return check_dataset(load_dataset(root), task, settings=CheckSettings(**settings))  # type: ignore[arg-type]


def found(root: Path, task: str) -> list[tuple[str, str, str]]:
    """Name, severity and file of each finding."""
    report = check(root, task)
    return [(p.check, p.severity.value, p.file.relative_to(root).as_posix()) for p in report.problems]


def test_masks_are_counted_by_pixel(tmp_path: Path) -> None:
    report = check(semantic(tmp_path), "semantic")
    assert report.problems == ()
    assert report.unit == "pixels"
    counts = report.splits["train"]
    assert (counts.images, counts.labelled, counts.backgrounds, counts.dropped) == (2, 2, 0, 0)
    assert {i: (c.instances, c.images) for i, c in counts.per_class.items()} == {0: (1600, 2), 1: (800, 2)}
    maps = report.to_json()["distribution"]["splits"]["train"]["maps"]
    assert maps == {"pixels": 3200, "counted": 2400, "depth_m": None}


def test_values_of_masks_are_mapped(tmp_path: Path) -> None:
    mapping = "label_mapping: {0: 1, 1: ignore_label, 255: 0}\n"
    counts = check(semantic(tmp_path, f"masks_dir: masks\nnames: [sky, road]\n{mapping}"), "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 400, 1: 800}


def test_of_one_class_0_is_the_background(tmp_path: Path) -> None:
    counts = check(semantic(tmp_path, "masks_dir: masks\nnames: [road]\n"), "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 400}


def test_folder_of_masks_is_found_without_its_key(tmp_path: Path) -> None:
    picture(tmp_path / "images/train/a.jpg")
    picture(tmp_path / "images/val/b.jpg")
    for name in ("train/a", "val/b"):
        grey(tmp_path / f"masks/{name}.png", np.zeros((40, 40), np.uint8))
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [sky, road]\n")
    report = check(tmp_path, "semantic")
    assert report.splits["train"].per_class[0].instances == 1600
    assert [p.check for p in report.problems] == ["class_unused"]


def _unlink(root: Path) -> None:
    (root / "train/masks/a.png").unlink()


def _write(path: str, pixels: np.ndarray) -> Callable[[Path], object]:
    return lambda root: grey(root / path, pixels)


def _float_mask(root: Path) -> None:
    """A TIFF of floating-point values under the name of a PNG."""
    Image.fromarray(np.zeros((40, 40), np.float32)).save(root / "train/masks/a.png", "TIFF")


def _turned_mask(root: Path) -> None:
    """A mask that EXIF turns, of an image that is wider than high."""
    picture(root / "train/images/a.png", (64, 32))
    tags = Image.Exif()
    tags[274] = 6
    Image.fromarray(np.zeros((32, 64), np.uint8)).save(root / "train/masks/a.png", exif=tags)


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (_unlink, ("missing_mask", "blocking", "train/images/a.png")),
        (_write("train/masks/a.png", np.zeros((40, 39), np.uint8)), ("mask_size", "blocking", "train/masks/a.png")),
        (_write("train/masks/a.png", np.full((40, 40), 2, np.uint8)), ("mask_values", "blocking", "train/masks/a.png")),
        (
            _write("train/masks/a.png", np.full((40, 40), 300, np.uint16)),
            ("mask_values", "blocking", "train/masks/a.png"),
        ),
        (_write("train/masks/a.png", np.full((40, 40), 255, np.uint8)), ("mask_empty", "warning", "train/masks/a.png")),
        (
            _write("train/masks/a.png", rng.integers(2, size=(40, 40, 3), dtype=np.uint8)),
            ("mask_colour", "blocking", "train/masks/a.png"),
        ),
        (
            lambda root: (root / "train/masks/a.png").write_bytes(b"\x89PNG"),
            ("mask_unreadable", "blocking", "train/masks/a.png"),
        ),
        (_float_mask, ("mask_unreadable", "blocking", "train/masks/a.png")),
        (_turned_mask, ("mask_size", "blocking", "train/masks/a.png")),
        (_write("train/masks/z.png", np.zeros((40, 40), np.uint8)), ("orphan_label", "warning", "train/masks/z.png")),
    ],
)
def test_damaged_masks(tmp_path: Path, damage: Callable[[Path], object], finding: tuple[str, str, str]) -> None:
    damage(semantic(tmp_path))
    assert found(tmp_path, "semantic") == [finding]
    counts = check(tmp_path, "semantic").splits["train"]
    assert counts.dropped == (finding[1] == "blocking")
    assert counts.backgrounds == (finding[0] == "mask_empty")


def test_mask_in_jpeg_is_taken_and_told(tmp_path: Path) -> None:
    (semantic(tmp_path) / "train/masks/a.png").unlink()
    grey(tmp_path / "train/masks/a.jpg", np.zeros((40, 40), np.uint8))
    assert found(tmp_path, "semantic") == [("mask_lossy", "warning", "train/masks/a.jpg")]


@pytest.mark.parametrize("grey_palette", [True, False])
def test_palettes_hold_indices_or_grey_levels(tmp_path: Path, grey_palette: bool) -> None:
    levels = np.zeros((40, 40), np.uint8)
    levels[0] = 1
    image = Image.fromarray(levels, mode="P")
    image.putpalette([value for level in range(256) for value in ((level,) * 3 if grey_palette else (level, 9, 200))])
    image.save(semantic(tmp_path) / "val/masks/c.png")
    counts = check(tmp_path, "semantic").splits["val"]
    assert {i: c.instances for i, c in counts.per_class.items()} == {0: 1560, 1: 40}


def test_split_without_masks_is_one_finding(tmp_path: Path) -> None:
    for path in semantic(tmp_path).rglob("train/masks/*.png"):
        path.unlink()
    assert ("no_labels", "blocking", "train/images/a.png") in found(tmp_path, "semantic")
    assert "missing_mask" not in {check for check, _, _ in found(tmp_path, "semantic")}


def test_image_that_would_be_its_own_mask_has_none(tmp_path: Path) -> None:
    picture(tmp_path / "train/a.png")
    picture(tmp_path / "val/b.png")
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nmasks_dir: masks\nnames: [sky, road]\n")
    assert {check for check, _, _ in found(tmp_path, "semantic")} == {"no_labels"}


def test_depths_are_measured_in_metres(tmp_path: Path) -> None:
    values = np.full((40, 40), 7.5, np.float32)
    np.save(depth(tmp_path) / "train/depth/b.npy", values)
    (tmp_path / "train/depth/b.png").unlink()
    report = check(tmp_path, "depth")
    assert report.problems == ()
    assert report.splits["train"].per_class[0].instances == 1200 + 1600
    maps = report.to_json()["distribution"]["splits"]["train"]["maps"]
    assert (maps["pixels"], maps["counted"]) == (3200, 2800)
    assert (maps["depth_m"]["low"], maps["depth_m"]["high"]) == (2.0, 7.5)
    assert maps["depth_m"]["medians"]["counts"][:5] == [0, 0, 1, 1, 0]


def _depth_npy(values: np.ndarray) -> Callable[[Path], object]:
    def write(root: Path) -> None:
        (root / "train/depth/a.png").unlink()
        np.save(root / "train/depth/a.npy", values)

    return write


NAN = np.full((40, 40), 3.0, np.float32)
NAN[0, 0], NAN[0, 1], NAN[0, 2] = np.nan, -1, np.inf


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (lambda root: (root / "train/depth/a.png").unlink(), ("missing_depth", "blocking", "train/images/a.png")),
        (_write("train/depth/a.png", np.full((40, 30), 9, np.uint16)), ("depth_size", "blocking", "train/depth/a.png")),
        (_write("train/depth/a.png", np.ones((20, 20), np.uint16) * 9), ("depth_size", "note", "train/depth/a.png")),
        (
            _write("train/depth/a.png", np.ones((40, 40), np.uint8)),
            ("depth_unreadable", "blocking", "train/depth/a.png"),
        ),
        (_write("train/depth/a.png", np.zeros((40, 40), np.uint16)), ("depth_empty", "warning", "train/depth/a.png")),
        (_depth_npy(NAN), ("depth_values", "warning", "train/depth/a.npy")),
        (_depth_npy(np.ones((0, 0), np.float32)), ("depth_unreadable", "blocking", "train/depth/a.npy")),
        (_depth_npy(np.ones((40, 40), np.int32)), ("depth_unreadable", "blocking", "train/depth/a.npy")),
        (_depth_npy(np.full((40, 40), 2000.0, np.float32)), ("depth_unit", "warning", "train/depth/a.npy")),
        (
            lambda root: (root / "train/depth/a.png").write_bytes(b""),
            ("depth_unreadable", "blocking", "train/depth/a.png"),
        ),
        (_write("val/depth/z.png", np.ones((40, 40), np.uint16)), ("orphan_label", "warning", "val/depth/z.png")),
    ],
)
def test_damaged_depth_maps(tmp_path: Path, damage: Callable[[Path], object], finding: tuple[str, str, str]) -> None:
    damage(depth(tmp_path))
    assert found(tmp_path, "depth") == [finding]


def test_scale_of_the_file_counts(tmp_path: Path) -> None:
    report = check(depth(tmp_path, "names: [depth]\ndepth_scale: 256\n"), "depth")
    assert report.maps["val"].high == 2000 / 256


def test_classes_are_counted_by_image(tmp_path: Path) -> None:
    report = check(classes(tmp_path), "classify")
    assert report.problems == ()
    assert report.unit == "images"
    assert {i: (c.instances, c.images) for i, c in report.splits["train"].per_class.items()} == {0: (2, 2), 1: (1, 1)}
    assert list(report.manifest()["val"]) == ["val/cat/d.png", "val/dog/e.png"]


def _copy(source: str, target: str) -> Callable[[Path], object]:
    def copy(root: Path) -> None:
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / target).write_bytes((root / source).read_bytes())

    return copy


@pytest.mark.parametrize(
    ("damage", "findings"),
    [
        (lambda root: (root / "train/bird").mkdir(), {("class_empty", "warning", "train/bird")}),
        (lambda root: picture(root / "val/bird/x.png"), {("class_unknown", "blocking", "val/bird")}),
        (lambda root: picture(root / "train/bird/x.png"), {("class_one_split", "warning", ".")}),
        (lambda root: picture(root / "train/x.png"), {("loose_image", "warning", "train/x.png")}),
        (
            _copy("train/cat/a.png", "train/dog/z.png"),
            {("class_conflict", "warning", "train/dog/z.png"), ("duplicate_image", "note", "train/dog/z.png")},
        ),
        (_copy("train/cat/a.png", "val/cat/z.png"), {("leak_same", "warning", "val/cat/z.png")}),
        (lambda root: (root / "train/cat/a.png").write_bytes(b""), {("image_empty", "blocking", "train/cat/a.png")}),
    ],
)
def test_damaged_class_folders(
    tmp_path: Path, damage: Callable[[Path], object], findings: set[tuple[str, str, str]]
) -> None:
    damage(classes(tmp_path))
    others = {("class_unused", "note", ".")}  # of the empty class
    assert set(found(tmp_path, "classify")) - others == findings


def test_test_folder_in_place_of_the_validation_folder_is_told(tmp_path: Path) -> None:
    (classes(tmp_path) / "val").rename(tmp_path / "test")
    assert found(tmp_path, "classify") == [("class_no_val", "note", ".")]


@pytest.mark.parametrize(
    ("make", "task", "file"),
    [(semantic, "semantic", "train/masks/a.png"), (depth, "depth", "train/depth/a.png")],
)
def test_fingerprint_follows_the_maps(tmp_path: Path, make: Callable[[Path], Path], task: str, file: str) -> None:
    dataset = load_dataset(make(tmp_path))
    before = fingerprint_split(dataset, "train", task=task)
    assert before == check(tmp_path, task).fingerprints()["train"]
    assert before != fingerprint_split(dataset, "train")
    grey(tmp_path / file, np.ones((40, 40), np.uint8 if task == "semantic" else np.uint16))
    after = fingerprint_split(dataset, "train", task=task)
    assert after != before
    assert after == check(tmp_path, task).fingerprints()["train"]
    (tmp_path / file).unlink()
    assert fingerprint_split(dataset, "train", task=task) not in (before, after)


def test_fingerprint_follows_unit_and_mapping(tmp_path: Path) -> None:
    seen = {
        fingerprint_split(load_dataset(depth(tmp_path / "a")), "val", task="depth"),
        fingerprint_split(
            load_dataset(depth(tmp_path / "a", "names: [depth]\ndepth_scale: 256\n")), "val", task="depth"
        ),
    }
    assert len(seen) == 2


def test_fingerprint_follows_the_class_folder(tmp_path: Path) -> None:
    dataset = load_dataset(classes(tmp_path))
    before = fingerprint_split(dataset, "train", task="classify")
    assert before == check(tmp_path, "classify").fingerprints()["train"]
    (tmp_path / "train/cat/b.png").rename(tmp_path / "train/dog/b.png")
    assert fingerprint_split(load_dataset(tmp_path), "train", task="classify") != before
    with pytest.raises(InputError, match="class folders, and the task is detect"):
        fingerprint_split(dataset, "train")


@pytest.mark.parametrize(("make", "task"), [(semantic, "semantic"), (depth, "depth")])
def test_maps_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], task: str
) -> None:
    monkeypatch.setattr(image_cache, "_RACY_NS", -1)
    root, cache = make(tmp_path / "data"), tmp_path / "cache"
    first = check(root, task, cache=cache)
    monkeypatch.setattr("yololab.data.labels.masks.read_mask", lambda content: pytest.fail("read again"))
    monkeypatch.setattr("yololab.data.labels.depth_maps.read_depth", lambda content: pytest.fail("read again"))
    second = check(root, task, cache=cache)
    assert second.splits == first.splits
    assert second.fingerprints() == first.fingerprints()
    assert second.maps == first.maps


def test_manifest_tells_a_changed_mask(tmp_path: Path) -> None:
    before = check(semantic(tmp_path), "semantic").manifest()
    grey(tmp_path / "val/masks/c.png", np.ones((40, 40), np.uint8))
    after = check(tmp_path, "semantic").manifest()
    assert before["val"]["val/images/c.png"][0] == after["val"]["val/images/c.png"][0]
    assert before["val"]["val/images/c.png"][1] != after["val"]["val/images/c.png"][1]


def test_a_model_of_painted_polygons_has_a_background(tmp_path):
    from yololab.data.dataset.layout import load_dataset
    from yololab.data.labels.task_labels import model_classes

    (tmp_path / "data.yaml").write_text("train: train/images\nval: val/images\nnames: [sky, road]\n")
    dataset = load_dataset(tmp_path / "data.yaml")
    assert model_classes(dataset, "semantic") == {0: "sky", 1: "road", 2: "background"}
    assert model_classes(dataset, "segment") == {0: "sky", 1: "road"}
    assert model_classes(dataset, "detect", single_cls=True) == {0: "item"}
    (tmp_path / "masks").mkdir()
    assert model_classes(load_dataset(tmp_path / "data.yaml"), "semantic") == {0: "sky", 1: "road"}


@pytest.mark.parametrize(("make", "task"), [(semantic, "semantic"), (depth, "depth"), (classes, "classify")])
def test_processes_find_what_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], task: str
) -> None:
    alone = check(make(tmp_path), task, workers=1)
    monkeypatch.setattr(scan, "FEWEST_IMAGES", 1)
    together = check(tmp_path, task, workers=2)
    assert together.splits == alone.splits
    assert together.maps == alone.maps
    assert together.fingerprints() == alone.fingerprints()


def test_part_of_a_classification_dataset_has_each_class_in_proportion(tmp_path: Path) -> None:
    for name, count in (("cat", 12), ("dog", 4), ("bird", 4)):
        for number in range(count):
            picture(tmp_path / f"train/{name}/{number}.png")
    picture(tmp_path / "val/cat/v.png")
    chosen = drawn_images(load_dataset(tmp_path), "train", "classify", 0.5, seed=1)
    assert [sum(image.parent.name == name for image in chosen) for name in ("cat", "dog", "bird")] == [6, 2, 2]
    assert chosen != drawn_images(load_dataset(tmp_path), "train", "classify", 0.5, seed=2)


def test_part_of_masks_keeps_the_rare_class(tmp_path: Path) -> None:
    semantic(tmp_path)
    for number in range(18):
        picture(tmp_path / f"train/images/n{number:02d}.png")
        grey(tmp_path / f"train/masks/n{number:02d}.png", np.zeros((40, 40), np.uint8))
    chosen = drawn_images(load_dataset(tmp_path), "train", "semantic", 0.5, seed=0)
    assert len(chosen) == 10
    assert sum(image.stem in ("a", "b") for image in chosen) == 1  # the only ones with a road


def test_part_of_depth_maps_is_drawn_evenly(tmp_path: Path) -> None:
    assert len(drawn_images(load_dataset(depth(tmp_path)), "train", "depth", 1, seed=0)) == 2
    assert len(drawn_images(load_dataset(tmp_path), "train", "depth", 0.5, seed=0)) == 1

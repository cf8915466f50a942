"""The built-in datasets and damaged masks, depth maps and class folders: our counts against what Ultralytics loads."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from yololab.data.checks.dataset_check import check_dataset
from yololab.data.checks.suitability import suitable_tasks, unsuitable_dataset
from yololab.data.dataset.layout import load_dataset, split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.data.images.image_cache import ImageEntry
from yololab.data.images.image_facts import read_facts
from yololab.data.labels.depth_maps import DepthLabels
from yololab.data.labels.masks import MaskLabels
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes

SPEC = ShapesSpec(seed=1, image_size=64, train=12, val=8, test=4)
TASKS = {
    "detect": "shapes",
    "segment": "shapes-seg",
    "pose": "shapes-pose",
    "obb": "shapes-obb",
    "semantic": "shapes-sem",
    "depth": "shapes-depth",
    "classify": "shapes-cls",
}
YAML_TASKS = sorted(TASKS.keys() - {"classify"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.environ["YOLO_CONFIG_DIR"] = str(tmp_path_factory.mktemp("settings"))
    return tmp_path_factory.mktemp("datasets")


def loaded(task: str, given: Path, split: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Ultralytics makes of a split, without augmentation."""
    from ultralytics.cfg import get_cfg
    from ultralytics.data import utils
    from ultralytics.data.build import build_yolo_dataset
    from ultralytics.data.dataset import ClassificationDataset

    monkeypatch.setattr(utils, "check_font", lambda *_: None)
    args = get_cfg(overrides={"task": task, "imgsz": SPEC.image_size})
    if task == "classify":
        data = utils.check_cls_dataset(given)
        return ClassificationDataset(data[split], args, augment=False, prefix=split, names=data["names"])
    data = utils.check_det_dataset(str(given), autodownload=False)
    return build_yolo_dataset(args, data[split], 4, data, mode="val")


def their_amounts(task: str, dataset: Any) -> tuple[Counter[int], Counter[int]]:
    """How much there is of each class, and in how many images, as Ultralytics holds it in memory."""
    amounts: Counter[int] = Counter()
    images: Counter[int] = Counter()
    for index in range(len(dataset)):
        if task == "classify":
            found = Counter([dataset.samples[index][1]])
        elif task == "semantic":
            mask = dataset.load_mask(index)
            found = Counter(mask[mask != 255].tolist())
        elif task == "depth":
            found = Counter({0: int((dataset._load_depth(index) > 0).sum())})
        else:
            found = Counter(dataset.labels[index]["cls"].ravel().astype(int).tolist())
        amounts.update(found)
        images.update(found.keys())
    return amounts, images


@pytest.mark.parametrize("task", sorted(TASKS))
def test_builtin_data_is_loaded_as_we_count_it(task: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = load_dataset(ensure_shapes(replace(SPEC, variant=TASKS[task]), folder))
    given = write_resolved_yaml(dataset, folder / f"{task}.yaml", allow_download=False)
    report = check_dataset(dataset, task)
    assert not report.blocking
    assert {p.check for p in report.warnings} <= {"class_one_split"}  # so few images have not always every class
    for split in ("train", "val"):
        theirs = loaded(task, given, split, monkeypatch)
        files = [sample[0] for sample in theirs.samples] if task == "classify" else theirs.im_files
        assert [Path(file) for file in files] == split_images(dataset, split)
        amounts, images = their_amounts(task, theirs)
        counts = report.splits[split]
        assert {i: (c.instances, c.images) for i, c in counts.per_class.items()} == {
            i: (amounts[i], images[i]) for i in dataset.names
        }
        assert (counts.images, counts.labelled, counts.dropped) == (len(files), len(files), 0)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_each_task_takes_the_datasets_that_ultralytics_takes(
    task: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert suitable_tasks(load_dataset(ensure_shapes(replace(SPEC, variant=TASKS[task]), folder)))[0] == task
    for variant in TASKS.values():
        dataset = load_dataset(ensure_shapes(replace(SPEC, variant=variant), folder))
        given = write_resolved_yaml(dataset, folder / f"{task}-{variant}.yaml", allow_download=False)
        if unsuitable_dataset(dataset, task):
            if "classify" in (task, *suitable_tasks(dataset)):
                continue  # the other form of dataset ends in errors of many kinds
            try:
                theirs = loaded(task, given, "train", monkeypatch)
            except (RuntimeError, ValueError):
                continue
            assert not any(len(label["cls"]) for label in theirs.labels)  # goes on with nothing to learn
        else:
            assert len(loaded(task, given, "train", monkeypatch)) == SPEC.train


def test_part_of_a_classification_dataset_keeps_its_classes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = load_dataset(ensure_shapes(replace(SPEC, variant="shapes-cls"), folder))
    chosen = [image for image in split_images(dataset, "train") if image.parent.name == "triangle"]
    (folder / "part.txt").write_text("".join(f"{image}\n" for image in chosen))
    given = write_resolved_yaml(dataset, folder / "part/data.yaml", False, {"train": folder / "part.txt"})
    theirs = loaded("classify", given, "train", monkeypatch)
    assert [Path(sample[0]).resolve() for sample in theirs.samples] == chosen
    assert {sample[1] for sample in theirs.samples} == {2}
    assert len(loaded("classify", given, "val", monkeypatch)) == SPEC.val


def _random_mask(rng: np.random.Generator, path: Path) -> None:
    size = (20, 20) if rng.random() < 0.9 else (20, 21)
    high = int(rng.choice([2, 3, 4, 256]))
    pixels = rng.integers(high, size=size)
    pixels[rng.random(size) < 0.2] = 255
    kind = rng.choice(["L", "P", "grey P", "I;16", "1", "RGB", "cut"])
    if kind == "I;16":
        image = Image.fromarray((pixels + 300 * (rng.random() < 0.2)).astype(np.uint16))
    elif kind == "1":
        image = Image.fromarray(pixels % 2 > 0)
    elif kind == "RGB":
        image = Image.fromarray(np.repeat(pixels[:, :, None], 3, axis=2).astype(np.uint8))
    else:
        image = Image.fromarray(pixels.astype(np.uint8), mode="P" if "P" in kind else "L")
        if "P" in kind:
            image.putpalette([v for level in range(256) for v in ((level,) * 3 if "grey" in kind else (9, level, 200))])
    image.save(path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[: int(rng.integers(1, 60))])


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "images/a.png"
    path.parent.mkdir()
    Image.new("RGB", (20, 20)).save(path)
    return path


def _entry(image: Path) -> ImageEntry:
    return ImageEntry(read_facts(image.read_bytes()), b"", None, False, False)


@pytest.mark.parametrize(("nc", "mapping"), [(3, {}), (1, {}), (2, {0: 255, 1: 0, 2: 1}), (2, {3: 7})])
def test_masks_are_judged_alike(folder: Path, image: Path, nc: int, mapping: dict[int, int]) -> None:
    from ultralytics.data import utils
    from ultralytics.data.dataset import SemanticDataset

    theirs = SemanticDataset.__new__(SemanticDataset)
    theirs.data, theirs.prefix, theirs.im_files = {"names": dict.fromkeys(range(nc), "x")}, "", [str(image)]
    theirs.label_mapping = mapping
    theirs.label_lut, theirs.inverse_lut = theirs._build_label_luts()
    labels = MaskLabels("masks", nc, mapping)
    rng = np.random.default_rng([nc, len(mapping)])
    outcomes: Counter[bool] = Counter()
    mask = image.parents[1] / "masks/a.png"
    mask.parent.mkdir()
    for _ in range(250):
        _random_mask(rng, mask)
        theirs.get_label_files()
        verify, arguments = theirs.verify_args()
        result = verify(next(iter(arguments)))
        ours = labels.read(image, _entry(image), None)
        dropped = result[0] is None
        assert any(problem.blocking for problem in ours.problems) == dropped, (result[-1], ours)
        outcomes[dropped] += 1
        if not dropped:
            theirs.labels = [{"mask_file": str(mask), "mode": result[3]}]
            found = theirs.load_mask(0)
            wanted = Counter(found[found != 255].tolist())
            if nc == 1:
                wanted = Counter({0: wanted[1]}) if wanted[1] else Counter()
            assert dict(ours.amounts) == dict(wanted)
    assert min(outcomes[True], outcomes[False]) > 20
    assert utils.img2label_paths([str(image)], label_dir="masks", suffix=".png") == [str(labels.file(image))]


def _random_depth(rng: np.random.Generator, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    size = [(20, 20), (10, 10), (20, 21), (20, 20, 1)][int(rng.choice(4, p=[0.7, 0.1, 0.1, 0.1]))]
    values = rng.random(size) * 9
    values[rng.random(size) < 0.3] = 0
    kind = rng.choice(["npy", "png", "integers", "8 bits", "none", "cut"])
    if kind in ("png", "8 bits", "cut") and len(size) == 2:
        Image.fromarray((values * 25).astype(np.uint8 if kind == "8 bits" else np.uint16)).save(folder / "a.png")
        if kind == "cut":
            (folder / "a.png").write_bytes((folder / "a.png").read_bytes()[: int(rng.integers(0, 70))])
    elif kind != "none":
        whole = values.astype(np.int32)
        if rng.random() < 0.2:
            values.flat[:2] = np.nan, np.inf
        np.save(folder / "a.npy", values.astype(np.float32) if kind == "npy" else whole)


def test_depth_maps_are_judged_alike(folder: Path, image: Path) -> None:
    from ultralytics.data import utils
    from ultralytics.data.dataset import DepthDataset

    theirs = DepthDataset.__new__(DepthDataset)
    labels, rng = DepthLabels(100.0), np.random.default_rng(0)
    maps = image.parents[1] / "depth"
    maps.mkdir()
    outcomes: Counter[bool] = Counter()
    for _ in range(300):
        _random_depth(rng, maps)
        file = theirs._depth_path_for(str(image))
        assert file == str(labels.file(image))
        result = utils.verify_image_depth((str(image), file, "", 100.0))
        ours = labels.read(image, _entry(image), None)
        dropped = result[0] is None
        assert (not ours.labelled or any(problem.blocking for problem in ours.problems)) == dropped, (result, ours)
        outcomes[dropped] += 1
        if not dropped:
            depth = utils.load_depth(file, 100.0)
            known = depth[depth > 0]
            assert ours.amounts == ({0: known.size} if known.size else {})
            if known.size:
                found = [ours.measures[name] for name in ("low", "median", "high")]
                assert found == pytest.approx([known.min(), np.median(known), known.max()], rel=1e-5)
    assert min(outcomes[True], outcomes[False]) > 50

"""Our reading of data.yaml, image lists and labels against Ultralytics' own functions, on the same files."""

from __future__ import annotations

import math
import os
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from flawed_cells import make_flawed_cells
from PIL import Image

from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.data_yaml import SPLITS
from yololab.data.dataset.image_names import IMAGE_SUFFIXES
from yololab.data.dataset.layout import label_path, load_dataset, split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.label_rules import check_label
from yololab.errors import InputError

KEYPOINTS = (2, 3)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    os.environ["YOLO_CONFIG_DIR"] = str(tmp_path_factory.mktemp("settings"))
    from ultralytics.data import utils

    return utils


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("image") / "a.png"
    Image.new("RGB", (16, 16)).save(path)
    return path


FRAGMENTS = [
    "0.5",
    "0",
    "1",
    "1.005",
    "1.01",
    "1.02",
    "-0.005",
    "-0.01",
    "-0.02",
    "nan",
    "inf",
    "-inf",
    "x",
    "1e-3",
    ".5",
]


def random_label(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randrange(5)):
        columns = rng.choice([5] * 8 + [4, 6, 7, 9, 8, 11, 11])
        numbers = [rng.choice(FRAGMENTS) if rng.random() < 0.06 else f"{rng.random():.3f}" for _ in range(columns - 1)]
        cls = (
            rng.choice(["0", "1", "2", "2.0", "0"])
            if rng.random() < 0.95
            else rng.choice(["3", "-1", "0.5", "nan", "a"])
        )
        lines.append(" ".join([cls, *numbers]))
        if rng.random() < 0.15:
            lines.append(rng.choice(["", lines[-1], lines[-1] + "0"]))
    return rng.choice(["\n", "\n", "\r\n", "\r"]).join(lines)


@pytest.mark.parametrize(
    ("task", "kpt_shape", "single_cls"),
    [
        ("detect", None, False),
        ("detect", None, True),
        ("detect", KEYPOINTS, False),
        ("pose", KEYPOINTS, False),
        ("pose", (3, 2), False),
    ],
)
def test_dropped_images_and_classes_agree(theirs, image, tmp_path, task, kpt_shape, single_cls):
    rules = label_rules(task, 3, kpt_shape, single_cls)
    label = tmp_path / "a.txt"
    rng = random.Random(f"{task}{kpt_shape}{single_cls}")
    outcomes: Counter[bool] = Counter()
    for number in range(3000):
        text = random_label(rng)
        label.write_bytes(text.encode())
        ours = check_label(label.read_bytes(), rules)
        keypoints = task == "pose"
        result = theirs.verify_image_label(
            (str(image), str(label), "", keypoints, 3, *(kpt_shape or (0, 0)), single_cls)
        )
        dropped = result[0] is None
        if keypoints and not dropped and "inf" in text:
            assert ours.dropped  # they judge only the keypoints of a pose: an infinite box would reach the loss
            continue
        assert ours.dropped == dropped, (number, text, result[-1], ours)
        outcomes[dropped] += 1
        if not dropped:
            classes = Counter(0 if single_cls else int(row[0]) for row in result[1])
            assert Counter(ours.classes) == classes, (text, ours, result[1])
    assert min(outcomes[True], outcomes[False]) > 100


def test_the_suffixes_are_theirs(theirs):
    assert theirs.IMG_FORMATS == IMAGE_SUFFIXES


def test_label_paths_are_theirs(theirs):
    paths = ["/a/images/b/images/c.d.JPG", "images/x.png", "/a/b/x.png", "/images/ü ü/x.y/z.tif"]
    assert [str(label_path(Path(p))) for p in paths] == [str(Path(p)) for p in theirs.img2label_paths(paths)]


def test_packaged_datasets_load_and_resolve_like_theirs(theirs, tmp_path):
    packaged = Path(theirs.ROOT) / "cfg" / "datasets"
    files = sorted(packaged.glob("*.yaml"))
    assert len(files) > 30
    for file in files:
        dataset = load_dataset(file, datasets_dir=theirs.DATASETS_DIR)
        raw = theirs.YAML.load(file)
        assert dataset.root == (theirs.DATASETS_DIR / raw["path"]).resolve()
        written = theirs.YAML.load(write_resolved_yaml(dataset, tmp_path / file.name, allow_download=False))
        assert "download" not in written
        kept = set(raw) - {"path", "download", *SPLITS, "nc", "channels", "names"}
        assert {k: written[k] for k in kept} == {k: raw[k] for k in kept}


def yaml_variants(folder: Path) -> list[dict]:
    names = ["a", "b"]
    return [
        {"train": "images/train", "val": "images/val", "names": names},
        {"path": ".", "train": "images/train", "val": ["images/val", "images/train"], "nc": 2.0},
        {"path": str(folder), "train": "list.txt", "validation": "images/val", "names": {0: "a", "1": "b"}, "nc": "2"},
        {"train": "../images/train", "val": "../images/val", "names": names, "test": None},
        {"train": "list.txt", "val": ["list.txt", "images/val"], "names": ["cat", 7]},
    ]


@pytest.mark.parametrize("variant", range(5))
def test_resolution_and_lists_are_theirs(theirs, tmp_path, monkeypatch, variant):
    from ultralytics.data.base import BaseDataset

    folder = tmp_path / "da ta [1] ü"
    for name in [
        "train/a.jpg",
        "train/B.PNG",
        "train/sub/c.d.jpeg",
        "train/.hidden.jpg",
        "train/x.txt",
        "val/a.jpg",
        "val/a b.webp",
        "val/nodot",
        "val/.h/z.jpg",
        "val/dir.jpg/e.bmp",
    ]:
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "images" / "val" / "linked").symlink_to(folder / "images" / "train" / "sub")
    (folder / "list.txt").write_text(
        "./images/train/a.jpg\nimages/val/a b.webp\n\nno.gif\n" + str(folder / "images/val/a.jpg"), "utf-8-sig"
    )
    file = folder / "data.yaml"
    file.write_text(yaml.safe_dump(yaml_variants(folder)[variant]))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(theirs, "check_font", lambda *_: None)
    expected = theirs.check_det_dataset(str(file), autodownload=False)
    dataset = load_dataset(file)
    resolved = theirs.check_det_dataset(
        str(write_resolved_yaml(dataset, tmp_path / "run" / "data.yaml", False)), autodownload=False
    )
    lister = BaseDataset.__new__(BaseDataset)
    lister.prefix, lister.fraction = "", 1.0
    assert dataset.names == expected["names"] == resolved["names"]
    assert (len(dataset.names), dataset.channels) == (expected["nc"], expected["channels"])
    for split in dataset.splits:
        # a relative line counts from here for both; ours is absolute, so that its labels are found
        plain = [Path(os.path.abspath(f)) for f in lister.get_img_files(expected[split])]  # noqa: PTH100
        assert split_images(dataset, split) == sorted(plain, key=str)
        assert split_images(dataset, split) == [Path(f) for f in lister.get_img_files(resolved[split])]


@pytest.mark.parametrize(
    "content",
    [
        {"val": "x", "names": ["a"]},
        {"train": "x", "names": ["a"]},
        {"train": "x", "val": "x"},
        {"train": "x", "val": "x", "names": ["a"], "nc": 2},
        {"train": "x", "val": "x", "nc": 1.5},
        {"train": "x", "val": "x", "names": {0: "a", 2: "b"}},
        {"train": "x", "val": "x", "names": []},
        {"train": "x", "val": "x", "names": "a"},
        {"train": 3, "val": "x", "names": ["a"]},
        {"train": "x", "val": "x", "names": ["a"], "path": 3},
        {"train": "x", "val": "x", "nc": None},
    ],
)
def test_what_they_refuse_we_refuse(theirs, tmp_path, content):
    (tmp_path / "x").mkdir()
    file = tmp_path / "data.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises((SyntaxError, TypeError, KeyError)):
        theirs.check_det_dataset(str(file), autodownload=False)
    with pytest.raises(InputError):
        load_dataset(file)


def test_counts_of_a_dataset_like_real_ones_are_theirs(theirs, tmp_path):
    from ultralytics.data.dataset import YOLODataset

    dataset = load_dataset(make_flawed_cells(tmp_path))
    report = check_dataset(dataset, "detect")
    assert not report.blocking
    for split in dataset.splits:
        data = {"names": dataset.names, "channels": 3}
        loaded = YOLODataset(img_path=[str(s) for s in dataset.splits[split]], data=data, task="detect", augment=False)
        assert [Path(f) for f in loaded.im_files] == split_images(dataset, split)
        classes = np.concatenate([label["cls"].ravel() for label in loaded.labels])
        counts = report.splits[split]
        assert counts.instances == len(classes)
        assert {i: c.instances for i, c in counts.per_class.items()} == {
            i: int((classes == i).sum()) for i in dataset.names
        }
        assert counts.labelled == len(loaded.labels) == counts.images
    assert math.isclose(sum(c.instances for c in report.splits.values()), 469)

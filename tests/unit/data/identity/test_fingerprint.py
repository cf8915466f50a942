"""What changes a fingerprint, and what does not."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

from yololab.data.dataset.layout import load_dataset, split_images
from yololab.data.identity.fingerprint import fingerprint_of, fingerprint_split
from yololab.data.labels.task_labels import label_source
from yololab.errors import InputError


def make(root: Path, **keys) -> Path:
    for split in ("train", "val"):
        for folder in ("images", "labels"):
            (root / folder / split).mkdir(parents=True)
        for name in ("a", "b", "sub c"):
            (root / "images" / split / f"{name}.jpg").write_bytes(f"{split} {name}".encode())
            (root / "labels" / split / f"{name}.txt").write_bytes(b"0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1\n")
    write_yaml(root, **keys)
    return root


def write_yaml(root: Path, **keys) -> None:
    content = {"train": "images/train", "val": "images/val", "names": ["cat", "dog"], **keys}
    (root / "data.yaml").write_text(yaml.safe_dump(content), "utf-8")


def both(root: Path, split: str = "train", **options) -> tuple[str, str]:
    return fingerprint_split(load_dataset(root), split, **options), of_labels(root, split, **options)


def of_labels(root: Path, split: str = "train", **options) -> str:
    """The same hash without the bytes of the images."""
    dataset = load_dataset(root)
    images, labels = split_images(dataset, split), label_source(dataset, "detect")
    return fingerprint_of(dataset, images, [labels.digest(image) for image in images], {"content": "labels"}, **options)


@pytest.fixture
def root(tmp_path):
    return make(tmp_path / "data set")


def expected(content: str, with_images: bool) -> str:
    """The documented layout, written down a second time: a change of it makes every recorded fingerprint useless."""

    def sha(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    header = (
        f'{{"channels": 3, "classes": null, "content": "{content}", "kpt_shape": null, '
        '"names": ["cat", "dog"], "single_cls": false, "version": 1}\n'
    )
    labels = sha(b"0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.1")
    body = b"".join(
        sha(f"images/train/{name}.jpg".encode()) + labels + (sha(f"train {name}".encode()) if with_images else b"")
        for name in ("a", "b", "sub c")
    )
    return hashlib.sha256(header.encode() + body).hexdigest()


def test_the_layout_does_not_change(root):
    assert both(root) == (expected("labels and images", True), expected("labels", False))


def test_place_order_and_files_elsewhere_do_not_matter(root, tmp_path):
    before = both(root)
    moved = tmp_path / "elsewhere" / "ü"
    shutil.copytree(root, moved)
    for junk in ("images/train/x.gif", "labels/train.cache", "images/val/new.jpg", "labels/train/orphan.txt"):
        (moved / junk).touch()
    (moved / "train.txt").write_text("".join(f"./images/train/{name}.jpg\n" for name in ("sub c", "a", "b")))
    write_yaml(moved, train="train.txt", names={1: "dog", 0: "cat"}, channels=3, download="x", extra=1)
    assert both(moved) == before


@pytest.mark.parametrize(
    "content",
    [
        b"0 0.5 0.5 0.1 0.1\r\n1 0.2 0.2 0.1 0.1\r\n",
        b"\xef\xbb\xbf0 0.5 0.5 0.1 0.1\r1 0.2 0.2 0.1 0.1",
        b"\n 0\t0.5 0.5  0.1 0.1 \n\n1 0.2 0.2 0.1 0.1\n\n",
    ],
)
def test_spacing_of_labels_does_not_matter(root, content):
    before = both(root)
    (root / "labels/train/a.txt").write_bytes(content)
    assert both(root) == before


def test_an_empty_and_a_missing_label_file_are_the_same(root):
    (root / "labels/train/a.txt").write_bytes(b"")
    before = both(root)
    (root / "labels/train/a.txt").unlink()
    assert both(root) == before


def change_image(root: Path) -> None:
    (root / "images/train/a.jpg").write_bytes(b"other")


def change_label(root: Path) -> None:
    (root / "labels/train/a.txt").write_bytes(b"0 0.5 0.5 0.1 0.1\n1 0.2 0.2 0.1 0.2\n")


def swap_labels(root: Path) -> None:
    (root / "labels/train/a.txt").write_bytes(b"")
    (root / "labels/train/b.txt").rename(root / "labels/train/t")
    (root / "labels/train/a.txt").rename(root / "labels/train/b.txt")
    (root / "labels/train/t").rename(root / "labels/train/a.txt")


def add_image(root: Path) -> None:
    (root / "images/train/d.jpg").touch()


def rename_image(root: Path) -> None:
    for folder, suffix in (("images", "jpg"), ("labels", "txt")):
        (root / folder / f"train/a.{suffix}").rename(root / folder / f"train/z.{suffix}")


def list_twice(root: Path) -> None:
    write_yaml(root, train=["images/train", "images/train"])


@pytest.mark.parametrize("change", [change_label, swap_labels, add_image, rename_image, list_twice])
def test_labels_and_listing_change_both(root, change):
    before = both(root)
    change(root)
    after = both(root)
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_an_image_changes_only_the_full_one(root):
    before = both(root)
    change_image(root)
    after = both(root)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_names_shape_and_filters_enter(root):
    seen = [both(root), both(root, single_cls=True), both(root, classes=[0]), both(root, classes=[1, 0])]
    assert both(root, classes=[0, 1, 1]) == seen[3]
    write_yaml(root, names=["cat", "bird"])
    seen.append(both(root))
    write_yaml(root, channels=1)
    seen.append(both(root))
    write_yaml(root, kpt_shape=[2, 3])
    seen.append(both(root))
    assert len({value for pair in seen for value in pair}) == 2 * len(seen)


def test_another_split_has_its_own(root):
    assert both(root, "train") != both(root, "val")
    before = both(root, "val")
    change_image(root)
    assert both(root, "val") == before


def test_what_cannot_be_read(root):
    write_yaml(root, train="train.txt")
    (root / "train.txt").write_text("./images/train/gone.jpg\n")
    with pytest.raises(InputError, match=r"gone\.jpg: no such file"):
        both(root)
    assert of_labels(root)
    with pytest.raises(InputError, match="no split 'test'"):
        both(root, "test")

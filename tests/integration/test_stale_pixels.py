"""What lies beside images and labels from an earlier time is never read in their place."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from adapter_samples import make_dataset

from yololab.ultralytics_adapter.isolation.data_guard import guarded_data
from yololab.ultralytics_adapter.training.training import train
from yololab.ultralytics_adapter.validation.evaluation import Protocol, evaluate

pytestmark = pytest.mark.usefixtures("prepared", "logged")

MODES = (False, "ram", "disk")


def paint(images: list[Path], value: int) -> None:
    """Unpack other pictures over images, as an archive does: same names, sizes on disk and times."""
    for path in images:
        times = path.stat()
        size = cv2.imread(str(path)).shape
        cv2.imwrite(str(path), np.full(size, value, np.uint8))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def leave_decoded(images: list[Path], value: int) -> dict[Path, bytes]:
    """Leave what `cache=disk` of Ultralytics leaves, newer than the images."""
    for path in images:
        np.save(path.with_suffix(".npy"), np.full(cv2.imread(str(path)).shape, value, np.uint8))
    return {path.with_suffix(".npy"): path.with_suffix(".npy").read_bytes() for path in images}


def seen(kind: str, folder: Path, cache, prepared) -> list[float]:
    """The mean of each image as a dataset of Ultralytics gives it, under our guard."""
    from ultralytics.data import ClassificationDataset
    from ultralytics.data.dataset import DepthDataset, SemanticDataset, YOLODataset
    from ultralytics.utils import DEFAULT_CFG, IterableSimpleNamespace

    args = IterableSimpleNamespace(**{**vars(DEFAULT_CFG), "cache": cache, "imgsz": 64})
    with guarded_data(prepared.cache):
        if kind == "classify":
            data = ClassificationDataset(str(folder), args)
            return [float(data[index]["img"].mean()) * 255 for index in range(len(data))]
        names = {"names": {0: "a", 1: "b"}, "channels": 3, "kpt_shape": [1, 2]}
        options = {"img_path": str(folder / "images"), "imgsz": 64, "cache": cache, "augment": False, "data": names}
        made = {"semantic": SemanticDataset, "depth": DepthDataset}.get(kind, YOLODataset)
        if made is YOLODataset:
            options["task"] = kind
        data = made(**options)
        return [float(data.load_image(index)[0].mean()) for index in range(len(data))]


def task_images(kind: str, root: Path) -> tuple[Path, list[Path]]:
    """A folder of a task's images, all of value 200, and these images."""
    folders = [root / "a", root / "b"] if kind == "classify" else [root / "images"] * 2
    rows = {"pose": "0 .5 .5 .4 .4 .5 .5", "detect": "0 .5 .5 .4 .4"}
    images = []
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True, exist_ok=True)
        images.append(folder / f"{number}.png")
        cv2.imwrite(str(images[-1]), np.full((64, 64, 3), 200, np.uint8))
        if kind == "classify":
            continue
        for other in ("labels", "masks", "depth"):
            (root / other).mkdir(exist_ok=True)
        row = rows.get(kind, "0 .3 .3 .7 .3 .7 .7 .3 .7")
        (root / "labels" / f"{number}.txt").write_text(row)
        cv2.imwrite(str(root / "masks" / f"{number}.png"), np.zeros((64, 64), np.uint8))
        cv2.imwrite(str(root / "depth" / f"{number}.png"), np.full((64, 64), 1000, np.uint16))
    return root, images


@pytest.mark.parametrize("cache", MODES)
@pytest.mark.parametrize("kind", ["detect", "segment", "pose", "obb", "classify", "semantic", "depth"])
def test_no_task_reads_what_lies_beside_its_images(kind, cache, tmp_path, prepared):
    folder, images = task_images(kind, tmp_path / "data")
    left = leave_decoded(images, 0)
    assert seen(kind, folder, cache, prepared) == pytest.approx([200.0, 200.0], abs=1)
    assert {path: path.read_bytes() for path in left} == left, "it is the user's, and stays"


@pytest.mark.parametrize("kind", ["detect", "classify"])
def test_our_own_decoded_images_follow_the_images(kind, tmp_path, prepared):
    folder, images = task_images(kind, tmp_path / "data")
    assert seen(kind, folder, "disk", prepared) == pytest.approx([200.0, 200.0], abs=1)
    kept = set((prepared.cache / "pixels").glob("*.npy"))
    assert len(kept) >= 2
    paint(images, 90)
    assert seen(kind, folder, "disk", prepared) == pytest.approx([90.0, 90.0], abs=1)
    assert seen(kind, folder, False, prepared) == pytest.approx([90.0, 90.0], abs=1)
    assert not list(tmp_path.rglob("*.npy"))
    assert len(set((prepared.cache / "pixels").glob("*.npy"))) == len(kept), "one for each image, not for each state"


def test_labels_that_kept_their_size_and_time_are_read_again(tmp_path, prepared, make_request):
    data = make_dataset(tmp_path / "mine")
    train(make_request(data=str(data.yaml)))
    for path in (data.root / "train" / "labels").glob("*.txt"):
        times = path.stat()
        path.write_text("\n".join("1" + row[1:] for row in path.read_text().splitlines()) + "\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    from ultralytics.data.dataset import YOLODataset

    with guarded_data(prepared.cache):
        names = {"names": {0: "a", 1: "b"}, "channels": 3}
        found = YOLODataset(img_path=str(data.root / "train" / "images"), imgsz=64, augment=False, data=names)
    assert {int(index) for label in found.labels for index in label["cls"].ravel()} == {1}


@pytest.mark.parametrize("cache", MODES)
def test_training_and_evaluation_are_the_same_with_stale_pixels_beside(cache, make_request, tmp_path, prepared):
    """The numbers, to the last bit, with black pictures lying beside all images, and without."""
    results = []
    for name in ("clean", "stale"):
        data = make_dataset(tmp_path / name)
        if name == "stale":
            for split in ("train", "val"):
                leave_decoded(data.images(split), 0)
        request = make_request(data=str(data.yaml), cache=cache, epochs=2)
        train(request)
        found = evaluate(
            request.save_dir / "weights" / "best.pt",
            data.yaml,
            data.root,
            Protocol(imgsz=64, batch=2),
            "cpu",
            threads=1,
        )
        results.append((request.save_dir / "results.csv", found))
    losses = [[row.split(",")[2:] for row in path.read_text().splitlines()] for path, _ in results]
    assert losses[0] == losses[1]
    assert results[0][1].metrics == results[1][1].metrics
    assert results[0][1].records.confidence.tolist() == results[1][1].records.confidence.tolist()


def test_without_the_guard_ultralytics_would_read_it(tmp_path, prepared):
    """The reason for all this."""
    from ultralytics.data.dataset import YOLODataset

    folder, images = task_images("detect", tmp_path / "data")
    leave_decoded(images, 0)
    names = {"names": {0: "a", 1: "b"}, "channels": 3}
    data = YOLODataset(img_path=str(folder / "images"), imgsz=64, augment=False, data=names)
    assert float(data.load_image(0)[0].mean()) == 0

"""A job decodes an image once, and nobody can tell: the pixels, the images of a mosaic and the random numbers stay."""

from __future__ import annotations

import os

import numpy as np
import pytest

from yololab.ultralytics_adapter.isolation import kept_images as kept
from yololab.ultralytics_adapter.isolation.kept_images import Store, keeping_images, kept_images

pytestmark = pytest.mark.torch
PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


@pytest.fixture
def folder(tmp_path):
    import cv2

    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 255, (40, 60, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), pixels)
    return tmp_path


@pytest.fixture
def make_dataset(folder, monkeypatch):
    from ultralytics.cfg import get_cfg
    from ultralytics.data import base

    decoded = []
    read = base.imread
    monkeypatch.setattr(base, "imread", lambda path, **keywords: decoded.append(path) or read(path, **keywords))

    class Plain(base.BaseDataset):
        def get_labels(self):
            return [{"im_file": file, "cls": np.zeros((0, 1))} for file in self.im_files]

        def build_transforms(self, hyp=None):
            return None

    def make(**keywords):
        return Plain(str(folder), imgsz=32, hyp=get_cfg(), batch_size=1, channels=3, **keywords)

    return make, decoded


def state(dataset):
    return dataset.buffer, [None if image is None else image.tolist() for image in dataset.ims], dataset.im_hw


@pytest.mark.parametrize("augment", [True, False])
def test_a_second_look_decodes_nothing_and_changes_nothing(make_dataset, augment):
    make, decoded = make_dataset
    order = [0, 3, 1, 5, 3, 2, 4, 0]
    plain = make(augment=augment)
    expected = [plain.load_image(index) for index in order]
    with keeping_images(), kept_images():
        first, second = make(augment=augment), make(augment=augment)
        for index in order:
            first.load_image(index)[0][:] = 0  # what a transform does to its image is its own affair
        decoded.clear()
        found = [second.load_image(index) for index in order]
    assert not decoded
    for (pixels, *sizes), (theirs, *their_sizes) in zip(found, expected, strict=True):
        assert np.array_equal(pixels, theirs)
        assert sizes == their_sizes
    assert state(second) == state(plain)


def test_another_file_size_or_job_is_decoded_anew(make_dataset, folder):
    make, decoded = make_dataset
    with kept_images():
        with keeping_images():
            dataset = make(augment=False)
            dataset.load_image(0)
            dataset.imgsz = 64
            dataset.load_image(0)
            os.utime(folder / "0.png")
            dataset.load_image(0)
            assert len(decoded) == 3
            (folder / "0.png").unlink()
            with pytest.raises(FileNotFoundError):
                dataset.load_image(0)
        dataset.load_image(1)
        dataset.load_image(1)
    assert len(decoded) == 6


def test_what_has_no_room_is_not_kept(monkeypatch):
    store = Store(room=PIXELS.nbytes)
    store.put(("a",), (PIXELS, (2, 2), (2, 2)))
    store.put(("b",), (PIXELS, (2, 2), (2, 2)))
    assert store.get(("b",)) is None
    pixels, *_ = store.get(("a",))
    pixels[:] = 0
    assert np.array_equal(store.get(("a",))[0], PIXELS)
    monkeypatch.setattr(kept, "_MOST", 5)
    with keeping_images():
        assert kept._open[-1].room == 5
    assert not kept._open

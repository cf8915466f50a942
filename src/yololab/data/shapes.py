"""The built-in dataset: circles, squares and triangles, drawn on first use and kept in the project's data folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np

from yololab.data.shapes_drawing import draw_scene, write_png
from yololab.data.shapes_scene import Kind, Scene, compose_scene, shape_mask
from yololab.errors import InputError, Problem

GENERATOR_VERSION = 1
"""Counts up when the same spec gives other bytes: old and new datasets then lie in different folders."""


@dataclass(frozen=True)
class ShapesSpec:
    """Which dataset to draw; equal specs give equal bytes on every machine.

    Attributes:
        seed: Seed of all scenes.
        image_size: Side of the square images, px.
        train: Number of training images.
        val: Number of validation images.
        test: Number of test images.
    """

    seed: int = 0
    image_size: int = 160
    train: int = 256
    val: int = 96
    test: int = 96

    @property
    def splits(self) -> dict[str, int]:
        """Number of images of each split."""
        return {"train": self.train, "val": self.val, "test": self.test}

    @property
    def folder_name(self) -> str:
        """Name of the dataset's folder: no two specs share one."""
        counts = "-".join(str(count) for count in self.splits.values())
        return f"shapes-v{GENERATOR_VERSION}-seed{self.seed}-{self.image_size}px-{counts}"


def ensure_shapes(spec: ShapesSpec, folder: Path) -> Path:
    """Return the data.yaml of the dataset in `folder`, drawing the dataset when it is not there yet.

    It appears under its name only when it is complete, in one step. When several processes draw it at once, the first
    to finish wins and the others discard theirs.

    Args:
        spec: Which dataset.
        folder: The project's data folder.

    Raises:
        InputError: The folder cannot be written, or something else has the dataset's name.
    """
    target = folder / spec.folder_name
    yaml = target / "data.yaml"
    if yaml.is_file():
        return yaml
    private = folder / f".{spec.folder_name}.{uuid4().hex}"
    try:
        private.mkdir(parents=True)
        _write_dataset(spec, private)
        private.rename(target)
    except OSError as error:
        if not yaml.is_file():
            raise InputError(
                Problem(
                    str(target),
                    f"the built-in dataset cannot be written ({error.strerror})",
                    "a folder that can be written, and nothing of this name in it",
                    "remove what is there, or choose another folder with paths.root=…",
                )
            ) from error
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return yaml


def _write_dataset(spec: ShapesSpec, folder: Path) -> None:
    """Draw all splits; data.yaml has no `path`, so the folder can be moved."""
    for number, (split, count) in enumerate(spec.splits.items()):
        images, labels = folder / split / "images", folder / split / "labels"
        images.mkdir(parents=True)
        labels.mkdir()
        for index in range(count):
            scene = compose_scene(np.random.default_rng([spec.seed, number, index]), spec.image_size)
            write_png(images / f"{split}_{index:05d}.png", draw_scene(scene))
            (labels / f"{split}_{index:05d}.txt").write_text(label_text(scene), encoding="utf-8", newline="\n")
    lines = [f"{split}: {split}/images" for split in spec.splits]
    lines += ["names:", *(f"  {kind.value}: {kind.name.lower()}" for kind in Kind)]
    (folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def label_text(scene: Scene) -> str:
    """Return the rows of a scene's label file: class index, then centre, width and height over the image's side.

    A box encloses the pixels of the whole shape that lie in the image, those behind nearer shapes included.
    """
    rows = []
    for shape in scene.shapes:
        mask = shape_mask(shape, scene.size)
        columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        left, right, top, bottom = columns[0], columns[-1] + 1, lines[0], lines[-1] + 1
        box = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        rows.append(" ".join([str(shape.kind.value), *(f"{value / scene.size:.6f}" for value in box)]) + "\n")
    return "".join(rows)

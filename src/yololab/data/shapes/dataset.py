"""The built-in datasets: circles, squares and triangles, drawn on first use and kept in the project's data folder.

One generator makes the scenes of all of them; they differ in what their labels say, see `VARIANTS`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes.drawing import draw_scene, write_png
from yololab.data.shapes.labels import (
    FLIPPED_KEYPOINTS,
    KEYPOINTS,
    box_text,
    keypoint_text,
    polygon_text,
    rotated_text,
)
from yololab.data.shapes.maps import MILLIMETRES, depth_map, main_shape, semantic_mask
from yololab.data.shapes.scene import Kind, Scene, compose_scene, main_shape_alone
from yololab.errors import InputError, Problem

Write = Callable[[Path, str, Scene], None]
"""Writes the image and the labels of a scene, given the split's folder and the file's stem."""


@dataclass(frozen=True)
class Variant:
    """One of the built-in datasets.

    Attributes:
        write: Writes the files of one scene.
        yaml: What its data.yaml says beside the splits; None for a dataset that is a folder of class folders.
        version: Counts up when the same spec gives other bytes: old and new datasets then lie in different folders.
    """

    write: Write
    yaml: tuple[str, ...] | None
    version: int = 1


@dataclass(frozen=True)
class ShapesSpec:
    """Which dataset to draw; equal specs give equal bytes on every machine.

    Attributes:
        seed: Seed of all scenes.
        image_size: Side of the square images, px.
        train: Number of training images.
        val: Number of validation images.
        test: Number of test images.
        variant: Which of `VARIANTS`.
    """

    seed: int = 0
    image_size: int = 160
    train: int = 256
    val: int = 96
    test: int = 96
    variant: str = "shapes"

    @property
    def splits(self) -> dict[str, int]:
        """Number of images of each split."""
        return {"train": self.train, "val": self.val, "test": self.test}

    @property
    def folder_name(self) -> str:
        """Name of the dataset's folder: no two specs share one."""
        counts = "-".join(str(count) for count in self.splits.values())
        return f"{self.variant}-v{VARIANTS[self.variant].version}-seed{self.seed}-{self.image_size}px-{counts}"


def ensure_shapes(spec: ShapesSpec, folder: Path) -> Path:
    """Return the data.yaml of the dataset in `folder`, drawing the dataset when it is not there yet.

    It appears under its name only when it is complete, in one step. When several processes draw it at once, the first
    to finish wins and the others discard theirs.

    Args:
        spec: Which dataset.
        folder: The project's data folder.

    Returns:
        The data.yaml; of a classification dataset its folder.

    Raises:
        InputError: The folder cannot be written, or something else has the dataset's name.
    """
    target = folder / spec.folder_name
    made = target / "train" if VARIANTS[spec.variant].yaml is None else target / "data.yaml"
    result = target if VARIANTS[spec.variant].yaml is None else made
    if made.exists():
        return result
    private = folder / f".{spec.folder_name}.{uuid4().hex}"
    try:
        private.mkdir(parents=True)
        _write_dataset(spec, private)
        private.rename(target)
    except OSError as error:
        if not made.exists():
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
    return result


def _write_dataset(spec: ShapesSpec, folder: Path) -> None:
    """Draw all splits; data.yaml has no `path`, so the folder can be moved."""
    variant = VARIANTS[spec.variant]
    for number, (split, count) in enumerate(spec.splits.items()):
        for index in range(count):
            scene = compose_scene(np.random.default_rng([spec.seed, number, index]), spec.image_size)
            variant.write(folder / split, f"{split}_{index:05d}", scene)
    if variant.yaml is not None:
        lines = [f"{split}: {split}/images" for split, count in spec.splits.items() if count] + list(variant.yaml)
        (folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _image_path(folder: Path, kind: str, stem: str, suffix: str) -> Path:
    (folder / kind).mkdir(parents=True, exist_ok=True)
    return folder / kind / f"{stem}{suffix}"


def _with_text(label: Callable[[Scene], str]) -> Write:
    """Return a function that writes a scene's image and a text file with its labels."""

    def write(folder: Path, stem: str, scene: Scene) -> None:
        write_png(_image_path(folder, "images", stem, ".png"), draw_scene(scene))
        _image_path(folder, "labels", stem, ".txt").write_text(label(scene), encoding="utf-8", newline="\n")

    return write


def _with_map(kind: str, label: Callable[[Scene], NDArray[np.uint8] | NDArray[np.uint16]]) -> Write:
    """Return a function that writes a scene's image and a label for each pixel, in the folder `kind`."""

    def write(folder: Path, stem: str, scene: Scene) -> None:
        write_png(_image_path(folder, "images", stem, ".png"), draw_scene(scene))
        write_png(_image_path(folder, kind, stem, ".png"), label(scene))

    return write


def _in_class_folder(folder: Path, stem: str, scene: Scene) -> None:
    """Write the nearest shape of a scene, alone, into the folder of its class."""
    alone = main_shape_alone(scene)
    kind, part = main_shape(alone, draw_scene(alone))
    for name in _NAMES:
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_png(folder / kind.name.lower() / f"{stem}.png", part)


def _names(*names: str) -> tuple[str, ...]:
    return ("names:", *(f"  {index}: {name}" for index, name in enumerate(names)))


_NAMES = tuple(kind.name.lower() for kind in Kind)
_POSE = (f"kpt_shape: [{len(KEYPOINTS)}, 3]", f"flip_idx: {list(FLIPPED_KEYPOINTS)}")

VARIANTS: dict[str, Variant] = {
    "shapes": Variant(_with_text(box_text), _names(*_NAMES)),
    "shapes-seg": Variant(_with_text(polygon_text), _names(*_NAMES)),
    "shapes-pose": Variant(_with_text(keypoint_text), (*_POSE, *_names(*_NAMES))),
    "shapes-obb": Variant(_with_text(rotated_text), _names(*_NAMES)),
    "shapes-cls": Variant(_in_class_folder, None, version=2),
    "shapes-sem": Variant(_with_map("masks", semantic_mask), ("masks_dir: masks", *_names("background", *_NAMES))),
    "shapes-depth": Variant(_with_map("depth", depth_map), (f"depth_scale: {MILLIMETRES}", *_names("depth"))),
}
"""The built-in datasets by name: `builtin://<name>` in a config."""

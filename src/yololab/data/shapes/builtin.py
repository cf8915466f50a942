"""The built-in datasets: circles, squares and triangles, drawn on first use into the project's data folder.

One generator makes the scenes of all of them; they differ in what their labels say, see `VARIANTS`. The same spec gives
the same bytes in every process on one version of OpenCV and NumPy. Another version may draw or compress differently:
such a dataset has another fingerprint, so results on it are never compared with those on this one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from yololab.data.shapes import labels
from yololab.data.shapes.scene import Kind, Scene, compose_scene
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_folder
from yololab.files.paths import DATA_YAML

# Counts up when the same spec gives other pictures or labels: old and new datasets then lie in different folders.
DRAWING = 3

Content = str | NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Variant:
    """One of the built-in datasets.

    Attributes:
        folder: Where the labels lie in a split's folder.
        label: What is written there for a scene: text, or an image.
        yaml: What its data.yaml says beside the splits.
    """

    folder: str
    label: Callable[[Scene], Content]
    yaml: tuple[str, ...]


def _names(*names: str) -> tuple[str, ...]:
    return ("names:", *(f"  {index}: {name}" for index, name in enumerate(names)))


_CLASSES = tuple(kind.name.lower() for kind in Kind)
_POSE = (f"kpt_shape: [{len(labels.KEYPOINTS)}, 3]", f"flip_idx: {list(labels.FLIPPED_KEYPOINTS)}")

# By name: `builtin://<name>` in a config; None for the one that is a folder of class folders.
VARIANTS: dict[str, Variant | None] = {
    "shapes": Variant("labels", labels.box_text, _names(*_CLASSES)),
    "shapes-seg": Variant("labels", labels.polygon_text, _names(*_CLASSES)),
    "shapes-pose": Variant("labels", labels.keypoint_text, (*_POSE, *_names(*_CLASSES))),
    "shapes-obb": Variant("labels", labels.rotated_text, _names(*_CLASSES)),
    "shapes-cls": None,
    "shapes-sem": Variant("masks", labels.semantic_mask, ("masks_dir: masks", *_names("background", *_CLASSES))),
    "shapes-depth": Variant("depth", labels.depth_map, (f"depth_scale: {labels.MILLIMETRES}", *_names("depth"))),
}


@dataclass(frozen=True)
class ShapesSpec:
    """Which dataset to draw.

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
        return f"{self.variant}-v{DRAWING}-seed{self.seed}-{self.image_size}px-{counts}"


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
    is_classes = VARIANTS[spec.variant] is None
    drawn = target / ("train" if is_classes else DATA_YAML)
    if not drawn.exists():
        try:
            with new_folder(target) as private:
                _write_dataset(spec, private)
        except OSError as error:
            if not drawn.exists():
                what = f"the built-in dataset cannot be written ({error.strerror})"
                allowed = "a folder that can be written, and nothing of this name in it"
                remedy = "remove what is there, or choose another folder with paths.root=…"
                raise InputError(Problem(str(target), what, allowed, remedy)) from error
    return target if is_classes else drawn


def _write_dataset(spec: ShapesSpec, folder: Path) -> None:
    """Draw all splits; data.yaml has no `path`, so the folder can be moved."""
    variant = VARIANTS[spec.variant]
    for number, (split, count) in enumerate(spec.splits.items()):
        for index in range(count):
            rng, stem = np.random.default_rng([spec.seed, number, index]), f"{split}_{index:05d}"
            if variant is None:
                _write_crop(folder / split, stem, compose_scene(rng, spec.image_size, alone=True))
                continue
            scene = compose_scene(rng, spec.image_size)
            _write(folder / split / "images" / stem, scene.image)
            _write(folder / split / variant.folder / stem, variant.label(scene))
    if variant is not None:
        lines = [f"{split}: {split}/images" for split, count in spec.splits.items() if count] + list(variant.yaml)
        (folder / DATA_YAML).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _write_crop(split: Path, stem: str, scene: Scene) -> None:
    """Write the part of an image around its one shape into the folder of the shape's class.

    The part's side is half the image's, which is wider than any shape.
    """
    (shape,), side = scene.shapes, scene.size // 2
    left, top = (min(max(round(value - side / 2), 0), scene.size - side) for value in shape.centre)
    for name in _CLASSES:
        (split / name).mkdir(parents=True, exist_ok=True)
    _write(split / shape.kind.name.lower() / stem, scene.image[top : top + side, left : left + side])


def _write(path: Path, content: Content) -> None:
    """Write text or an image, as `path` with the suffix of its kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.with_suffix(".txt").write_text(content, encoding="utf-8", newline="\n")
    else:
        # not cv2.imwrite: it returns False for a full disk, and knows no names beyond ASCII on Windows
        path.with_suffix(".png").write_bytes(cv2.imencode(".png", content)[1].tobytes())

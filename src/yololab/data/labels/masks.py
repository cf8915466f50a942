"""Semantic masks: an image of class indices for each image (`verify_image_mask` in Ultralytics' data/utils.py)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import sep
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from yololab.data.dataset.image_names import IMAGE_SUFFIXES
from yololab.data.dataset.layout import Dataset
from yololab.data.dataset.task_keys import IGNORED
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_source import ImageLabels, Missing
from yololab.data.labels.map_files import ABSENT, DROPS, map_digest, read_map
from yololab.data.problems import DataProblem, Severity

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """What a mask holds.

    Attributes:
        width: Its width, px; 0 when unknown.
        height: Its height, px.
        values: Each value and how many pixels have it.
        format: Pillow's name of its format.
        colour: Whether it is a colour image, whose brightness Ultralytics would take for classes.
        error: Why it cannot be read; None when it can.
    """

    width: int = 0
    height: int = 0
    values: Sequence[tuple[int, int]] = ()
    format: str = ""
    colour: bool = False
    error: str | None = None


def read_mask(content: bytes) -> list[Any]:
    """Read a mask as Ultralytics does: indices of a coloured palette, grey levels of everything else.

    Args:
        content: The bytes of the file.

    Returns:
        The values of `MaskFacts`.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as image:
            name, colour, pixels = image.format or "", False, np.zeros((0, 0))
            if image.mode == "P":
                palette = np.array(image.getpalette()).reshape(-1, 3)
                grey = bool((palette == palette[:, :1]).all())
                pixels = np.asarray(image.convert("L") if grey else image)
            elif image.mode in ("L", "1", "I", "I;16", "I;16B", "I;16L"):
                pixels = np.asarray(ImageOps.exif_transpose(image))  # OpenCV, which reads these there, turns them
            elif image.mode == "F":
                return [0, 0, [], name, False, "floating-point values, which are no classes"]
            else:
                channels = np.asarray(image.convert("RGB"))
                colour = bool((channels != channels[:, :, :1]).any())
                pixels = channels[:, :, 0]
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them
        lines = str(error).partition(" <_io")[0].splitlines()
        return [0, 0, [], "", False, lines[0][:120] if lines else type(error).__name__]
    values, counts = np.unique(pixels.astype(np.int64), return_counts=True)
    height, width = pixels.shape[:2]
    found = [] if colour else [[int(value), int(count)] for value, count in zip(values, counts, strict=True)]
    return [width, height, found, name, colour, None]


@dataclass(frozen=True)
class MaskLabels:
    """The mask of each image.

    Attributes:
        folder: What takes the place of `images` in the path of an image.
        nc: Number of classes.
        mapping: Which class a value stands for, where it is not itself.
    """

    folder: str
    nc: int
    mapping: Mapping[int, int]
    unit: ClassVar[str] = "pixels"
    suffixes: ClassVar[frozenset[str]] = frozenset(f".{suffix}" for suffix in IMAGE_SUFFIXES)
    reads_maps: ClassVar[bool] = True
    missing: ClassVar[Missing] = Missing("missing_mask", "no mask", Severity.BLOCKING, f"{DROPS}: expected is {{file}}")

    def file(self, image: Path) -> Path:
        """Return the mask of an image: a PNG, or what else is there of that name."""
        path = mask_path(image, self.folder)
        if not path.is_file():
            others = (path.with_name(f"{path.name.removesuffix('.png')}.{suffix}") for suffix in sorted(IMAGE_SUFFIXES))
            return next((other for other in others if other.is_file()), path)
        return path

    def look(self, image: Path, entry: ImageEntry | None, known: CachedMap | None) -> ImageLabels:
        """Judge the mask of an image."""
        file = self.file(image)
        found = read_map(file, known, read_mask) if file != image else None
        if not isinstance(found, tuple):
            return ImageLabels(found is not None, ABSENT, problems=() if found is None else (found,))
        facts = MaskFacts(*found.facts)
        problems = tuple(self._judge(file, facts, entry))
        amounts = {} if any(problem.blocking for problem in problems) else self._amounts(facts)
        pixels = {"pixels": sum(count for _, count in facts.values), "counted": sum(amounts.values())}
        return ImageLabels(True, found.digest, amounts, problems=problems, measures=pixels, fresh=found.fresh)

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's mask."""
        file = self.file(image)
        return map_digest(file) if file.is_file() and file != image else ABSENT

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find nothing: each map stands for itself."""
        del dataset, images
        yield from ()

    def header(self) -> dict[str, Any]:
        """Return how values become classes."""
        return {"labels": "masks", "label_mapping": sorted(self.mapping.items())}

    def _class(self, value: int) -> int:
        return self.mapping.get(value, value)

    def _allowed(self, value: int) -> bool:
        # of a single class, 0 is the background
        return 0 <= value < 256 and (self._class(value) == IGNORED or 0 <= self._class(value) <= max(self.nc - 1, 1))

    def _amounts(self, facts: MaskFacts) -> dict[int, int]:
        """Return the pixels of each class."""
        amounts: dict[int, int] = {}
        for value, count in facts.values:
            index = self._class(value)
            if index != IGNORED and (self.nc > 1 or index == 1):
                index = index if self.nc > 1 else 0
                amounts[index] = amounts.get(index, 0) + count
        return amounts

    def _judge(self, file: Path, facts: MaskFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
        if facts.error is not None:
            what = f"no mask that can be read: {facts.error}"
            yield DataProblem("mask_unreadable", file, None, what, Severity.BLOCKING, f"{DROPS}: make it anew")
            return
        if facts.colour:
            remedy = "Ultralytics would take the brightness for classes: write one channel of class indices"
            yield DataProblem("mask_colour", file, None, "a colour image", Severity.BLOCKING, remedy)
            return
        yield from _wrong_size(file, (facts.width, facts.height), entry)
        wrong = [value for value, _ in facts.values if not self._allowed(value)]
        if wrong:
            shown = ", ".join(map(str, wrong[:_SHOWN])) + (", …" if len(wrong) > _SHOWN else "")
            what = f"values {shown} are no class (0 to {max(self.nc - 1, 1)}) and not {IGNORED}, which is ignored"
            remedy = f"{DROPS}: mend the mask, `names`, or `label_mapping` in the data.yaml"
            yield DataProblem("mask_values", file, None, what, Severity.BLOCKING, remedy)
        elif all(self._class(value) == IGNORED for value, _ in facts.values):
            remedy = "nothing can be learnt of this image: label it, or remove it"
            yield DataProblem("mask_empty", file, None, "every pixel is ignored", Severity.WARNING, remedy)
        if facts.format == "JPEG":
            remedy = "JPEG changes values along edges: write masks as PNG"
            yield DataProblem("mask_lossy", file, None, "a mask in JPEG", Severity.WARNING, remedy)


def mask_path(image: Path, folder: str) -> Path:
    """Return where the mask of an image is expected: its last `/images/` replaced, as a PNG.

    >>> mask_path(Path("/data/images/train/a.b.jpg"), "masks").as_posix()
    '/data/masks/train/a.b.png'
    """
    text = f"{sep}{folder}{sep}".join(str(image).rsplit(f"{sep}images{sep}", 1))
    return Path(text.rsplit(".", 1)[0] + ".png")


def _wrong_size(file: Path, size: tuple[int, int], entry: ImageEntry | None) -> Iterator[DataProblem]:
    """Find a mask of another size than its image."""
    shown = entry.facts.shown_size if entry is not None and entry.facts.width else size
    if shown != size:
        what = f"{size[0]} x {size[1]} px, its image {shown[0]} x {shown[1]}"
        yield DataProblem("mask_size", file, None, what, Severity.BLOCKING, f"{DROPS}: make both the same size")

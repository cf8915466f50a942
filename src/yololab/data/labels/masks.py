"""Semantic masks: an image of class indices for each image (`verify_image_mask` in Ultralytics' data/utils.py)."""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from yololab.data.dataset.image_names import IMAGE_SUFFIXES
from yololab.data.dataset.task_keys import IGNORED
from yololab.data.images.image_cache import ImageEntry
from yololab.data.images.image_facts import short_message
from yololab.data.labels.label_source import Missing
from yololab.data.labels.map_files import DROPS, MapLabels, MapVerdict
from yololab.data.problems import DataProblem, Severity, blocking, warning
from yololab.text import first_of

_SHOWN = 8


class MaskFacts(NamedTuple):
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
    values: Sequence[Sequence[int]] = ()
    format: str = ""
    colour: bool = False
    error: str | None = None


def read_mask(content: bytes) -> MaskFacts:
    """Read the bytes of a mask as Ultralytics does: indices of a coloured palette, grey levels of everything else."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as image:
            name, colour = image.format or "", False
            if image.mode == "P":
                palette = np.array(image.getpalette()).reshape(-1, 3)
                grey = bool((palette == palette[:, :1]).all())
                pixels = np.asarray(image.convert("L") if grey else image)
            elif image.mode in ("L", "1", "I", "I;16", "I;16B", "I;16L"):
                pixels = np.asarray(ImageOps.exif_transpose(image))  # OpenCV, which reads these there, turns them
            elif image.mode == "F":
                return MaskFacts(format=name, error="floating-point values, which are no classes")
            else:
                channels = np.asarray(image.convert("RGB"))
                colour = bool((channels != channels[:, :, :1]).any())
                pixels = channels[:, :, 0]
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them
        return MaskFacts(error=short_message(error))
    values, counts = np.unique(pixels.astype(np.uint8) if pixels.dtype == bool else pixels, return_counts=True)
    height, width = pixels.shape[:2]
    found = () if colour else tuple(zip(values.tolist(), counts.tolist(), strict=True))
    return MaskFacts(width, height, found, name, colour)


@dataclass(frozen=True)
class MaskLabels(MapLabels):
    """The mask of each image.

    Attributes:
        folder: What takes the place of `images` in the path of an image.
        nc: Number of classes.
        mapping: Which class a value stands for, where it is not itself.
    """

    folder: str
    nc: int
    mapping: Mapping[int, int]
    suffixes: ClassVar[frozenset[str]] = frozenset(f".{suffix}" for suffix in IMAGE_SUFFIXES)
    missing: ClassVar[Missing] = Missing("missing_mask", "no mask", Severity.BLOCKING, f"{DROPS}: expected is {{file}}")

    def file(self, image: Path) -> Path:
        """Return the mask of an image: a PNG, or what else is there of that name."""
        path = mask_path(image, self.folder)
        if not os.path.isfile(path):  # noqa: PTH113  (False, too, for a name that no file can have)
            others = (path.with_name(f"{path.name.removesuffix('.png')}.{suffix}") for suffix in sorted(IMAGE_SUFFIXES))
            return next((other for other in others if os.path.isfile(other)), path)  # noqa: PTH113
        return path

    def facts(self, content: bytes) -> MaskFacts:
        """Return what a mask holds."""
        return read_mask(content)

    def verdict(self, file: Path, facts: Sequence[Any], entry: ImageEntry | None) -> MapVerdict:
        """Check a mask."""
        found = MaskFacts(*facts)
        problems = list(self._problems(file, found, entry))
        amounts = {} if any(problem.blocking for problem in problems) else self._amounts(found)
        pixels = sum(count for _, count in found.values)
        return MapVerdict(problems, amounts, {"pixels": pixels, "counted": sum(amounts.values())})

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

    def _problems(self, file: Path, facts: MaskFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
        if facts.error is not None:
            what = f"no mask that can be read: {facts.error}"
            yield blocking("mask_unreadable", file, what, f"{DROPS}: make it anew")
            return
        if facts.colour:
            remedy = "Ultralytics would take the brightness for classes: write one channel of class indices"
            yield blocking("mask_colour", file, "a colour image", remedy)
            return
        shown = entry.facts.shown_size if entry is not None and entry.facts.width else (facts.width, facts.height)
        if shown != (facts.width, facts.height):
            what = f"{facts.width} x {facts.height} px, its image {shown[0]} x {shown[1]}"
            yield blocking("mask_size", file, what, f"{DROPS}: make both the same size")
        wrong = [value for value, _ in facts.values if not self._allowed(value)]
        if wrong:
            listed = first_of(wrong, _SHOWN)
            what = f"values {listed} are no class (0 to {max(self.nc - 1, 1)}) and not {IGNORED}, which is ignored"
            yield blocking(
                "mask_values", file, what, f"{DROPS}: mend the mask, `names`, or `label_mapping` in the data.yaml"
            )
        elif all(self._class(value) == IGNORED for value, _ in facts.values):
            remedy = "nothing can be learnt of this image: label it, or remove it"
            yield warning("mask_empty", file, "every pixel is ignored", remedy)
        if facts.format == "JPEG":
            remedy = "JPEG changes values along edges: write masks as PNG"
            yield warning("mask_lossy", file, "a mask in JPEG", remedy)


def mask_path(image: Path, folder: str) -> Path:
    """Return where the mask of an image is expected: its last `/images/` replaced, as a PNG.

    >>> mask_path(Path("/data/images/train/a.b.jpg"), "masks").as_posix()
    '/data/masks/train/a.b.png'
    """
    text = f"{os.sep}{folder}{os.sep}".join(str(image).rsplit(f"{os.sep}images{os.sep}", 1))
    return Path(text.rsplit(".", 1)[0] + ".png")

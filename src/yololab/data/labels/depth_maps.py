"""Depth maps: the distance of each pixel (`verify_image_depth` and `load_depth` in Ultralytics' data/utils.py)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from yololab.data.dataset.layout import Dataset
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_source import ImageLabels, Missing
from yololab.data.labels.map_files import ABSENT, DROPS, beside_images, map_digest, read_map
from yololab.data.problems import DataProblem, Severity

NEAREST = 0.001
"""Metres below which a pixel counts as one without depth."""
ASPECT_TOLERANCE = 0.02
"""By how much the logarithms of the two aspect ratios may differ."""
FAR = 300.0
"""A median beyond so many metres is taken for a wrong unit."""


@dataclass(frozen=True, slots=True)
class DepthFacts:
    """What a depth map holds; depths in its own unit.

    Attributes:
        width: Its width, px; 0 when unknown.
        height: Its height, px.
        metres: Whether its values are metres as they are (NPY), not to be divided by a scale (PNG).
        positive: Pixels with a finite value above 0.
        negative: Pixels below 0.
        not_finite: Pixels that are no number, or infinite.
        low: Least value above 0; None when there is none.
        median: Their median.
        high: The largest.
        error: Why Ultralytics does not take it; None when it does.
    """

    width: int = 0
    height: int = 0
    metres: bool = False
    positive: int = 0
    negative: int = 0
    not_finite: int = 0
    low: float | None = None
    median: float | None = None
    high: float | None = None
    error: str | None = None


def read_depth(content: bytes) -> list[Any]:
    """Read a depth map: PNG of one channel of 16 bits, or NPY of floating-point numbers.

    Args:
        content: The bytes of the file.

    Returns:
        The values of `DepthFacts`.
    """
    is_npy = content.startswith(b"\x93NUMPY")
    try:
        pixels = np.load(io.BytesIO(content), allow_pickle=False) if is_npy else _png(content)
    except Exception as error:  # readers raise whatever a broken file makes them
        lines = str(error).partition(" <_io")[0].splitlines()
        return [0, 0, is_npy, 0, 0, 0, None, None, None, lines[0][:120] if lines else type(error).__name__]
    if pixels.ndim != 2 or (is_npy and pixels.dtype.kind != "f"):
        what = f"an array of {pixels.dtype} with {pixels.ndim} dimensions, not floating-point with 2"
        return [0, 0, is_npy, 0, 0, 0, None, None, None, what]
    if not pixels.size:
        return [0, 0, is_npy, 0, 0, 0, None, None, None, "an array without a value"]
    finite = np.isfinite(pixels)
    values = pixels[finite & (pixels > 0)]
    three = [float(values.min()), float(np.median(values)), float(values.max())] if values.size else [None] * 3
    height, width = pixels.shape
    return [width, height, is_npy, values.size, int((pixels < 0).sum()), int((~finite).sum()), *three, None]


def _png(content: bytes) -> NDArray[Any]:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        if image.format != "PNG" or image.mode not in ("I", "I;16"):
            raise ValueError(f"{image.format} of mode {image.mode}, not a grey PNG of 16 bits")
        return np.asarray(image).astype(np.float64)


@dataclass(frozen=True)
class DepthLabels:
    """The depth map of each image.

    Attributes:
        scale: Values of a PNG for a metre.
    """

    scale: float
    unit: ClassVar[str] = "pixels"
    suffixes: ClassVar[frozenset[str]] = frozenset({".png", ".npy"})
    reads_maps: ClassVar[bool] = True
    missing: ClassVar[Missing] = Missing(
        "missing_depth", "no depth map", Severity.BLOCKING, f"{DROPS}: expected is {{file}}, or a .png of that name"
    )

    def file(self, image: Path) -> Path:
        """Return the depth map of an image: a PNG when there is one, else NPY."""
        path = beside_images(image, "depth").with_suffix(".png")
        return path if path.is_file() else path.with_suffix(".npy")

    def look(self, image: Path, entry: ImageEntry | None, known: CachedMap | None) -> ImageLabels:
        """Judge the depth map of an image."""
        file = self.file(image)
        found = read_map(file, known, read_depth) if file != image else None
        if not isinstance(found, tuple):
            return ImageLabels(found is not None, ABSENT, problems=() if found is None else (found,))
        facts = DepthFacts(*found.facts)
        problems = tuple(self._judge(file, facts, entry))
        usable = facts.positive if not any(problem.blocking for problem in problems) else 0
        measures: dict[str, float] = {"pixels": facts.width * facts.height, "counted": usable}
        if usable:
            levels = {"low": facts.low, "median": facts.median, "high": facts.high}
            measures |= {name: self._metres(value, facts) for name, value in levels.items() if value is not None}
        return ImageLabels(
            True, found.digest, {0: usable} if usable else {}, problems=problems, measures=measures, fresh=found.fresh
        )

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's depth map."""
        file = self.file(image)
        return map_digest(file) if file.is_file() and file != image else ABSENT

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find nothing: each map stands for itself."""
        del dataset, images
        yield from ()

    def header(self) -> dict[str, Any]:
        """Return the unit."""
        return {"labels": "depth", "depth_scale": self.scale}

    def _metres(self, value: float, facts: DepthFacts) -> float:
        return value if facts.metres else value / self.scale

    def _judge(self, file: Path, facts: DepthFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
        if facts.error is not None:
            what = f"no depth map that can be read: {facts.error}"
            yield DataProblem("depth_unreadable", file, None, what, Severity.BLOCKING, f"{DROPS}: make it anew")
            return
        yield from _wrong_size(file, facts, entry)
        if facts.negative or facts.not_finite:
            what = f"{facts.negative} negative values and {facts.not_finite} that are no finite number"
            remedy = "they count as pixels without depth: write 0 there"
            yield DataProblem("depth_values", file, None, what, Severity.WARNING, remedy)
        if facts.high is None or self._metres(facts.high, facts) <= NEAREST:
            remedy = "nothing can be learnt of this image: make the map anew, or remove it"
            yield DataProblem("depth_empty", file, None, "no pixel has a depth", Severity.WARNING, remedy)
        elif facts.median is not None and self._metres(facts.median, facts) > FAR:
            what = f"half of the pixels are farther than {self._metres(facts.median, facts):.4g} m"
            unit = "NPY holds metres" if facts.metres else f"PNG is divided by depth_scale = {self.scale:g}"
            yield DataProblem("depth_unit", file, None, what, Severity.WARNING, f"another unit? {unit}")


def _wrong_size(file: Path, facts: DepthFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
    """Find a map of another shape than its image (left out), or of another size (resized)."""
    if entry is None or not entry.facts.width or not facts.width:
        return
    width, height = entry.facts.shown_size
    what = f"{facts.width} x {facts.height} px, its image {width} x {height}"
    if abs(log(facts.width / facts.height * height / width)) > ASPECT_TOLERANCE:
        remedy = f"{DROPS}: make both the same shape"
        yield DataProblem("depth_size", file, None, what, Severity.BLOCKING, remedy)
    elif (facts.width, facts.height) != (width, height):
        yield DataProblem("depth_size", file, None, what, Severity.NOTE, "it is resized to the image")

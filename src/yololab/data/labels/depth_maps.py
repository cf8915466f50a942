"""Depth maps: the distance of each pixel (`verify_image_depth` and `load_depth` in Ultralytics' data/utils.py)."""

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from yololab.data.images.image_cache import ImageEntry
from yololab.data.images.image_facts import short_message
from yololab.data.labels.label_source import Missing
from yololab.data.labels.map_files import DROPS, MapLabels, MapVerdict
from yololab.data.problems import DataProblem, Severity, blocking, note, warning

# Metres below which a pixel counts as one without depth.
NEAREST = 0.001
# By how much the logarithms of the two aspect ratios may differ.
ASPECT_TOLERANCE = 0.02
# A median beyond so many metres is taken for a wrong unit.
FAR = 300.0


class DepthFacts(NamedTuple):
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


def read_depth(content: bytes) -> DepthFacts:
    """Read the bytes of a depth map: PNG of one channel of 16 bits, or NPY of floating-point numbers."""
    is_npy = content.startswith(b"\x93NUMPY")
    try:
        pixels = np.load(io.BytesIO(content), allow_pickle=False) if is_npy else _png(content)
    except Exception as error:  # readers raise whatever a broken file makes them
        return DepthFacts(metres=is_npy, error=short_message(error))
    if pixels.ndim != 2 or (is_npy and pixels.dtype.kind != "f"):
        what = f"an array of {pixels.dtype} with {pixels.ndim} dimensions, not floating-point with 2"
        return DepthFacts(metres=is_npy, error=what)
    if not pixels.size:
        return DepthFacts(metres=is_npy, error="an array without a value")
    finite = np.isfinite(pixels)
    values = pixels[finite & (pixels > 0)]
    levels = (float(values.min()), float(np.median(values)), float(values.max())) if values.size else ()
    height, width = pixels.shape
    return DepthFacts(width, height, is_npy, values.size, int((pixels < 0).sum()), int((~finite).sum()), *levels)


def _png(content: bytes) -> NDArray[Any]:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        if image.format != "PNG" or image.mode not in ("I", "I;16"):
            raise ValueError(f"{image.format} of mode {image.mode}, not a grey PNG of 16 bits")
        return np.asarray(image).astype(np.float64)


@dataclass(frozen=True)
class DepthLabels(MapLabels):
    """The depth map of each image.

    Attributes:
        scale: Values of a PNG for a metre.
    """

    scale: float
    suffixes: ClassVar[frozenset[str]] = frozenset({".png", ".npy"})
    missing: ClassVar[Missing] = Missing(
        "missing_depth", "no depth map", Severity.BLOCKING, f"{DROPS}: expected is {{file}}, or a .png of that name"
    )

    def file(self, image: Path) -> Path:
        """Return the depth map of an image: a PNG when there is one, else NPY."""
        path = _beside_images(image).with_suffix(".png")
        return path if os.path.isfile(path) else path.with_suffix(".npy")  # noqa: PTH113  (False for an odd name, too)

    def facts(self, content: bytes) -> DepthFacts:
        """Return what a depth map holds."""
        return read_depth(content)

    def verdict(self, file: Path, facts: Sequence[Any], entry: ImageEntry | None) -> MapVerdict:
        """Check a depth map."""
        found = DepthFacts(*facts)
        problems = list(self._problems(file, found, entry))
        usable = 0 if any(problem.blocking for problem in problems) else found.positive
        measures: dict[str, float] = {"pixels": found.width * found.height, "counted": usable}
        if usable:
            levels = {"low": found.low, "median": found.median, "high": found.high}
            measures |= {name: self._metres(value, found) for name, value in levels.items() if value is not None}
        return MapVerdict(problems, {0: usable} if usable else {}, measures)

    def header(self) -> dict[str, Any]:
        """Return the unit."""
        return {"labels": "depth", "depth_scale": self.scale}

    def _metres(self, value: float, facts: DepthFacts) -> float:
        return value if facts.metres else value / self.scale

    def _problems(self, file: Path, facts: DepthFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
        if facts.error is not None:
            what = f"no depth map that can be read: {facts.error}"
            yield blocking("depth_unreadable", file, what, f"{DROPS}: make it anew")
            return
        yield from _wrong_size(file, facts, entry)
        if facts.negative or facts.not_finite:
            what = f"{facts.negative} negative values and {facts.not_finite} that are no finite number"
            yield warning("depth_values", file, what, "they count as pixels without depth: write 0 there")
        if facts.high is None or self._metres(facts.high, facts) <= NEAREST:
            remedy = "nothing can be learnt of this image: make the map anew, or remove it"
            yield warning("depth_empty", file, "no pixel has a depth", remedy)
        elif facts.median is not None and self._metres(facts.median, facts) > FAR:
            what = f"half of the pixels are farther than {self._metres(facts.median, facts):.4g} m"
            unit = "NPY holds metres" if facts.metres else f"PNG is divided by depth_scale = {self.scale:g}"
            yield warning("depth_unit", file, what, f"another unit? {unit}")


def _wrong_size(file: Path, facts: DepthFacts, entry: ImageEntry | None) -> Iterator[DataProblem]:
    """Find a map of another shape than its image (left out), or of another size (resized)."""
    if entry is None or not entry.facts.width or not facts.width:
        return
    width, height = entry.facts.shown_size
    what = f"{facts.width} x {facts.height} px, its image {width} x {height}"
    if abs(log(facts.width / facts.height * height / width)) > ASPECT_TOLERANCE:
        yield blocking("depth_size", file, what, f"{DROPS}: make both the same shape")
    elif (facts.width, facts.height) != (width, height):
        yield note("depth_size", file, what, "it is resized to the image")


def _beside_images(image: Path) -> Path:
    """Return an image's path with its last folder `images` called `depth`; the same path when there is none."""
    parts = list(image.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "depth"
    return Path(*parts)

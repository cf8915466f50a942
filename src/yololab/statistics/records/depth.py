"""What an evaluation keeps of each image whose depth is estimated: its own errors.

Source: `DepthMetrics` of `ultralytics/utils/metrics.py`: every metric is computed for each image by itself, and the
mean is over the images; an image with fewer than 10 pixels of known depth is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records, RecordsHeader

DEPTH_METRICS = ("delta1", "delta2", "delta3", "abs_rel", "rmse", "silog")


@dataclass(frozen=True)
class DepthImage:
    """One image as the validator saw it.

    Attributes:
        key: Path of the image relative to the dataset, with `/`.
        values: Metric → its value for this image; None when the image was left out.
        pixels: Number of its pixels whose true depth counts.
    """

    key: str
    values: Mapping[str, float] | None
    pixels: int


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthRecords(Records):
    """The depth errors of one evaluation, image by image.

    Attributes:
        values: Each metric of each image, f32 as Ultralytics computes them, shape (I, M); a row of NaN for an image
            that was left out.
        pixels: Number of pixels of each image whose true depth counts, u32, shape (I,).
        metrics: Names of the M metrics.
    """

    RECORD_TYPE: ClassVar[str] = "depth"
    ARRAYS: ClassVar[Mapping[str, tuple[str, int]]] = {"values": ("f4", 2), "pixels": ("u4", 1)}

    values: NDArray[np.float32] = field(repr=False)
    pixels: NDArray[np.uint32] = field(repr=False)
    metrics: tuple[str, ...] = DEPTH_METRICS

    def _check(self) -> None:
        images = len(self.keys)
        if self.values.shape != (images, len(self.metrics)) or self.pixels.shape != (images,):
            raise ValueError(f"{images} keys, but arrays of {self.values.shape} and {self.pixels.shape}")

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        return f"{', '.join(self.metrics)} of each image"

    def truth_of(self, place: int) -> NDArray[Any]:
        """Return how many pixels of an image have a known depth."""
        return self.pixels[place : place + 1]

    @property
    def details(self) -> dict[str, Any]:
        """What a file's header has to hold besides the common attributes."""
        return {"metrics": list(self.metrics)}

    @classmethod
    def _own(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        return super()._own(header, arrays) | {"metrics": tuple(map(str, header["metrics"]))}


def pack_depth(images: Iterable[DepthImage], header: RecordsHeader) -> DepthRecords:
    """Lay out the images of an evaluation as records, sorted by key.

    Args:
        images: The images in any order.
        header: What was evaluated, and how.

    Raises:
        ValueError: Two images have the same key.
    """
    ordered = sorted(images, key=lambda image: image.key)
    rows = [
        [np.nan] * len(DEPTH_METRICS) if image.values is None else [image.values[name] for name in DEPTH_METRICS]
        for image in ordered
    ]
    return DepthRecords(
        keys=tuple(image.key for image in ordered),
        **header.common,
        values=np.array(rows, dtype=np.float32).reshape(-1, len(DEPTH_METRICS)),
        pixels=np.array([image.pixels for image in ordered], dtype=np.uint32),
    )

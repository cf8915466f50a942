"""What an evaluation keeps of each image whose pixels are classified: how many of which class were taken for which.

Source: `SemanticMetrics` of `ultralytics/utils/metrics.py`. Pixels with the label 255 are ignored, and are in no count.
A model of one class has two rows and columns: 0 is the background, 1 the class.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records, RecordsHeader


@dataclass(frozen=True)
class ConfusionImage:
    """One image as the validator saw it.

    Attributes:
        key: Path of the image relative to the dataset, with `/`.
        matrix: Number of pixels, rows are the true class, columns the predicted one, shape (S, S), S = number of
            classes, or 2 for a single class.
    """

    key: str
    matrix: NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class ConfusionRecords(Records):
    """The pixels of one evaluation: E entries, those of one image after another.

    Attributes:
        image: Image index of each entry, u32, shape (E,), ascending.
        truth: True class of its pixels, u16, shape (E,).
        predicted: Predicted class, u16, shape (E,).
        pixels: How many pixels they are, u32, shape (E,).
    """

    RECORD_TYPE: ClassVar[str] = "confusion"
    ARRAYS: ClassVar[Mapping[str, tuple[str, int]]] = {
        "image": ("u4", 1),
        "truth": ("u2", 1),
        "predicted": ("u2", 1),
        "pixels": ("u4", 1),
    }

    image: NDArray[np.uint32] = field(repr=False)
    truth: NDArray[np.uint16] = field(repr=False)
    predicted: NDArray[np.uint16] = field(repr=False)
    pixels: NDArray[np.uint32] = field(repr=False)

    def _check(self) -> None:
        if len({getattr(self, name).shape for name in self.ARRAYS}) != 1 or self.image.ndim != 1:
            raise ValueError(f"entries of {[getattr(self, name).shape for name in self.ARRAYS]}")
        if not len(self.image):
            return
        if int(self.image.max()) >= len(self.keys) or np.any(np.diff(self.image.astype(np.int64)) < 0):
            raise ValueError("entries are not in the order of the images, or name one that is not there")
        if max(int(self.truth.max()), int(self.predicted.max())) >= self.side:
            raise ValueError(f"an entry names a class that is not there (there are {self.side})")

    @property
    def side(self) -> int:
        """Rows and columns of the confusion matrix."""
        return confusion_side(self.names)

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        return f"pixels of {self.side} classes"

    def truth_of(self, place: int) -> NDArray[Any]:
        """Return how many pixels of each class an image has, shape (S,)."""
        first, last = np.searchsorted(self.image, [place, place + 1])
        part = slice(first, last)
        return np.bincount(self.truth[part], self.pixels[part], minlength=self.side)


def confusion_side(names: Mapping[int, str]) -> int:
    """Return the rows and columns of the confusion matrix: a single class is told from the background."""
    return 2 if len(names) == 1 else len(names)


def pack_confusion(images: Iterable[ConfusionImage], header: RecordsHeader) -> ConfusionRecords:
    """Lay out the images of an evaluation as records, sorted by key.

    Args:
        images: The images in any order.
        header: What was evaluated, and how.

    Raises:
        ValueError: Two images have the same key, or a matrix has not the shape that the classes ask for.
    """
    ordered = sorted(images, key=lambda image: image.key)
    side = confusion_side(header.names)
    image, truth, predicted, pixels = [], [], [], []
    for place, one in enumerate(ordered):
        if one.matrix.shape != (side, side):
            raise ValueError(f"{side} classes, but a matrix of {one.matrix.shape}")
        rows, columns = np.nonzero(one.matrix)
        image.append(np.full(len(rows), place, np.uint32))
        truth.append(rows.astype(np.uint16))
        predicted.append(columns.astype(np.uint16))
        pixels.append(one.matrix[rows, columns].astype(np.uint32))
    return ConfusionRecords(
        keys=tuple(one.key for one in ordered),
        **header.common,
        image=np.concatenate([np.zeros(0, np.uint32), *image]),
        truth=np.concatenate([np.zeros(0, np.uint16), *truth]),
        predicted=np.concatenate([np.zeros(0, np.uint16), *predicted]),
        pixels=np.concatenate([np.zeros(0, np.uint32), *pixels]),
    )

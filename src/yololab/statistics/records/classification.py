"""What an evaluation keeps of each image that is classified: its class, and the classes that were named first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records, RecordsHeader

MOST_NAMED = 5


@dataclass(frozen=True)
class ClassifiedImage:
    """One image as the validator saw it.

    Attributes:
        key: Path of the image relative to the dataset, with `/`.
        target: Its class.
        predicted: The classes by descending confidence, shape (K,), K = min(5, number of classes).
        confidence: Confidence of the first.
    """

    key: str
    target: int
    predicted: NDArray[Any]
    confidence: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassifyRecords(Records):
    """The classified images of one evaluation.

    Attributes:
        target: Class of each image, u16, shape (I,).
        predicted: The classes that were named first, by descending confidence, u16, shape (I, K), K ≤ 5.
        confidence: Confidence of the first, f32, shape (I,).
    """

    RECORD_TYPE: ClassVar[str] = "classes"
    ARRAYS: ClassVar[Mapping[str, tuple[str, int]]] = {
        "target": ("u2", 1),
        "predicted": ("u2", 2),
        "confidence": ("f4", 1),
    }

    target: NDArray[np.uint16] = field(repr=False)
    predicted: NDArray[np.uint16] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)

    def _check(self) -> None:
        images, named = len(self.keys), min(MOST_NAMED, len(self.names))
        if self.predicted.shape != (images, named):
            raise ValueError(f"{images} keys and {len(self.names)} classes, but predictions of {self.predicted.shape}")
        for name, array in (("target", self.target), ("confidence", self.confidence)):
            if array.shape != (images,):
                raise ValueError(f"{images} keys, but {name} of shape {array.shape}")

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        return f"the first {self.predicted.shape[1]} classes of each image"

    def truth_of(self, place: int) -> NDArray[Any]:
        """Return the class of an image."""
        return self.target[place : place + 1]

    @property
    def truth_is_whole(self) -> bool:
        """Whether `truth_of` is all there is of the labels."""
        return True

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the first class is right, and whether one of the first five is, shape (I, 2)."""
        hits = self.predicted == self.target[:, None]
        return np.stack((hits[:, :1].any(axis=1), hits.any(axis=1)), axis=1)


def pack_classified(images: Iterable[ClassifiedImage], header: RecordsHeader) -> ClassifyRecords:
    """Lay out the images of an evaluation as records, sorted by key.

    Args:
        images: The images in any order.
        header: What was evaluated, and how.

    Raises:
        ValueError: Two images have the same key.
    """
    ordered = sorted(images, key=lambda image: image.key)
    named = min(MOST_NAMED, len(header.names))
    return ClassifyRecords(
        keys=tuple(image.key for image in ordered),
        **header.common,
        target=np.array([image.target for image in ordered], dtype=np.uint16),
        predicted=np.array([image.predicted for image in ordered], dtype=np.uint16).reshape(-1, named),
        confidence=np.array([image.confidence for image in ordered], dtype=np.float32),
    )

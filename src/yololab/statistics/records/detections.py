"""What an evaluation keeps of each image: enough to compute every AP again, under any weights of the images.

For each detection: class, confidence, box and, as one bit a threshold, whether it was a true positive; for each label:
class and box. Arrays are laid out image after image in the order of the sorted keys, so the records of two models over
the same images line up by position.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records, RecordsHeader, typed_array

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
BOX = "box"
MATCHED = (BOX, "mask", "pose")
_BITS = 16  # of a detection's flags
_STEPS_A_PIXEL = 16
_FLAGS, _IGNORED, _ORDER = "tp_", "ignored", "order"
# Whose rules pair detections with labels, and whose formula makes an AP of it.
Definition = Literal["ultralytics", "coco"]


@dataclass(frozen=True)
class ImageRecord:
    """One image as the validator saw it.

    Attributes:
        key: Path of the image relative to the dataset, with `/`.
        size: Width and height of the image file, px.
        classes: Class index of each detection, shape (N,).
        confidence: Confidence of each detection, shape (N,).
        boxes: Box of each detection in pixels of the image file: `x1, y1, x2, y2`, shape (N, 4), or for rotated boxes
            `center x, center y, width, height, angle` (radians), shape (N, 5).
        flags: What is matched (`box`, `mask`, `pose`) → whether a detection is a true positive at each threshold,
            bool, shape (N, T), T ≤ 16.
        target_classes: Class index of each label, shape (M,).
        target_boxes: Box of each label, as `boxes`, shape (M, 4) or (M, 5).
    """

    key: str
    size: tuple[int, int]
    classes: NDArray[Any]
    confidence: NDArray[Any]
    boxes: NDArray[Any]
    flags: Mapping[str, NDArray[Any]]
    target_classes: NDArray[Any]
    target_boxes: NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class DetectionRecords(Records):
    """The per-detection records of one evaluation.

    Attributes:
        sizes: Width and height of each image file, px, u32, shape (I, 2).
        detections: Number of detections of each image, u32, shape (I,).
        classes: Class of each detection, u8 or u16, shape (D,); images one after another, each in the order in which
            the validator returned its detections (descending confidence).
        confidence: Confidence of each detection, f32, shape (D,).
        boxes: Box of each detection in pixels of the image file, to 1/16 px, f32, shape (D, 4) as `x1, y1, x2, y2`, or
            (D, 5) as `center x, center y, width, height, angle` for rotated boxes.
        flags: What is matched (`box`, `mask`, `pose`) → true-positive flags of each detection, u16, shape (D,): bit t
            is the t-th threshold. Flags are not nested: a detection can be a true positive at a higher threshold and
            not at a lower one.
        truth_image: Image index of each label, u32, shape (M,), ascending.
        truth_class: Class of each label, u8 or u16, shape (M,).
        truth_boxes: Box of each label, f32, as `boxes`, shape (M, 4) or (M, 5).
        iou_thresholds: The thresholds of the bits of the flags: IoU for boxes and masks, OKS for keypoints.
        definition: Whose rules made the flags, and whose formula an AP of them follows.
        ignored: Detections that count neither as right nor as wrong, as bits like the flags, u16, shape (D,): those
            that COCO's rules give to a crowd; None without any.
        order: Rank of each image, whose detections go first among equal confidences, u32, shape (I,); None for the
            order of the keys.
    """

    RECORD_TYPE: ClassVar[str] = "detections"
    ARRAYS: ClassVar[Mapping[str, tuple[str, int]]] = {
        "sizes": ("u4", 2),
        "detections": ("u4", 1),
        "classes": ("u1 u2", 1),
        "confidence": ("f4", 1),
        "boxes": ("f4", 2),
        "truth_image": ("u4", 1),
        "truth_class": ("u1 u2", 1),
        "truth_boxes": ("f4", 2),
    }

    sizes: NDArray[np.uint32] = field(repr=False)
    detections: NDArray[np.uint32] = field(repr=False)
    classes: NDArray[Any] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    boxes: NDArray[np.float32] = field(repr=False)
    flags: Mapping[str, NDArray[np.uint16]] = field(repr=False)
    truth_image: NDArray[np.uint32] = field(repr=False)
    truth_class: NDArray[Any] = field(repr=False)
    truth_boxes: NDArray[np.float32] = field(repr=False)
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS
    definition: Definition = "ultralytics"
    ignored: NDArray[np.uint16] | None = field(default=None, repr=False)
    order: NDArray[np.uint32] | None = field(default=None, repr=False)

    def _check(self) -> None:
        images, count, labels = len(self.keys), int(self.detections.sum()), len(self.truth_image)
        if self.order is not None and self.order.shape != (images,):
            raise ValueError(f"{images} keys, but an order of {self.order.shape}")
        if self.detections.shape != (images,) or self.sizes.shape != (images, 2):
            raise ValueError(f"{images} keys, but arrays of {self.detections.shape} and {self.sizes.shape}")
        each = {"classes": self.classes, "confidence": self.confidence, **self.flags}
        for name, array in (each if self.ignored is None else each | {_IGNORED: self.ignored}).items():
            if array.shape != (count,):
                raise ValueError(f"{count} detections, but {name} of shape {array.shape}")
        if not self.flags or not set(self.flags) <= set(MATCHED):
            raise ValueError(f"true-positive flags of {sorted(self.flags)}, not of {', '.join(MATCHED)}")
        if not np.isfinite(self.confidence).all():
            raise ValueError("a confidence that is no number")
        if not 0 < len(self.iou_thresholds) <= _BITS:
            raise ValueError(f"{len(self.iou_thresholds)} thresholds")
        if self.boxes.shape[1] not in (4, 5) or self.boxes.shape[1:] != self.truth_boxes.shape[1:]:
            raise ValueError(f"boxes of {self.boxes.shape[1:]} and {self.truth_boxes.shape[1:]} numbers")
        if len(self.boxes) != count or len(self.truth_boxes) != labels or self.truth_class.shape != (labels,):
            raise ValueError("boxes or labels have arrays of different lengths")
        if labels and int(self.truth_image.max()) >= images:
            raise ValueError("a label names an image that is not there")
        if np.any(np.diff(self.truth_image.astype(np.int64)) < 0):
            raise ValueError("labels are not in the order of the images")

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        thresholds = ", ".join(f"{threshold:g}" for threshold in self.iou_thresholds)
        rules = ", by COCO's rules" if self.definition == "coco" else ""
        return f"{' and '.join(sorted(self.flags))} at thresholds of {thresholds}{rules}"

    def truth_of(self, place: int) -> NDArray[Any]:
        """Return the labels of an image, class and box to a hundredth of a pixel, shape (M, 5 or 6)."""
        first, last = np.searchsorted(self.truth_image, [place, place + 1])
        boxes = np.round(self.truth_boxes[first:last].astype(np.float64), 2)
        rows = np.column_stack([self.truth_class[first:last].astype(np.float64), boxes])
        ordered: NDArray[np.float64] = rows[np.lexsort(rows.T[::-1])]
        return ordered

    @property
    def truth_is_whole(self) -> bool:
        """Whether `truth_of` is all there is of the labels: polygons and keypoints are not kept."""
        return set(self.flags) == {BOX}

    @property
    def details(self) -> dict[str, Any]:
        """What a file's header has to hold besides the common attributes."""
        return {"iou_thresholds": list(self.iou_thresholds), "kinds": list(self.flags), "definition": self.definition}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, as they are kept in a file."""
        more = {_IGNORED: self.ignored, _ORDER: self.order}
        kept = {name: array for name, array in more.items() if array is not None}
        return super().arrays() | {_FLAGS + kind: flags for kind, flags in self.flags.items()} | kept

    @classmethod
    def _own(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
        return super()._own(header, arrays) | {
            "flags": {kind: typed_array(arrays, _FLAGS + kind, "u2", 1) for kind in header["kinds"]},
            "iou_thresholds": tuple(header["iou_thresholds"]),
            "definition": header.get("definition", "ultralytics"),
            "ignored": typed_array(arrays, _IGNORED, "u2", 1) if _IGNORED in arrays else None,
            "order": typed_array(arrays, _ORDER, "u4", 1) if _ORDER in arrays else None,
        }

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each image's detections begin, and the end of the last: shape (I + 1,)."""
        return np.concatenate(([0], np.cumsum(self.detections, dtype=np.int64)))

    @property
    def truth_offsets(self) -> NDArray[np.int64]:
        """Where each image's labels begin, and the end of the last: shape (I + 1,)."""
        return np.searchsorted(self.truth_image, np.arange(len(self.keys) + 1)).astype(np.int64)

    def chosen(self, kept: NDArray[np.bool_]) -> "DetectionRecords":
        """Return the records of some detections alone.

        Args:
            kept: Which detections stay, shape (D,).
        """
        return replace(
            self,
            detections=np.bincount(self.image[kept], minlength=len(self.keys)).astype(np.uint32),
            classes=self.classes[kept],
            confidence=self.confidence[kept],
            boxes=self.boxes[kept],
            flags={kind: flags[kept] for kind, flags in self.flags.items()},
            ignored=None if self.ignored is None else self.ignored[kept],
        )

    def to_keep(self) -> "DetectionRecords":
        """Return the records as a file keeps them: in single precision, boxes of detections to 1/16 px."""
        boxes, truth = self.boxes.astype(np.float32), self.truth_boxes.astype(np.float32)
        return replace(self, confidence=self.confidence.astype(np.float32), boxes=_rounded(boxes), truth_boxes=truth)

    def images(self) -> Iterator[tuple[slice, slice]]:
        """Yield where each image's detections are, and where its labels are."""
        detections, labels = self.offsets, self.truth_offsets
        for place in range(len(self.keys)):
            yield slice(detections[place], detections[place + 1]), slice(labels[place], labels[place + 1])

    @property
    def rank(self) -> NDArray[np.int64]:
        """Rank of each detection's image among equal confidences, shape (D,)."""
        return self.image if self.order is None else self.order[self.image].astype(np.int64)

    @property
    def image(self) -> NDArray[np.int64]:
        """Image index of each detection, shape (D,)."""
        return np.repeat(np.arange(len(self.keys)), self.detections)

    def tp_matrix(self, kind: str = BOX) -> NDArray[np.bool_]:
        """Return the true-positive flags of a kind unpacked, bool, shape (D, T)."""
        return self._unpacked(self.flags[kind])

    def ignored_matrix(self) -> NDArray[np.bool_]:
        """Return which detections are ignored at each threshold, bool, shape (D, T)."""
        return self._unpacked(np.zeros(len(self.classes), np.uint16) if self.ignored is None else self.ignored)

    def _unpacked(self, packed: NDArray[np.uint16]) -> NDArray[np.bool_]:
        bits = np.arange(len(self.iou_thresholds), dtype=np.uint16)
        return (packed[:, None] >> bits & 1).astype(bool)


def pack_records(
    images: Iterable[ImageRecord], header: RecordsHeader, *, kinds: tuple[str, ...] = (BOX,), box_columns: int = 4
) -> DetectionRecords:
    """Lay out the images of an evaluation as records, sorted by key.

    Args:
        images: The images in any order (batches of like shape reorder them).
        header: What was evaluated, and how.
        kinds: What is matched.
        box_columns: 4, or 5 for rotated boxes.

    Raises:
        ValueError: Two images have the same key.
    """
    ordered = sorted(images, key=lambda image: image.key)
    highest = max(
        (int(array.max()) for image in ordered for array in (image.classes, image.target_classes) if len(array)),
        default=0,
    )
    class_type = np.uint8 if max(highest, len(header.names) - 1) < 256 else np.uint16
    boxes = _rows([image.boxes for image in ordered], box_columns)
    return DetectionRecords(
        keys=tuple(image.key for image in ordered),
        sizes=np.array([image.size for image in ordered], dtype=np.uint32).reshape(-1, 2),
        detections=np.array([len(image.confidence) for image in ordered], dtype=np.uint32),
        classes=_joined([image.classes for image in ordered], class_type),
        confidence=_joined([image.confidence for image in ordered], np.float32),
        boxes=_rounded(boxes),
        flags={
            kind: _joined([pack_flags(np.asarray(image.flags[kind])) for image in ordered], np.uint16) for kind in kinds
        },
        truth_image=np.repeat(
            np.arange(len(ordered), dtype=np.uint32), [len(image.target_classes) for image in ordered]
        ),
        truth_class=_joined([image.target_classes for image in ordered], class_type),
        truth_boxes=_rows([image.target_boxes for image in ordered], box_columns),
        **header.common,
    )


def pack_flags(flags: NDArray[Any]) -> NDArray[np.uint16]:
    """Pack boolean flags of shape (N, T), T ≤ 16, into one u16 a row, bit t for column t.

    >>> pack_flags(np.array([[True, False, True], [False, False, False]])).tolist()
    [5, 0]
    """
    bits = np.uint16(1) << np.arange(flags.shape[1], dtype=np.uint16)
    packed: NDArray[np.uint16] = (flags.astype(np.uint16) * bits).sum(axis=1, dtype=np.uint16)
    return packed


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    """Concatenate arrays of one dimension, also none at all."""
    return np.concatenate([np.asarray(part, dtype=dtype) for part in parts]) if parts else np.zeros(0, dtype)


def _rows(parts: list[NDArray[Any]], columns: int) -> NDArray[np.float32]:
    """Concatenate arrays of rows, also none at all."""
    shaped = [np.asarray(part, dtype=np.float32).reshape(-1, columns) for part in parts]
    return np.concatenate(shaped) if shaped else np.zeros((0, columns), np.float32)


def _rounded(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round coordinates to 1/16 px, which halves the file; an angle keeps its digits."""
    boxes[:, :4] = np.round(boxes[:, :4] * _STEPS_A_PIXEL) / _STEPS_A_PIXEL
    return boxes

"""What an evaluation keeps of each image: enough to compute every AP again, under any weights of the images.

A record holds no boxes. For each detection it holds class, confidence and, as one bit an IoU threshold, whether the
detection was a true positive; for each image the number of labels of each class. Arrays are laid out image after image
in the order of the sorted keys, so the records of two models over the same images line up by position.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1
IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))

_ARRAYS = ("detections", "classes", "confidence", "tp", "truth_image", "truth_class", "truth_count")


class RecordsError(ValueError):
    """A file is no records file that we can read; the message names the file, what is wrong, and what to do."""


@dataclass(frozen=True)
class ImageRecord:
    """One image as the validator saw it.

    Attributes:
        key: Path of the image relative to the dataset, with `/`.
        classes: Class index of each detection, shape (N,).
        confidence: Confidence of each detection, shape (N,).
        tp: Whether a detection is a true positive at each IoU threshold, bool, shape (N, T), T ≤ 16.
        target_classes: Class index of each label, shape (M,).
    """

    key: str
    classes: NDArray[Any]
    confidence: NDArray[Any]
    tp: NDArray[Any]
    target_classes: NDArray[Any]


@dataclass(frozen=True, eq=False)
class DetectionRecords:
    """The per-detection records of one evaluation.

    Attributes:
        keys: Keys of the images, sorted, unique; I of them.
        detections: Number of detections of each image, u32, shape (I,).
        classes: Class of each detection, u8 or u16, shape (D,); images one after another, each in the order in which
            the validator returned its detections (descending confidence).
        confidence: Confidence of each detection, f32, shape (D,).
        tp: True-positive flags of each detection, u16, shape (D,): bit t is the t-th IoU threshold. The flags are not
            nested: a detection can be a true positive at a higher threshold and not at a lower one.
        truth_image: Image index of each row of the label counts, u32, shape (R,), ascending.
        truth_class: Class of each row of the label counts, u8 or u16, shape (R,), ascending within an image.
        truth_count: Number of labels of that class in that image, u32, shape (R,), all > 0.
        names: Class index → name, of the model.
        task: Ultralytics' task.
        split: The evaluated split.
        label_fingerprint: Content hash of the labels that were evaluated against.
        protocol: How the evaluation was made.
        ultralytics: The version that made it.
        iou_thresholds: The thresholds of the bits of `tp`.
    """

    keys: tuple[str, ...] = field(repr=False)
    detections: NDArray[np.uint32] = field(repr=False)
    classes: NDArray[Any] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    tp: NDArray[np.uint16] = field(repr=False)
    truth_image: NDArray[np.uint32] = field(repr=False)
    truth_class: NDArray[Any] = field(repr=False)
    truth_count: NDArray[np.uint32] = field(repr=False)
    names: Mapping[int, str]
    task: str
    split: str
    label_fingerprint: str
    protocol: Mapping[str, Any]
    ultralytics: str
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together: a wrong pairing would give a wrong verdict without any error."""
        images, count = len(self.keys), int(self.detections.sum())
        if any(a >= b for a, b in zip(self.keys, self.keys[1:], strict=False)):
            raise ValueError("keys are not sorted and unique")
        if self.detections.shape != (images,):
            raise ValueError(f"{images} keys, but detection counts of shape {self.detections.shape}")
        for name in ("classes", "confidence", "tp"):
            if getattr(self, name).shape != (count,):
                raise ValueError(f"{count} detections, but {name} of shape {getattr(self, name).shape}")
        rows = self.truth_image.shape
        if self.truth_class.shape != rows or self.truth_count.shape != rows:
            raise ValueError("the label counts have arrays of different lengths")
        if len(self.truth_image) and int(self.truth_image.max()) >= images:
            raise ValueError("a label count names an image that is not there")

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each image's detections begin, and the end of the last: shape (I + 1,)."""
        return np.concatenate(([0], np.cumsum(self.detections, dtype=np.int64)))

    def tp_matrix(self) -> NDArray[np.bool_]:
        """Return the true-positive flags unpacked, bool, shape (D, T)."""
        bits = np.arange(len(self.iou_thresholds), dtype=np.uint16)
        return (self.tp[:, None] >> bits & 1).astype(bool)

    def target_classes(self) -> NDArray[np.int64]:
        """Return the class of every label, one entry a label, images in order."""
        return np.repeat(self.truth_class.astype(np.int64), self.truth_count)

    def save_records(self, path: Path) -> None:
        """Write the records as a compressed npz, to a temporary file that is then renamed.

        The same records always give the same bytes.
        """
        header = {
            "schema_version": SCHEMA_VERSION,
            "names": {str(index): name for index, name in self.names.items()},
            "task": self.task,
            "split": self.split,
            "label_fingerprint": self.label_fingerprint,
            "protocol": dict(self.protocol),
            "ultralytics": self.ultralytics,
            "iou_thresholds": list(self.iou_thresholds),
        }
        # A file name can hold every byte but NUL; surrogatepass keeps names that are not UTF-8.
        joined = "\0".join(self.keys).encode("utf-8", "surrogatepass")
        texts = {"header": json.dumps(header, sort_keys=True).encode(), "keys": joined}
        arrays = {name: np.frombuffer(text, dtype=np.uint8) for name, text in texts.items()}
        arrays |= {name: _little_endian(getattr(self, name)) for name in _ARRAYS}
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files that only their owner can read; results are shared ones.
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)


def load_records(path: Path) -> DetectionRecords:
    """Read records that `save_records` wrote. Nothing in the file is ever unpickled.

    Raises:
        RecordsError: The file is missing, is no records file, is damaged, or has a version that we do not know.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            found = header.get("schema_version")
            if found != SCHEMA_VERSION:
                raise RecordsError(
                    f"{path}: schema_version {found!r} (known: {SCHEMA_VERSION}); "
                    "another version of yololab wrote it: use that one, or evaluate again"
                )
            joined = archive["keys"].tobytes().decode("utf-8", "surrogatepass")
            arrays = {name: archive[name] for name in _ARRAYS}
        return DetectionRecords(
            keys=tuple(joined.split("\0")) if joined else (),
            names={int(index): str(name) for index, name in header["names"].items()},
            task=header["task"],
            split=header["split"],
            label_fingerprint=header["label_fingerprint"],
            protocol=header["protocol"],
            ultralytics=header["ultralytics"],
            iou_thresholds=tuple(header["iou_thresholds"]),
            **arrays,
        )
    except RecordsError:
        raise
    except FileNotFoundError:
        raise RecordsError(f"{path}: no such file; evaluate the model again") from None
    except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        found = f"{type(error).__name__}: {error}"
        raise RecordsError(f"{path}: not readable as detection records ({found}); evaluate the model again") from None


def pack_records(
    images: Iterable[ImageRecord],
    *,
    names: Mapping[int, str],
    task: str,
    split: str,
    label_fingerprint: str,
    protocol: Mapping[str, Any],
    ultralytics: str,
) -> DetectionRecords:
    """Lay out the images of an evaluation as records, sorted by key.

    Args:
        images: The images in any order (batches of like shape reorder them).
        names: Class index → name.
        task: Ultralytics' task.
        split: The evaluated split.
        label_fingerprint: Content hash of the labels.
        protocol: How the evaluation was made.
        ultralytics: The version that made it.

    Raises:
        ValueError: Two images have the same key.
    """
    ordered = sorted(images, key=lambda image: image.key)
    highest = max(
        (int(array.max()) for image in ordered for array in (image.classes, image.target_classes) if len(array)),
        default=0,
    )
    class_type = np.uint8 if max(highest, len(names) - 1) < 256 else np.uint16
    truth = [
        (position, int(index), int(count))
        for position, image in enumerate(ordered)
        for index, count in zip(*np.unique(image.target_classes.astype(np.int64), return_counts=True), strict=True)
    ]
    table = np.array(truth, dtype=np.int64).reshape(-1, 3)
    return DetectionRecords(
        keys=tuple(image.key for image in ordered),
        detections=np.array([len(image.confidence) for image in ordered], dtype=np.uint32),
        classes=_joined([image.classes for image in ordered], class_type),
        confidence=_joined([image.confidence for image in ordered], np.float32),
        tp=_joined([pack_flags(image.tp) for image in ordered], np.uint16),
        truth_image=table[:, 0].astype(np.uint32),
        truth_class=table[:, 1].astype(class_type),
        truth_count=table[:, 2].astype(np.uint32),
        names=dict(names),
        task=task,
        split=split,
        label_fingerprint=label_fingerprint,
        protocol=dict(protocol),
        ultralytics=ultralytics,
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


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in little-endian byte order, so that files are alike on all machines."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))

"""The records of several evaluations of different images as one: those of the folds of a dataset."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import DetectionRecords

Order = NDArray[np.int64]


def pool_records(parts: Sequence[Records], split: str) -> Records:
    """Return records over the images of all parts, each of which is of other images.

    Args:
        parts: The records, of one task, one set of classes, and measured alike.
        split: What the images together are called.

    Raises:
        ValueError: There are none, they do not fit together, or an image is in two of them.
    """
    if not parts:
        raise ValueError("no records to pool")
    first = parts[0]
    for part in parts[1:]:
        if type(part) is not type(first) or part.task != first.task or dict(part.names) != dict(first.names):
            raise ValueError("records of several tasks, or of other classes")
        if part.measured != first.measured:
            raise ValueError(f"{part.measured} in one part, {first.measured} in another")
    keys = [key for part in parts for key in part.keys]
    if len(set(keys)) != len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"{twice} is in two parts")
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    digests = sorted(part.label_fingerprint for part in parts)
    header = first.common | {
        "split": split,
        "label_fingerprint": hashlib.sha256("\0".join(digests).encode()).hexdigest(),
        "keys": tuple(keys[place] for place in order),
    }
    return type(first)(**header, **_POOLS[first.RECORD_TYPE](parts, order))


def _whole(names: Sequence[str], same: Sequence[str] = ()) -> Callable[[Sequence[Any], Order], dict[str, Any]]:
    """Return the pool of records whose arrays have a row an image."""

    def pool(parts: Sequence[Any], order: Order) -> dict[str, Any]:
        arrays = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
        return arrays | {name: getattr(parts[0], name) for name in same}

    return pool


def _places(images: Sequence[NDArray[Any]], parts: Sequence[Records], order: Order) -> tuple[Order, Order]:
    """Return the pooled image of each row, and the order in which rows of one image after another stand.

    Args:
        images: For each part the image index of each of its rows.
        parts: The parts.
        order: The images of all parts in the order of their keys.
    """
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    starts = np.cumsum([0, *(len(part.keys) for part in parts)])
    rows = [rank[own.astype(np.int64) + start] for own, start in zip(images, starts, strict=False)]
    found = np.concatenate(rows)
    sort = np.argsort(found, kind="stable")
    return found[sort], sort


def _detections(parts: Sequence[DetectionRecords], order: Order) -> dict[str, Any]:
    _, rows = _places([part.image for part in parts], parts, order)
    truth_image, labels = _places([part.truth_image for part in parts], parts, order)

    def joined(arrays: Sequence[NDArray[Any]], places: Order) -> NDArray[Any]:
        found: NDArray[Any] = np.concatenate(arrays)[places]
        return found

    ignored = [part.ignored for part in parts]
    known = [array for array in ignored if array is not None]
    return {
        "sizes": joined([part.sizes for part in parts], order),
        "detections": joined([part.detections for part in parts], order),
        **{name: joined([getattr(part, name) for part in parts], rows) for name in ("classes", "confidence", "boxes")},
        "flags": {kind: joined([part.flags[kind] for part in parts], rows) for kind in parts[0].flags},
        "ignored": joined(known, rows) if len(known) == len(parts) else None,
        "truth_image": truth_image.astype(np.uint32),
        **{name: joined([getattr(part, name) for part in parts], labels) for name in ("truth_class", "truth_boxes")},
        "iou_thresholds": parts[0].iou_thresholds,
        "definition": parts[0].definition,
    }


def _confusion(parts: Sequence[ConfusionRecords], order: Order) -> dict[str, Any]:
    image, rows = _places([part.image for part in parts], parts, order)
    names = ("truth", "predicted", "pixels")
    found = {name: np.concatenate([getattr(part, name) for part in parts])[rows] for name in names}
    return found | {"image": image.astype(np.uint32)}


_POOLS: Mapping[str, Callable[[Sequence[Any], Order], dict[str, Any]]] = {
    DetectionRecords.RECORD_TYPE: _detections,
    ClassifyRecords.RECORD_TYPE: _whole(("target", "predicted", "confidence")),
    ConfusionRecords.RECORD_TYPE: _confusion,
    DepthRecords.RECORD_TYPE: _whole(("values", "pixels"), ("metrics",)),
}

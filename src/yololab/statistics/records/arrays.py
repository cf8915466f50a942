"""Records as plain arrays with a versioned JSON header, one layout for every kind: what their file holds."""

import json
from collections.abc import Mapping
from typing import Any, Literal, Required, TypedDict

import msgspec
import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import DetectionRecords

SCHEMA_VERSION = 3
MOST_CLASSES = 2**16

KINDS: dict[str, type[Records]] = {
    kind.RECORD_TYPE: kind for kind in (DetectionRecords, ClassifyRecords, ConfusionRecords, DepthRecords)
}


class Header(TypedDict, total=False):
    """The header of a file of records."""

    schema_version: Required[int]
    form: Required[str]
    names: Required[dict[str, str]]
    task: Required[str]
    split: Required[str]
    label_fingerprint: Required[str]
    protocol: Required[dict[str, Any]]
    ultralytics: Required[str]
    iou_thresholds: list[float]
    kinds: list[str]
    definition: Literal["ultralytics", "coco"]
    metrics: list[str]


class RecordsError(ValueError):
    """Arrays make no records; the message says why."""


def to_arrays(records: Records) -> dict[str, NDArray[Any]]:
    """Return records as arrays: little-endian, and two of bytes, `header` (JSON) and `keys` (joined by NUL)."""
    header = {
        "schema_version": SCHEMA_VERSION,
        "form": records.RECORD_TYPE,
        "names": {str(index): name for index, name in records.names.items()},
        "task": records.task,
        "split": records.split,
        "label_fingerprint": records.label_fingerprint,
        "protocol": dict(records.protocol),
        "ultralytics": records.ultralytics,
        **records.details,
    }
    # A file name can hold every byte but NUL; surrogatepass keeps names that are not UTF-8.
    joined = "\0".join(records.keys).encode("utf-8", "surrogatepass")
    texts = {"header": json.dumps(header, sort_keys=True).encode(), "keys": joined}
    arrays = {name: np.frombuffer(text, dtype=np.uint8) for name, text in texts.items()}
    return arrays | {name: _little_endian(array) for name, array in records.arrays().items()}


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Records:
    """Return the records that `to_arrays` was given.

    Raises:
        RecordsError: Something is missing, does not fit together, or is of a version that we do not know.
    """
    try:
        header = json.loads(arrays["header"].tobytes())
        found = header.get("schema_version")
        if found != SCHEMA_VERSION:
            raise RecordsError(
                f"schema_version {found!r} (known: {SCHEMA_VERSION}); "
                "another version of yololab wrote it: use that one, or evaluate again"
            )
        joined = arrays["keys"].tobytes().decode("utf-8", "surrogatepass")
        msgspec.convert(header, Header)
        header["keys"] = tuple(joined.split("\0")) if joined else ()
        header["names"] = {int(index): name for index, name in header["names"].items()}
        if len(header["names"]) > MOST_CLASSES:
            raise ValueError(f"{len(header['names']):,} classes")
        return KINDS[header["form"]].rebuilt(header, arrays)
    except RecordsError:
        raise
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RecordsError(f"not readable as records ({reason}); evaluate the model again") from None


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in little-endian byte order, so that files are alike on all machines."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))

"""Records as a file: a compressed npz with a JSON header, versioned, never unpickled; one layout for every form."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import DetectionRecords

SCHEMA_VERSION = 3

FORMS: dict[str, type[Records]] = {
    form.FORM: form for form in (DetectionRecords, ClassifyRecords, ConfusionRecords, DepthRecords)
}


class RecordsError(ValueError):
    """A file is no records file that we can read; the message names the file, what is wrong, and what to do."""


def save_records(records: Records, path: Path) -> None:
    """Write records, to a temporary file that is then renamed. The same records always give the same bytes."""
    header = {
        "schema_version": SCHEMA_VERSION,
        "form": records.FORM,
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
    arrays |= {name: _little_endian(array) for name, array in records.arrays().items()}
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


def load_records(path: Path) -> Records:
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
            arrays = {name: archive[name] for name in archive.files}
        header["keys"] = tuple(joined.split("\0")) if joined else ()
        header["names"] = {int(index): str(name) for index, name in header["names"].items()}
        return FORMS[header["form"]].rebuilt(header, arrays)
    except RecordsError:
        raise
    except FileNotFoundError:
        raise RecordsError(f"{path}: no such file; evaluate the model again") from None
    except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RecordsError(f"{path}: not readable as records ({reason}); evaluate the model again") from None


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in little-endian byte order, so that files are alike on all machines."""
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))

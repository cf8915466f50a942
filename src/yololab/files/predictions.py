"""predictions.npz: arrays in a compressed file, written whole and read without trusting what the file says of itself.

Nothing is ever unpickled, and nothing is unpacked that is larger than `MOST_BYTES`: a few kilobytes of zip can claim
terabytes. What the arrays mean is the concern of `statistics/records`.
"""

import io
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.files.atomic import write_bytes

# 300 detections on each of a million images take 15 GB; more is no evaluation that we could compare.
MOST_BYTES = 16 * 10**9
# What numpy, zipfile and zlib raise for a file that is damaged, encrypted, absurd, or of another kind altogether.
_DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    MemoryError,
)
_DAMAGED += (KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)


class PredictionsError(ValueError):
    """A file holds no records that we can use; the message names the file, what is wrong, and what to do."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays; the same arrays always give the same bytes."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    write_bytes(path, packed.getbuffer())


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, NDArray[Any]]:
    """Read arrays that `write_arrays` wrote.

    Args:
        path: The file.
        names: Read these alone, to see whether the file is whole: a cut archive has lost its directory. None reads all.

    Raises:
        PredictionsError: The file is missing, damaged, too large, or holds anything but arrays of numbers.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            if sum(member.file_size for member in archive.zip.infolist()) > MOST_BYTES:
                raise ValueError(f"more than {MOST_BYTES / 10**9:g} GB unpacked")
            return {name: archive[name] for name in names or archive.files}
    except FileNotFoundError:
        raise PredictionsError(f"{path}: no such file; evaluate the model again") from None
    except _DAMAGED as error:
        reason = f"{type(error).__name__}: {error}"
        raise PredictionsError(f"{path}: not readable as records ({reason}); evaluate the model again") from None

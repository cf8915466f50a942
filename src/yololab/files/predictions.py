"""predictions.npz: arrays in a compressed file, written whole and read without trusting what the file says of itself.

Nothing is ever unpickled. Before memory is taken, every member's own header has to agree with the size that the archive
states, and that with the size of the file: a few kilobytes of zip can claim terabytes. What the arrays mean, and which
of them belong together, is the concern of `statistics/records`.
"""

import io
import math
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from yololab.errors import InputError
from yololab.files.atomic import write_bytes
from yololab.files.reading import open_regular

# 300 detections on each of a million images take 15 GB; more is no evaluation that we could compare.
MOST_BYTES = 16 * 10**9
MOST_ARRAYS = 32
# Records without detections are small, and those of detections are numbers like noise, which hardly shrink.
_FREE_BYTES, _MOST_SHRUNK = 256 * 10**6, 50
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


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
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = _members(archive, path.stat().st_size)
            return {name: _read_array(archive, members[name]) for name in names or members}
    except InputError as error:
        raise PredictionsError(f"{path}: {error.problems[0].found}; evaluate the model again") from None
    except Exception as error:  # numpy, zipfile and zlib raise of every kind for what is damaged, encrypted or absurd
        reason = f"{type(error).__name__}: {error}"
        raise PredictionsError(f"{path}: not readable as records ({reason}); evaluate the model again") from None


def _members(archive: zipfile.ZipFile, packed: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members of an archive by the names of their arrays.

    Raises:
        ValueError: There are too many, they are too large, or are packed in another way than ours.
    """
    found = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    total = sum(member.file_size for member in archive.infolist())
    if len(archive.infolist()) > MOST_ARRAYS or len(found) < len(archive.infolist()):
        raise ValueError(f"{len(archive.infolist())} members, {len(found)} names; at most {MOST_ARRAYS} arrays")
    if total > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES / 10**9:g} GB unpacked")
    if total > _FREE_BYTES + _MOST_SHRUNK * packed:
        raise ValueError(f"{packed:,} bytes that claim to hold {total:,}")
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in found.values()):
        raise ValueError("not packed by numpy")
    return found


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Return an array once its header agrees with the size of its member.

    Raises:
        ValueError: It does not, or it is no array of numbers of two dimensions at most.
    """
    with archive.open(member) as stream:
        shape, _, dtype = _HEADERS[npy.read_magic(stream)](stream)
        claimed = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "biuf" or len(shape) > 2 or claimed != member.file_size - stream.tell():
            raise ValueError(f"{member.filename} says {dtype} of shape {shape} in {member.file_size:,} bytes")
    with archive.open(member) as stream:
        return np.asarray(npy.read_array(stream, allow_pickle=False))

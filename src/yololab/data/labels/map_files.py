"""Labels that are images, one for each image: read once, and remembered while the file stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yololab.data.images.image_cache import CachedMap, cache_name, is_settled, stamp_of
from yololab.data.problems import DataProblem, Severity
from yololab.errors import InputError, Problem

DROPS = "Ultralytics leaves out the image"
ABSENT = bytes(32)
"""The digest of a map that is not there."""


class MapContent(NamedTuple):
    """What is in a label file.

    Attributes:
        facts: What was found in it, as plain values.
        digest: SHA-256 of its bytes.
        fresh: The same with its name and stamp, when it was not known and is worth keeping.
    """

    facts: Sequence[Any]
    digest: bytes
    fresh: tuple[str, CachedMap] | None


def read_map(
    file: Path, known: CachedMap | None, read: Callable[[bytes], Sequence[Any]]
) -> MapContent | DataProblem | None:
    """Return what is in a label file; a problem when it cannot be read, None when it is not there.

    Args:
        file: The file.
        known: What is known of it from an earlier check.
        read: Finds in the bytes what is to be known.
    """
    try:
        status = file.stat()
        stamp = stamp_of(status)
        if known is not None and known.stamp == stamp:
            return MapContent(known.facts, known.digest, None)
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        what, remedy = f"not readable ({error.strerror})", "Ultralytics leaves out the image: mend the permissions"
        return DataProblem("label_unreadable", file, None, what, Severity.BLOCKING, remedy)
    facts, digest = read(content), hashlib.sha256(content).digest()
    kept = (cache_name(file), CachedMap(stamp, facts, digest)) if is_settled(status) else None
    return MapContent(facts, digest, kept)


def map_digest(file: Path) -> bytes:
    """Return the SHA-256 of a label file; that of nothing when there is none.

    Raises:
        InputError: It is there and cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return hashlib.sha256().digest()
    except OSError as error:
        raise InputError(Problem(str(file), f"not readable ({error.strerror})", "a label file")) from None


def beside_images(image: Path, folder: str) -> Path:
    """Return an image's path with its last folder `images` called otherwise; the same path when there is none."""
    parts = list(image.parts)
    for place in range(len(parts) - 1, -1, -1):
        if parts[place] == "images":
            parts[place] = folder
            break
    return Path(*parts)

"""What is known of image files that have not changed since they were read: nothing is read twice."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from yololab.data.images.image_facts import ImageFacts
from yololab.files.index import FileIndex, indexed_name
from yololab.files.paths import CacheFolder

SCAN_VERSION = 6
MOST_IMAGE = 2**30  # bytes of an image or a map: it is read whole, to hash it


class ImageEntry(NamedTuple):
    """What was found in an image file.

    Attributes:
        facts: Its header's facts.
        digest: SHA-256 of its bytes.
        hash: Its perceptual hash; None when it has none.
        hashed: Whether the perceptual hash was asked for.
        decoded: Whether every pixel was decoded.
    """

    facts: ImageFacts
    digest: bytes
    hash: bytes | None
    hashed: bool
    decoded: bool


class CachedMap(NamedTuple):
    """What was found in a label file that is an image: a mask, a depth map.

    Attributes:
        facts: What was found, as plain values.
        digest: SHA-256 of its bytes.
    """

    facts: list[Any]
    digest: bytes


def scan_index(folder: Path | None) -> FileIndex:
    """Return what earlier scans have found, `ImageEntry` and `CachedMap` by `cache_name`; without a folder nothing."""
    return FileIndex(None if folder is None else CacheFolder(folder).images(SCAN_VERSION))


def cache_name(file: Path) -> str:
    """Return the name of a file among the entries."""
    return indexed_name(os.path.abspath(file))  # noqa: PTH100

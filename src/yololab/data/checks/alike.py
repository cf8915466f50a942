"""Images of one split that look alike: they are not independent, whatever a comparison takes them for."""

from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np

from yololab.data.images.image_cache import MOST_IMAGE, ImageEntry, cache_name, scan_index
from yololab.data.images.image_facts import read_facts
from yololab.data.images.perceptual import HASH_BYTES, groups_within, perceptual_hash
from yololab.errors import InputError
from yololab.files.index import stamp_of
from yololab.files.reading import read_bytes

MOST_IMAGES = 20_000  # every image is held against every other one
_THREADS = 4


def alike_images(images: Mapping[str, Path], distance: int, cache: Path | None = None) -> list[list[str]] | None:
    """Return the groups of images that look alike, each with its keys in order; None for too many images to ask.

    An image belongs to a group when it looks like any one of it, as a frame of a film looks like the next. What the
    dataset check has kept of a file is not read again; what cannot be read resembles nothing.

    Args:
        images: Key → file.
        distance: Bits of two perceptual hashes, of 256, that may differ.
        cache: Our cache folder.
    """
    if len(images) > MOST_IMAGES:
        return None
    names = [cache_name(file) for file in images.values()]
    known = scan_index(cache).known(names, ImageEntry)
    with ThreadPool(_THREADS) as pool:
        hashes = pool.starmap(_hash_of, zip(images.values(), map(known.get, names), strict=True))
    hashed = [(key, found) for key, found in zip(images, hashes, strict=True) if found is not None]
    return groups_of([key for key, _ in hashed], [found for _, found in hashed], distance)


def groups_of(keys: Sequence[str], hashes: Sequence[bytes], distance: int) -> list[list[str]]:
    """Return the groups of at least two keys whose hashes hang together within a distance, in the order of the keys."""
    places = groups_within(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, HASH_BYTES), distance)
    found: dict[int, list[str]] = {}
    for key, place in zip(keys, places.tolist(), strict=True):
        found.setdefault(place, []).append(key)
    return [group for group in found.values() if len(group) > 1]


def _hash_of(image: Path, known: tuple[str, ImageEntry] | None) -> bytes | None:
    """Return the perceptual hash of an image; None where it has none."""
    try:
        if known is not None and known[1].hashed and known[0] == stamp_of(image.stat()):
            return known[1].hash
        content = read_bytes(image, MOST_IMAGE)
    except (OSError, InputError):
        return None
    facts = read_facts(content)
    return None if facts.error else perceptual_hash(content, facts.width, facts.height)

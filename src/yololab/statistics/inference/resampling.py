"""Weights of the images: bootstrap resamples and swaps, which depend on keys, seed and number alone.

Two models measured on the same images get the same resamples, so K models cost K evaluations of each, not K².
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

# One seed for all comparisons: the same two models get the same verdict, and all models of a sweep the same resamples.
SEED = 0
BYTES_AT_ONCE = 20_000_000  # a block of weights: small enough for the memory, large enough for numpy
_LEAST_COLUMNS, _MOST_COLUMNS = 50, 1000
_DRAWN_AT_ONCE = 100


def bootstrap_weights(keys: Sequence[str], seed: int, count: int) -> Iterator[NDArray[np.float32]]:
    """Draw bootstrap resamples of the images: how often each image is in each of them.

    Args:
        keys: Keys of the images.
        seed: The seed.
        count: Number of resamples.

    Yields:
        Weights of a block of resamples, f32, shape (I, B); each column sums to I.
    """
    images = len(keys)
    for rng, columns in _blocks("bootstrap", keys, seed, count):
        weights = np.empty((images, columns), np.float32)
        for start in range(0, columns, _DRAWN_AT_ONCE):
            part = weights[:, start : start + _DRAWN_AT_ONCE]
            width = part.shape[1]
            drawn = rng.integers(0, images, size=(width, images)) + np.arange(width)[:, None] * images
            part[:] = np.bincount(drawn.ravel(), minlength=width * images).reshape(width, images).T
        yield weights


def swaps(keys: Sequence[str], seed: int, count: int) -> Iterator[NDArray[np.float32]]:
    """Draw for each image whether the two models change places.

    Args:
        keys: Keys of the images.
        seed: The seed.
        count: Number of swaps.

    Yields:
        1 where an image is swapped, else 0, f32, shape (I, B).
    """
    for rng, columns in _blocks("swap", keys, seed, count):
        yield np.ascontiguousarray(rng.integers(0, 2, size=(columns, len(keys))).T, dtype=np.float32)


def _blocks(use: str, keys: Sequence[str], seed: int, count: int) -> Iterator[tuple[np.random.Generator, int]]:
    """Yield a generator and a number of columns for each block; more of them begin with the same ones."""
    text = f"{use}\0{seed}\0" + "\0".join(keys)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    columns = int(np.clip(BYTES_AT_ONCE // (4 * max(len(keys), 1)), _LEAST_COLUMNS, _MOST_COLUMNS))
    for block, start in enumerate(range(0, count, columns)):
        rng = np.random.default_rng([block, *np.frombuffer(digest, np.uint32).tolist()])
        yield rng, min(columns, count - start)

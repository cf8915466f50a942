"""Weights of the images: bootstrap resamples and swaps, which depend on keys, seed and number alone.

Two models measured on the same images get the same resamples, so K models cost K evaluations of each, not K². Where
images belong together (frames of a film, tiles of a picture), whole groups of them are drawn and swapped.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Told how many replicates were measured, and how many there will be, as far as that is known.
Progress = Callable[[int, int], None]

# One seed for all comparisons: the same two models get the same verdict, and all models of a sweep the same resamples.
SEED = 0
BYTES_AT_ONCE = 20_000_000  # a block of weights: small enough for the memory, large enough for numpy
_LEAST_COLUMNS, _MOST_COLUMNS = 50, 500
_DRAWN_AT_ONCE = 100


def untold(done: int, total: int) -> None:
    """Tell nobody of the progress."""


@dataclass(frozen=True, eq=False)
class Units:
    """What is independent of each other: the images, or groups of them.

    Attributes:
        keys: Keys of the units, U of them.
        place: Unit of each image, i64, shape (I,); None where each image is one.
    """

    keys: Sequence[str] = field(repr=False)
    place: NDArray[np.int64] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What they are, in plural."""
        return "images" if self.place is None else "groups"

    def gathered(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Add up values of the images, shape (I,), to those of the units, shape (U,)."""
        if self.place is None:
            return values.astype(np.float64, copy=False)
        return np.bincount(self.place, values, minlength=len(self.keys)).astype(np.float64)

    def spread(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give each image the weight of its unit: shape (U, B) → (I, B)."""
        return weights if self.place is None else np.ascontiguousarray(weights[self.place])

    def resamples(self, count: int) -> Iterator[NDArray[np.float32]]:
        """Draw bootstrap resamples of the units: blocks of shape (U, B)."""
        return bootstrap_weights(self.keys, SEED, count, self._images)

    def swaps(self, count: int) -> Iterator[NDArray[np.float32]]:
        """Draw swaps of the units: blocks of shape (U, B)."""
        return swaps(self.keys, SEED, count, self._images)

    @property
    def _images(self) -> int:
        return len(self.keys) if self.place is None else len(self.place)


def group_units(names: Sequence[str]) -> Units:
    """Return the groups that images belong to, from the name of each image's group."""
    keys, place = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    return Units(tuple(keys.tolist()), place.astype(np.int64))


def bootstrap_weights(
    keys: Sequence[str], seed: int, count: int, rows: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Draw bootstrap resamples of the images: how often each image is in each of them.

    Args:
        keys: Keys of the images.
        seed: The seed.
        count: Number of resamples.
        rows: Images that get a weight in the end, for the size of a block; None for one a key.

    Yields:
        Weights of a block of resamples, f32, shape (I, B); each column sums to I.
    """
    images = len(keys)
    for rng, columns in _blocks("bootstrap", keys, seed, count, rows):
        weights = np.empty((images, columns), np.float32)
        for start in range(0, columns, _DRAWN_AT_ONCE):
            part = weights[:, start : start + _DRAWN_AT_ONCE]
            width = part.shape[1]
            drawn = rng.integers(0, images, size=(width, images)) + np.arange(width)[:, None] * images
            part[:] = np.bincount(drawn.ravel(), minlength=width * images).reshape(width, images).T
        yield weights


def swaps(keys: Sequence[str], seed: int, count: int, rows: int | None = None) -> Iterator[NDArray[np.float32]]:
    """Draw for each image whether the two models change places.

    Args:
        keys: Keys of the images.
        seed: The seed.
        count: Number of swaps.
        rows: As in `bootstrap_weights`.

    Yields:
        1 where an image is swapped, else 0, f32, shape (I, B).
    """
    for rng, columns in _blocks("swap", keys, seed, count, rows):
        yield np.ascontiguousarray(rng.integers(0, 2, size=(columns, len(keys))).T, dtype=np.float32)


def _blocks(
    use: str, keys: Sequence[str], seed: int, count: int, rows: int | None
) -> Iterator[tuple[np.random.Generator, int]]:
    """Yield a generator and a number of columns for each block; more of them begin with the same ones."""
    text = f"{use}\0{seed}\0" + "\0".join(keys)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    columns = int(np.clip(BYTES_AT_ONCE // (4 * max(rows or len(keys), 1)), _LEAST_COLUMNS, _MOST_COLUMNS))
    for block, start in enumerate(range(0, count, columns)):
        rng = np.random.default_rng([block, *np.frombuffer(digest, np.uint32).tolist()])
        yield rng, min(columns, count - start)

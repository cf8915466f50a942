"""Values of images put into slices: numbers into thirds, words into categories."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# A column of numbers with fewer different ones is one of codes: 0 and 1, the number of a camera.
_FEWEST_NUMBERS = 7
# A category of fewer images says nothing by itself, and more categories than these are no table to read.
FEWEST_IMAGES, MOST_CATEGORIES = 10, 12
THIRDS = ("low", "middle", "high")


@dataclass(frozen=True, eq=False)
class ImageSlice:
    """Some of the images.

    Attributes:
        of: What they are told apart by: `brightness`, `crowding`, a column of a CSV file, …
        name: Which of them they are: `dark`, `night`, …
        images: Which images, shape (I,).
        above: They have more than this; None without a limit.
        up_to: They have this at most; None without a limit.
        pooled: How many rare categories are in it; 0 for a slice of its own.
    """

    of: str
    name: str
    images: NDArray[np.bool_] = field(repr=False)
    above: float | None = None
    up_to: float | None = None
    pooled: int = 0


def thirds(of: str, values: NDArray[np.floating], names: Sequence[str] = THIRDS) -> list[ImageSlice]:
    """Return the images in thirds of a number, equal numbers together; none where all are alike.

    Args:
        of: What the number is.
        values: The number of each image, NaN where it is not known, shape (I,).
        names: What low, middle and high numbers are called.

    >>> [(item.name, item.above, item.up_to) for item in thirds("crowding", np.array([1.0, 2, 2, 2, 3, 9]))]
    [('low', None, 2.0), ('high', 2.0, None)]
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    cuts = [float(cut) for cut in np.quantile(known, [1 / 3, 2 / 3], method="inverted_cdf")]
    ends = [-math.inf, *cuts, math.inf]
    found = []
    for name, low, high in zip(names, ends[:-1], ends[1:], strict=True):
        images = (values > low) & (values <= high)
        if images.any():
            above, up_to = (end if math.isfinite(end) else None for end in (low, high))
            found.append(ImageSlice(of, name, images, above, up_to))
    if len(found) < 2:
        return []
    # Of two, one is low and the other high, whichever third they were.
    for place, name in ((0, names[0]), (-1, names[-1])):
        item = found[place]
        found[place] = ImageSlice(of, name, item.images, item.above, item.up_to)
    last = found[-1]
    found[-1] = ImageSlice(of, last.name, last.images, last.above, None)
    return found


def categories(of: str, values: Sequence[str | None]) -> list[ImageSlice]:
    """Return the images by a word, the most frequent first; rare ones are one slice. None where all are alike.

    Args:
        of: What the word is.
        values: The word of each image; None where it has none.
    """
    texts = np.array(["" if value is None else value for value in values], object)
    known = np.array([value is not None for value in values], bool)
    names, counts = np.unique(texts[known].astype(str), return_counts=True)
    order = np.lexsort((names, -counts))
    kept = [place for place in order.tolist() if counts[place] >= FEWEST_IMAGES][:MOST_CATEGORIES]
    rare = len(names) - len(kept)
    if rare == 1 and len(kept) < MOST_CATEGORIES:  # a pool of one has a name
        kept, rare = order.tolist(), 0
    found = [ImageSlice(of, str(names[place]), known & (texts == names[place])) for place in kept]
    if rare and kept:
        others = known & ~np.logical_or.reduce([item.images for item in found])
        found.append(ImageSlice(of, "others", others, pooled=rare))
    return found if len(found) > 1 else []


def by_column(of: str, cells: Sequence[str | None]) -> list[ImageSlice]:
    """Return the images by what a table says of them: in thirds where it is numbers, else by words.

    >>> [item.name for item in by_column("lux", [str(lux) for lux in range(30)])]
    ['low', 'middle', 'high']
    >>> [item.name for item in by_column("rain", ["yes", "no", "no"] * 10)]
    ['no', 'yes']
    """
    numbers = np.array([_number(cell) for cell in cells])
    other_texts = sum(cell is not None for cell in cells) - int(np.isfinite(numbers).sum())
    if other_texts or len(np.unique(numbers[np.isfinite(numbers)])) < _FEWEST_NUMBERS:
        return categories(of, cells)
    return thirds(of, numbers)


def _number(cell: str | None) -> float:
    """Return the number in a cell; NaN where there is none."""
    try:
        found = float(cell or "nan")
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan

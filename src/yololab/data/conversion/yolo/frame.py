"""From the pixels that labels were drawn in to the image as Ultralytics sees it, in parts of its sides.

Ultralytics turns an image as its EXIF orientation says (`exif_size` in data/utils.py, OpenCV when it reads one). Some
programs label the image as it is stored, others as it is seen; the size that they write tells which.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yololab.data.conversion.labelled import Points

_SIDEWAYS = (5, 6, 7, 8)
# EXIF orientation → where a point of the stored image is in the one that is seen.
_TURNS: dict[int, Callable[[Points, Points], tuple[Points, Points]]] = {
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
_ALIKE = 0.02  # how far the ratio of two sizes may be off when one is the other, scaled and rounded
TURNED = "labelled as stored, turned as EXIF says"
SCALED = "labelled at another size of the image"
UNLIKE = "with a size in the source that is not the file's: pixels of the file are taken"
MIRRORED = "turned upside down or mirrored by EXIF: labels are taken as drawn on the image as it is seen"


@dataclass(frozen=True)
class Frame:
    """How labels lie on an image.

    Attributes:
        drawn: Width and height that the labels refer to, px.
        orientation: The EXIF orientation by which they are turned; 1 for none.
        note: What is unusual about it; empty for nothing.
    """

    drawn: tuple[float, float]
    orientation: int = 1
    note: str = ""

    def relative(self, points: Points) -> Points:
        """Return points in parts of the sides of the image as it is seen.

        Args:
            points: x and y, px, shape (n, 2).
        """
        scaled = np.asarray(points, np.float64) / self.drawn
        turn = _TURNS.get(self.orientation)
        return scaled if turn is None else np.column_stack(turn(*scaled.T))


def frame_of(declared: tuple[float, float] | None, stored: tuple[int, int], orientation: int) -> Frame:
    """Return how labels lie on an image.

    Args:
        declared: Width and height in the source; None when it says none, `(1, 1)` for labels in parts of the sides.
        stored: Width and height of the file before any turning, px.
        orientation: Its EXIF orientation.

    >>> frame_of((40, 30), (40, 30), 6) == Frame((40, 30), 6, TURNED)
    True
    """
    sideways = orientation in _SIDEWAYS
    shown = (stored[1], stored[0]) if sideways else stored
    mirrored = MIRRORED if orientation in (2, 3, 4) else ""
    if declared in (None, shown):
        return Frame(shown, note=mirrored)
    if declared == (1, 1):
        return Frame((1, 1), note=mirrored)
    if sideways and declared == stored:
        return Frame(declared, orientation, TURNED)
    ratio = declared[0] / declared[1]
    if abs(ratio * shown[1] / shown[0] - 1) < _ALIKE:
        return Frame(declared, note=SCALED)
    if sideways and abs(ratio * stored[1] / stored[0] - 1) < _ALIKE:
        return Frame(declared, orientation, TURNED)
    return Frame(shown, note=UNLIKE)

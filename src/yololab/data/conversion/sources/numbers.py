"""Numbers as label files have them: finite, or a problem with its place."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from yololab.data.conversion.coco_files import Faults
from yololab.data.conversion.labelled import Points
from yololab.text import read_number

NUMBER = "a finite number"


class NumberReader:
    """Reads the numbers of one file; those that are none are noted.

    Args:
        path: The file.
        what: What a row of it is called.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.faults = Faults(path, what)
        self._here = f"{path}, "

    def wrong(self, found: str, where: str, allowed: str) -> None:
        """Note what is wrong; its place in the file."""
        self.faults.add(found, where.removeprefix(self._here), allowed)

    def read(self, names: Mapping[str, object], where: str) -> list[float] | None:
        """Return numbers by their names, in order; None when one is missing, or none, which is noted."""
        found = {name: read_number(value) for name, value in names.items()}
        wrong = [name for name, value in found.items() if value is None]
        if wrong:
            self.wrong("without numbers", f"{where}: {wrong[0]} is {names[wrong[0]]!r}", NUMBER)
            return None
        return [value for value in found.values() if value is not None]

    def points(self, pairs: object, where: str, least: int = 1) -> Points | None:
        """Return points of shape (n, 2); None when they are none, or fewer than `least`, which is noted."""
        try:
            points = np.array(pairs, np.float64).reshape(-1, 2)
        except (TypeError, ValueError):
            points = np.full((1, 2), np.nan)
        if len(points) < least or not np.isfinite(points).all():
            self.wrong("without numbers", where, f"{least} points or more, each x and y in pixels")
            return None
        return points

"""Everything below a folder, links followed as Ultralytics follows them, but never round and round."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from yololab.errors import InputError, Problem

MOST_WAYS = 64  # over links, into one folder: each level of two links to the next doubles them


def entries_below(folder: Path, *, hidden: bool = False) -> Iterator[tuple[str, bool]]:
    """Return each entry below a folder and whether it is a folder, in no particular order.

    Args:
        folder: The folder.
        hidden: Also what begins with a dot.

    Raises:
        InputError: A folder cannot be read (`glob` and `os.walk` would leave it out without a word), lies within
            itself over a link, or is reached over very many.
    """
    ways: Counter[tuple[int, int]] = Counter()
    pending: list[tuple[str, tuple[tuple[int, int], ...]]] = [(str(folder), ())]
    while pending:
        place, above = pending.pop()
        try:
            status = os.stat(place)  # noqa: PTH116  (pathlib takes several times as long)
            identity = (status.st_dev, status.st_ino)
            ways[identity] += 1
            if identity in above or ways[identity] > MOST_WAYS:
                found = "a link to a folder that it lies in" if identity in above else "reached over very many links"
                remedy = "delete the link: Ultralytics would list the images below it over and over"
                raise InputError(Problem(place, found, "folders that do not hold themselves", remedy))
            with os.scandir(place) as found_there:
                entries = list(found_there)
        except OSError as error:
            remedy = "mend its permissions, or move it out of the dataset: Ultralytics would leave it out"
            found = f"cannot be read ({error.strerror})"
            raise InputError(Problem(place, found, "a folder that can be read", remedy)) from None
        for entry in entries:
            if hidden or entry.name[0] != ".":
                # a link to nowhere, or to itself, is an entry all the same
                is_folder = os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir(follow_symlinks=False)  # noqa: PTH112
                yield entry.path, is_folder
                if is_folder:
                    pending.append((entry.path, (*above, identity)))

"""What is to be predicted on: images, folders, patterns, lists of files, films; listed at once, read one by one."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from yololab.data.dataset.image_names import is_image_name
from yololab.errors import InputError, Problem
from yololab.files.paths import similar_path
from yololab.files.reading import read_text

# What OpenCV usually opens; whether it does is seen when a film is read.
FILM_SUFFIXES = frozenset({"asf", "avi", "gif", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ts", "webm", "wmv"})
ALLOWED = "an image, a film, a folder of them, a quoted pattern, or a .txt with a path a line"


@dataclass(frozen=True)
class Source:
    """One file to be predicted on.

    Attributes:
        path: The file, absolute.
        name: What its results are called: its path below what all of them have in common, with `/`.
        film: Whether it is a film.
    """

    path: Path
    name: str
    film: bool


def find_sources(texts: Sequence[str], working_directory: Path) -> list[Source]:
    """List what is to be predicted on, each file once.

    Args:
        texts: What was named.
        working_directory: Where relative paths start.

    Raises:
        InputError: All that is not there, or is nothing that can be predicted on.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for text in texts:
        try:
            found.update(dict.fromkeys(_files(text, working_directory)))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    files = list(found)
    # Names are kept apart by folder: two of them may have an image of the same name.
    top = Path(os.path.commonpath([path.parent for path in files]))
    return [Source(path, path.relative_to(top).as_posix(), is_film(path)) for path in files]


def is_film(path: Path) -> bool:
    """Return whether a file is a film, by its name."""
    return path.suffix[1:].lower() in FILM_SUFFIXES


def _files(text: str, folder: Path) -> Iterator[Path]:
    """Yield the files that a text names, in their order."""
    path = Path(os.path.normpath(folder / Path(text).expanduser()))
    if path.is_dir():
        below = sorted(item for item in path.rglob("*") if _is_source(item) and item.is_file())
        if not below:
            raise InputError(Problem(text, "a folder without an image or a film", ALLOWED))
        yield from below
    elif path.suffix.lower() == ".txt" and path.is_file():
        yield from _listed(path, text, folder)
    elif path.is_file():
        if not _is_source(path):
            raise InputError(Problem(text, f"a {path.suffix or 'file without a suffix'}", ALLOWED))
        yield path
    elif set("*?[") & set(text):
        matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - absolute
        matches = [item for item in matches if _is_source(item) and item.is_file()]
        if not matches:
            raise InputError(Problem(text, "a pattern that no image or film matches", ALLOWED))
        yield from matches
    else:
        what = "an address" if "://" in text else "no such file or folder"
        close = similar_path(text, folder)
        remedy = "download it first" if "://" in text else f"did you mean {close}?" if close else ""
        raise InputError(Problem(text, what, ALLOWED, remedy))


def _listed(path: Path, text: str, folder: Path) -> list[Path]:
    """Return the files of a list; relative paths start at the list itself, else at the working directory."""
    lines = [Path(line.strip()).expanduser() for line in read_text(path).splitlines() if line.strip()]
    if not lines:
        raise InputError(Problem(text, "an empty list", ALLOWED))
    # One that is not there is told when its turn comes: the others are predicted.
    beside = [Path(os.path.normpath(path.parent / line)) for line in lines]
    return [
        place if place.exists() else Path(os.path.normpath(folder / line))
        for place, line in zip(beside, lines, strict=True)
    ]


def _is_source(path: Path) -> bool:
    """Return whether a file is an image or a film, by its name; hidden ones are neither."""
    return not path.name.startswith(".") and (is_image_name(path.name) or is_film(path))

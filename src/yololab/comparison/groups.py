"""What is independent of each other: the images, or groups of them that `evaluation.group` names."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from yololab.errors import InputError, Problem
from yololab.files.reading import read_text
from yololab.statistics.inference.resampling import Units, group_units
from yololab.statistics.metrics.base import Values

SETTING, FOLDER, ALIKE = "evaluation.group", "folder", "alike"
# What frames of a film, tiles of a picture or pictures of a patient are often called: a name and a number.
_NUMBERED = r"(.*\D)\d+\.\w+$"
CSV_COLUMN = re.compile(r"(?P<file>.+\.csv):(?P<column>.+)", re.IGNORECASE)
_SHOWN = 3
# Fewer groups say too little of how alike their images are.
_FEWEST_GROUPS, _LEAST_EFFECT, _DEVIATIONS = 8, 1.5, 3.0
# Images that look alike are known to belong together: less has to be seen of it in the numbers.
_LEAST_EFFECT_OF_ALIKE = 1.1
Clusters = Sequence[Sequence[str]] | None


def absolute_group(group: str | None, folder: Path) -> str | None:
    """Return the setting as it can be kept: the path of a CSV file made absolute."""
    found = CSV_COLUMN.fullmatch(group or "")
    return group if found is None else f"{folder / found['file']}:{found['column']}"


def units_of(keys: Sequence[str], group: str | None, folder: Path | None = None, clusters: Clusters = None) -> Units:
    """Return the groups that images belong to.

    Args:
        keys: Keys of the images.
        group: `folder` for the folder of an image, `alike` for images that look alike, `file.csv:column`, or a regular
            expression that is looked for in the key: its first group in brackets, else the whole match. None: each
            image is one.
        folder: Where relative paths start; None for the working directory.
        clusters: The images that look alike; None where nobody looked.

    Raises:
        InputError: The setting cannot be used, or an image has no group.
    """
    if not group:
        return Units(tuple(keys))
    if table := CSV_COLUMN.fullmatch(group):
        names = from_table((folder or Path()) / table["file"], table["column"])
        found = [names.get(key, names.get(PurePosixPath(key).name)) for key in keys]
    elif group == ALIKE:
        if clusters is None:
            what = "the evaluations do not say which images look alike"
            allowed = "an evaluation of this version, with check.near_duplicates=true"
            raise InputError(Problem(SETTING, what, allowed, "evaluate again, or name the groups"))
        found = list(_clustered(keys, clusters))
    elif group == FOLDER:
        found = [str(PurePosixPath(key).parent) for key in keys]
    else:
        found = [_matched(_compiled(group), key) for key in keys]
    without = [key for key, name in zip(keys, found, strict=True) if name is None]
    if without:
        some = ", ".join(without[:_SHOWN]) + (", …" if len(without) > _SHOWN else "")
        found_text = f"{len(without):,} of {len(keys):,} images have no group by {group!r} ({some})"
        raise InputError(Problem(SETTING, found_text, "a group for every image", "name them all, or leave it out"))
    return group_units([str(name) for name in found])


def alike_warning(keys: Sequence[str], influence: Values, clusters: Clusters = None) -> str | None:
    """Return a warning where images that belong together say the same, and count as independent.

    With d the influence of each image on the difference, independent images have Σ_g(Σ_{i in g} d)² ≈ Σ d² for any
    groups g; the ratio is the design effect (Kish 1965), and the number of images over it the effective number.

    Args:
        keys: Keys of the images.
        influence: What each adds to the difference, shape (I,).
        clusters: The images that look alike; None where nobody looked.
    """
    total = float(np.square(influence).sum())
    if total <= 0:
        return None
    named = {FOLDER: [str(PurePosixPath(key).parent) for key in keys]}
    named[f"'{_NUMBERED}'"] = [_matched(re.compile(_NUMBERED), key) or key for key in keys]
    for setting, names in named.items():
        units = group_units(names)
        count = len(units.keys)
        if not _FEWEST_GROUPS <= count < len(keys):
            continue
        effect = float(np.square(units.gathered(influence)).sum()) / total
        if effect > max(_LEAST_EFFECT, 1 + _DEVIATIONS * (2 / count) ** 0.5):
            return _warning_of("Images that belong together resemble each other", len(keys), effect, setting, count)
    units = group_units(_clustered(keys, clusters or ()))
    count = len(units.keys)
    effect = min(float(np.square(units.gathered(influence)).sum()) / total, len(keys) / count)
    if count == len(keys) or effect < _LEAST_EFFECT_OF_ALIKE:
        return None
    return _warning_of(
        f"{sum(map(len, clusters or ())):,} images look like others of them", len(keys), effect, ALIKE, count
    )


def _warning_of(what: str, images: int, effect: float, setting: str, count: int) -> str:
    """Return what images that are not independent are worth, and what takes account of it."""
    return (
        f"{what}: {images:,} count like about {images / effect:,.0f}, and the interval is too narrow. "
        f"{SETTING}={setting} takes them as {count:,} groups; it applies to saved evaluations too."
    )


def _clustered(keys: Sequence[str], clusters: Sequence[Sequence[str]]) -> list[str]:
    """Return the name of the group of each image: the first one that looks like it, or its own."""
    first = {key: group[0] for group in clusters for key in group}
    return [first.get(key, key) for key in keys]


def _matched(pattern: re.Pattern[str], key: str) -> str | None:
    """Return what a pattern finds in a key: its first group, else the match; None without any."""
    found = pattern.search(key)
    return None if found is None else found[1] if pattern.groups else found[0]


def _compiled(group: str) -> re.Pattern[str]:
    """Return the pattern of a setting."""
    try:
        return re.compile(group)
    except re.error as error:
        allowed = f"{FOLDER}, {ALIKE}, file.csv:column, or a regular expression on an image's path"
        raise InputError(Problem(SETTING, f"{group!r}: {error}", allowed)) from None


def from_table(path: Path, column: str, setting: str = SETTING) -> Mapping[str, str]:
    """Return what a CSV file says of each image, by its key or its file name; its first column names images.

    Args:
        path: The file.
        column: Which of its columns.
        setting: What named it, for the message.

    Raises:
        InputError: The file or the column is not there.
    """
    rows = list(csv.reader(io.StringIO(read_text(path))))
    header = rows[0] if rows else []
    if column not in header[1:]:
        allowed = f"one of {', '.join(header[1:])}" if header[1:] else "a header: image, and a column"
        raise InputError(Problem(f"{setting}, {path}", f"no column {column!r}", allowed))
    place = header.index(column)
    return {row[0]: row[place] for row in rows[1:] if len(row) > place and row[place]}

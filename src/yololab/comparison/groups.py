"""What is independent of each other: the images, or groups of them that `evaluation.group` names."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from yololab.data.conversion.image_lookup import stem, tails
from yololab.errors import InputError, Problem
from yololab.files.reading import table_rows
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


class UnclearTableError(InputError):
    """A table says two things of one image, or one thing of images that it does not tell apart."""


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
    if group == ALIKE:
        if clusters is None:
            what = "the evaluations do not say which images look alike"
            allowed = "an evaluation of this version, with check.near_duplicates=true"
            raise InputError(Problem(SETTING, what, allowed, "evaluate again, or name the groups"))
        return group_units(_clustered(keys, clusters))
    found = _named(keys, group, folder)
    without = [key for key, name in zip(keys, found, strict=True) if name is None]
    if without:
        some = ", ".join(without[:_SHOWN]) + (", …" if len(without) > _SHOWN else "")
        found_text = f"{len(without):,} of {len(keys):,} images have no group by {group!r} ({some})"
        raise InputError(Problem(SETTING, found_text, "a group for every image", "name them all, or leave it out"))
    return group_units(list(map(str, found)))


def check_groups(
    splits: Mapping[str, Sequence[str]], evaluated: str, group: str | None, folder: Path | None = None
) -> str | None:
    """Return a warning where groups of the evaluated split are trained on as well; None where none is.

    What cannot be used is found here, before a training is paid for that could not be judged.

    Args:
        splits: The keys of the images of each split.
        evaluated: The split that is evaluated.
        group: As in `units_of`.
        folder: As in `units_of`.

    Raises:
        InputError: The setting cannot be used, or an image of the evaluated split has no group.
    """
    if not group or group == ALIKE:
        return None
    ours = set(units_of(splits.get(evaluated, ()), group, folder).keys)
    try:
        trained_on = set(_named(splits.get("train", ()), group, folder)) if evaluated != "train" else set()
    except UnclearTableError:  # of images that are not judged
        return None
    if not (shared := sorted(ours & trained_on, key=str)):
        return None
    shown = ", ".join(map(str, shared[:_SHOWN])) + (", …" if len(shared) > _SHOWN else "")
    return (
        f"{SETTING}={group}: {len(shared):,} of {len(ours):,} groups of {evaluated} are also in train ({shown}): "
        f"the score is too good for images of new groups. `yololab split … group={group}` keeps them together."
    )


def _named(keys: Sequence[str], group: str, folder: Path | None) -> list[str | None]:
    """Return the group of each image by its folder, a table, or a pattern; None of one that has none."""
    if table := CSV_COLUMN.fullmatch(group):
        return from_table((folder or Path()) / table["file"], table["column"], keys)
    if group == FOLDER:
        return [str(PurePosixPath(key).parent) for key in keys]
    pattern = _compiled(group)
    return [_matched(pattern, key) for key in keys]


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


def from_table(path: Path, column: str, keys: Sequence[str], setting: str = SETTING) -> list[str | None]:
    """Return what a CSV file says of each image; its first column names images, None of one that it does not name.

    A name is the end of an image's path, with or without the suffix, or a longer path that ends in it.

    Args:
        path: The file; columns are separated by commas, semicolons or tabs.
        column: Which of its columns.
        keys: Keys of the images.
        setting: What named it, for the message.

    Raises:
        InputError: The file or the column is not there.
        UnclearTableError: It does not say clearly what it says of an image.
    """
    rows = table_rows(path)
    columns = rows[0] if rows else []
    if column not in columns[1:]:
        allowed = f"one of {', '.join(columns[1:])}" if columns[1:] else "a header: image, and a column"
        raise InputError(Problem(f"{setting}, {path}", f"no column {column!r}", allowed))
    place = columns.index(column)
    named: dict[str, set[str]] = {}
    longer: dict[str, set[str]] = {}
    for row in rows[1:]:
        if len(row) > place and row[place]:
            whole, *shorter = tails(row[0].replace("\\", "/"))
            named.setdefault(whole, set()).add(row[place])
            for tail in shorter:
                longer.setdefault(tail, set()).add(row[place])
    rows_of = [_row_of(key, named) for key in keys]
    values = [
        named[row] if row is not None else longer.get(key, longer.get(stem(key), set()))
        for key, row in zip(keys, rows_of, strict=True)
    ]
    twice = ((key, said) for key, said in zip(keys, values, strict=True) if len(said) > 1)
    unclear = [f"{key} is {' and '.join(sorted(said))}" for key, said in twice]
    uses = Counter(row for row in rows_of if row is not None)
    unclear += [f"{row} is the name of {count:,} images" for row, count in uses.items() if count > 1]
    if unclear:
        shown = "; ".join(unclear[:_SHOWN]) + ("; …" if len(unclear) > _SHOWN else "")
        allowed = "one row an image, by its path with as many folders as tell it apart"
        raise UnclearTableError(Problem(f"{setting}, {path}", shown, allowed))
    return [next(iter(said), None) for said in values]


def _row_of(key: str, named: Collection[str]) -> str | None:
    """Return the name by which a table knows an image, the longest that it has; None where it has none."""
    return next((tail for tail in (*tails(key), *tails(stem(key))) if tail in named), None)

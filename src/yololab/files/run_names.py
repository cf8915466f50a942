"""Which run a user means: a path, a name as `yololab runs` prints it, the beginning of one, or a pattern."""

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.paths import OutputTree
from yololab.text import first_of

_WILD = set("*?[")


def is_pattern(text: str) -> bool:
    """Return whether a text is a pattern of names."""
    return bool(_WILD & set(text))


def find_run(tree: OutputTree, text: str, working_directory: Path) -> Path:
    """Return the one folder or file that a text names: a path or a whole name before a beginning or a pattern.

    Args:
        tree: The project's results.
        text: What was typed.
        working_directory: Where relative paths start.

    Returns:
        Its path; that of the working directory when there is none.

    Raises:
        InputError: It is the beginning of several names, or a pattern of several.
    """
    path = (working_directory / Path(text).expanduser()).resolve()
    whole = next((item for item in (path, tree.training / text, tree.root / text) if _exists(item)), None)
    if whole is not None:
        return whole.resolve()  # `latest` is where it points now: it moves on
    found = matching_runs(tree, text)
    if len(found) > 1:
        names = first_of((_name(tree, item) for item in found), 8)
        remedy = "write more of the name, or a whole one; `yololab runs` lists them"
        raise InputError(Problem(text, f"{len(found)} of that name: {names}", "one of them", remedy))
    return found[0] if found else path


def matching_runs(tree: OutputTree, text: str) -> list[Path]:
    """Return the runs, sweeps and trials whose names begin with a text, or match it as a pattern, in order.

    A trial is named with its sweep: `grid_20260117/3`, with or without `multirun/` before it.
    """
    text = text.removeprefix("./").rstrip("/")
    parts = text.removeprefix(f"{tree.multirun.name}/").split("/")
    run = text.removeprefix(f"{tree.training.relative_to(tree.root).as_posix()}/")
    found = [] if "/" in run else [tree.training / name for name in _folders(tree.training) if _is(name, run)]
    sweeps = [tree.multirun / name for name in _folders(tree.multirun) if _is(name, parts[0])] if parts[0] else []
    if len(parts) == 1:
        return found + sweeps
    trials = (sweep / name for sweep in sweeps for name in _folders(sweep) if fnmatchcase(name, parts[1]))
    return found + ([*trials] if len(parts) == 2 else [])


def path_or_pattern(tree: OutputTree, text: str, working_directory: Path) -> str:
    """Return the one path that a text names; of a pattern of names the one of their folders.

    Raises:
        InputError: It is the beginning of several names.
    """
    if not is_pattern(text):
        return str(find_run(tree, text, working_directory))
    places = (working_directory / Path(text).expanduser(), *(place / text for place in (tree.training, tree.multirun)))
    found = next((place for place in places if glob.glob(str(place), recursive=True)), None)  # noqa: PTH207 - absolute
    return text if found is None else str(found)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than a name can be, or with NUL
        return False


def _folders(parent: Path) -> Iterator[str]:
    """Yield the names of the folders in a folder, in order; links and hidden ones are none."""
    try:
        with os.scandir(parent) as entries:
            names = sorted(item.name for item in entries if item.name[0] != "." and item.is_dir(follow_symlinks=False))
    except OSError:
        return
    yield from names


def _is(name: str, text: str) -> bool:
    return fnmatchcase(name, text) if is_pattern(text) else bool(text) and name.startswith(text)


def _name(tree: OutputTree, folder: Path) -> str:
    """Return a run's name as it is printed."""
    return folder.relative_to(tree.training if folder.parent == tree.training else tree.root).as_posix()

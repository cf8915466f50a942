"""What the world can do to a command: a full disk, a folder that may not be read. Each with a place and a remedy."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

import yaml

from yololab.errors import InputError, JobError, Problem, YololabError

_ROWS = yaml.load(Path(__file__).with_name("failures.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
# Number of the error → whether the input is wrong, what is wrong, what to do next; a system lacks some of the names.
_TABLE: dict[int, tuple[bool, str, str]] = {
    getattr(errno, name): (kind == "input", *row)
    for kind, rows in _ROWS.items()
    for name, row in rows.items()
    if hasattr(errno, name)
}


def explain(error: BaseException) -> YololabError | None:
    """Return the error that a user sees for an error of the world; None for any other, which may be our mistake.

    Args:
        error: What was raised.
    """
    if isinstance(error, RecursionError):
        return InputError(Problem("input", "nested too deeply to be read", "some hundred levels", "make it flatter"))
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # pathlib's, of `~name`
        return InputError(Problem("~", "a home folder that is not known", remedy="write the path in full"))
    if isinstance(error, RuntimeError) and "Symlink loop" in str(error):  # pathlib's, before Python 3.13
        return explain(OSError(errno.ELOOP, "", str(error).partition("from ")[2].strip("'\"")))
    if isinstance(error, MemoryError):
        return explain(OSError(errno.ENOMEM, ""))
    if isinstance(error, UnicodeEncodeError):
        found = f"the locale lacks a letter of {error.object!r}"
        return InputError(Problem("locale", found, remedy="set PYTHONUTF8=1, or a locale of UTF-8: LC_ALL=C.UTF-8"))
    if isinstance(error, UnicodeError):
        return InputError(Problem("input", f"not readable as text ({error})", "UTF-8", "save the file as UTF-8"))
    if not isinstance(error, OSError):
        return None
    is_input, found, remedy = _TABLE.get(error.errno or 0, (False, error.strerror or str(error), ""))
    where = " → ".join(_names((error.filename, error.filename2)))
    if not where and _is_gone():
        where, found, remedy = "the current folder", "it was deleted or moved", "change to a folder that exists"
        is_input = True
    if is_input:
        return InputError(Problem(where or "system", found, remedy=remedy))
    return JobError(": ".join(filter(None, (where, found, remedy))))


def _names(values: Iterable[object]) -> list[str]:
    """Return the paths among what an error names; the number of an open file says nothing."""
    return [os.fsdecode(value) for value in values if isinstance(value, (str, bytes, os.PathLike))]


def _is_gone() -> bool:
    """Return whether the current folder has been deleted."""
    try:
        Path.cwd()
    except OSError:
        return True
    return False

"""What the world can do to a command: a full disk, a folder that may not be read. Each with a place and a remedy."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from yololab.errors import InputError, JobError, Problem, YololabError

_SPACE = "make room and start the command again; `yololab resume` continues a run that was started"
_ACCESS = "ask its owner for access, or work in a folder of your own: results lie where paths.root=<folder> says"
_BUSY = "start the command again; if it comes back, ask whoever looks after the machine"
_SMALLER = "take less at once (batch=…, imgsz=…, workers=…), or a machine with more"
# Number of the error → whether the input is wrong (exit code 2; else 1), what is wrong, what to do next.
_TABLE: dict[int, tuple[bool, str, str]] = {
    errno.ENOSPC: (False, "no space left on the disk", _SPACE),
    errno.EDQUOT: (False, "your quota of the disk is used up", _SPACE),
    errno.EFBIG: (False, "the file would be larger than the file system allows", _SPACE),
    errno.EMFILE: (
        False,
        "too many open files",
        "raise the limit (`ulimit -n 4096`), or use fewer workers (workers=…)",
    ),
    errno.ENFILE: (False, "too many open files on the machine", _BUSY),
    errno.ENOMEM: (False, "not enough memory", _SMALLER),
    errno.EAGAIN: (
        False,
        "no more processes or threads",
        "raise the limit (`ulimit -u`), or use fewer workers (workers=…)",
    ),
    errno.EIO: (False, "the disk does not answer", "check the disk, or use another one"),
    errno.ESTALE: (False, "the shared folder is gone", _BUSY),
    errno.EROFS: (True, "the file system is read-only", "let the results lie elsewhere: paths.root=<folder>"),
    errno.EACCES: (True, "permission denied", _ACCESS),
    errno.EPERM: (True, "not permitted", _ACCESS),
    errno.ENAMETOOLONG: (
        True,
        "the name is too long for the file system",
        "shorten it (name=…, paths.root=…, a file's name)",
    ),
    errno.ENOENT: (True, "no such file or folder", "check the path"),
    errno.ENOTDIR: (True, "a file stands where a folder is expected", "check the path, or move the file away"),
    errno.EISDIR: (True, "a folder stands where a file is expected", "check the path, or move the folder away"),
    errno.EEXIST: (True, "it is there already", "move it away, or choose another name"),
    errno.ENOTEMPTY: (True, "the folder is not empty", "move it away, or choose another name"),
    errno.ELOOP: (True, "a link that leads back to itself", "mend or remove the link"),
    errno.ENXIO: (True, "no file: a device or a pipe", "use a plain file"),
    errno.EINVAL: (True, "a name that the file system does not take", "use another name"),
    errno.EILSEQ: (True, "a name that the file system does not take", "use another name"),
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
    if isinstance(error, MemoryError):
        return JobError(f"not enough memory: {_SMALLER}")
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

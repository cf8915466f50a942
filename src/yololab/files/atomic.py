"""The only writer: a file or a folder is there whole or not at all, whenever the process is killed.

What is new is made under a temporary name in the same folder (a rename works within one file system only), brought to
the disk, and then takes its place in one step. Whoever reads sees the old or the new, never half of it. Temporary names
begin with a dot, name the process, and end in `.tmp`: so those that a killed process has left are found, see
`remove_temporaries`.

Everything is opened as any program opens it, so that the umask and the folder's own defaults decide who may read it:
Python's `tempfile` makes files for their owner alone, which is wrong for results and for a cache that a group shares.
"""

import contextlib
import math
import os
import re
import shutil
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from glob import escape
from pathlib import Path
from uuid import uuid4

from yololab.files.paths import new_names

_SUFFIX = ".tmp"
# Letters of a file's name that its temporary one repeats: a name may have 255 bytes, and they all must fit.
_REPEATED = 40
_MANY = 500  # files that are brought to the disk together
# What nobody has touched for so long was left by a process that is gone, wherever it ran.
ABANDONED_SECONDS = 60.0


@contextlib.contextmanager
def atomically(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a path to write to; it takes the place of `path` when the block ends without an exception.

    Args:
        path: The file to write; its folder is made. It stays as it is when the block writes nothing.
        durable: Whether it is on the disk when the block ends; waiting for that takes longer than writing a picture.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        yield temporary
        if temporary.exists():
            if durable:
                _to_disk(temporary)
            temporary.replace(path)
            if durable:
                _to_disk(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes | memoryview, *, durable: bool = True) -> int:
    """Write a file; return the number of bytes."""
    with atomically(path, durable=durable) as temporary, temporary.open("xb") as file:
        return file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, with its line ends as they are.

    A file name that is no UTF-8 has surrogates in Python; they are written with a backslash, as JSON does.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; a source that is not there removes the outdated copy."""
    if not source.is_file():
        target.unlink(missing_ok=True)
        return
    with atomically(target) as temporary:
        shutil.copyfile(source, temporary)


def copy_any(source: Path, target: Path) -> None:
    """Copy a file or a folder to where nothing is yet, in a folder that nobody sees yet; its folder is made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copyfile(source, target)


def link_file(source: Path, target: Path, *, passing: bool = False) -> str:
    """Give a file a second name, in a folder that nobody sees yet: it takes no room and changes nothing of the first.

    Args:
        source: The file, absolute.
        target: Where nothing is yet; its folder is made.
        passing: The first name will go: a symbolic link would point at nothing.

    Returns:
        What came of it: `linked`, where both lie on one file system; else `pointed` at by a symbolic link, or `copied`
        where there are no links.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    real = source.resolve()
    with contextlib.suppress(OSError, NotImplementedError):
        target.hardlink_to(real)
        return "linked"
    if not passing:
        with contextlib.suppress(OSError, NotImplementedError):
            target.symlink_to(real)
            return "pointed"
    shutil.copyfile(real, target)
    return "copied"


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; it becomes `folder` when the block ends without an exception.

    Raises:
        OSError: `folder` is there already and holds something: another process was faster.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(folder)
    temporary.mkdir()
    try:
        yield temporary
        _all_to_disk(temporary)
        temporary.rename(folder)
        _to_disk(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder that is gone when the block ends; those that killed processes have left go first."""
    parent.mkdir(parents=True, exist_ok=True)
    remove_temporaries(parent, math.inf)
    temporary = _temporary(parent / name)
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def new_named_folder(parent: Path, name: str, fill: Callable[[Path, Path], object]) -> Path:
    """Make a folder `<name>_<timestamp>` that nobody else has, and that is seen when it is filled, or never.

    Args:
        parent: Where; what killed processes have left there is removed.
        name: The first part of its name.
        fill: Is given the folder to fill, and the place that it will have. It is called again when another process has
            taken that place meanwhile.

    Returns:
        The folder.
    """
    for place in new_names(parent, name):
        remove_temporaries(parent, ABANDONED_SECONDS)
        try:
            with new_folder(place) as hidden:
                fill(hidden, place)
            return place
        except OSError:
            if not place.exists():
                raise
    raise AssertionError("there is always another name")


def open_folder(parent: Path, name: str) -> Path:
    """Make a folder `<name>_<timestamp>` that nobody else has, and that is seen while it is filled; return it."""
    for place in new_names(parent, name):
        try:
            place.mkdir()
        except FileExistsError:  # another process was faster
            continue
        return place
    raise AssertionError("there is always another name")


def move(source: Path, target: Path) -> None:
    """Move a file or a folder to a name that is free, within one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    _to_disk(target.parent)


def remove_folder(folder: Path) -> bool:
    """Remove a folder with all in it: it is gone in one step, whatever ends the process; return whether it is.

    Links in it are removed, what they point at is not.
    """
    temporary = _temporary(folder)
    folder.rename(temporary)
    shutil.rmtree(temporary, ignore_errors=True)
    return not folder.exists()


def point_link(link: Path, target: Path) -> None:
    """Make `link` point at a folder, in one step; a real file or folder of its name is left alone."""
    if link.exists() and not link.is_symlink():
        return
    temporary = _temporary(link)
    # A file system without links: what it would point at is still there under its own name.
    with contextlib.suppress(OSError):
        # resolved: a target that was named by the link itself would have it point at itself
        place = os.path.relpath(target.resolve(), link.parent.resolve())
        temporary.symlink_to(place, target_is_directory=True)
        temporary.replace(link)
    temporary.unlink(missing_ok=True)


def remove_temporaries(folder: Path, older_than: float = 0.0, name: str = "") -> None:
    """Remove what killed processes have left in a folder.

    Args:
        folder: The folder; those in it are not looked into.
        older_than: Seconds since the last change, below which it may be what a living process of another machine is
            writing; of this machine it is known.
        name: Only those of this file or folder: in a folder of the user's anything else may be anybody's.
    """
    import psutil  # here, since a list of runs that writes nothing does without

    for path in folder.glob(f".{escape(name[:_REPEATED])}{'.' if name else ''}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            named = re.search(rf"\.([0-9a-f]+)-(\d+)-[0-9a-f]+{re.escape(_SUFFIX)}$", path.name)
            if named is not None and named[1] == _host():
                gone = not psutil.pid_exists(int(named[2][:18]))
            else:
                gone = time.time() - path.lstat().st_mtime >= older_than
            if gone:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name[:_REPEATED]}.{_host()}-{os.getpid()}-{uuid4().hex[:8]}{_SUFFIX}")


def _host() -> str:
    """Return what stands for this machine in a name."""
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _all_to_disk(folder: Path) -> None:
    """Have the system write all that is new in a folder to the disk."""
    new = []
    for path in folder.rglob("*"):
        # a second name of a file is no content of ours, and may be one that we cannot write to
        if not path.is_symlink() and (path.is_dir() or path.stat().st_nlink == 1):
            new.append(path)
    if len(new) > _MANY and hasattr(os, "sync"):
        os.sync()  # one by one, ten thousand files take half a minute
        return
    for path in new:
        _to_disk(path)


def _to_disk(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk.

    A rename alone can outlive its content: after a power cut some file systems show an empty file under the new name.
    """
    folder = path.is_dir()
    try:
        descriptor = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    except PermissionError:
        if folder:  # Windows opens no folders
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError:
        if not folder:  # some network file systems cannot do it for folders
            raise
    finally:
        os.close(descriptor)

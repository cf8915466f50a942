"""What is known of image files that have not changed since they were read: nothing is read twice.

An entry counts only while path, size, modification and change time and inode are the same; one of a file that was
changed just before it was read is not cached, since a second change could leave the same times. A cache that is damaged
or locked is no error: the files are read again.
"""

import errno
import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from yololab.data.images.image_facts import ImageFacts
from yololab.files.paths import CacheFolder

SCAN_VERSION = 5
MOST_IMAGE = 2**30  # bytes of an image or a map: it is read whole, to hash it
_RACY_NS = 2_000_000_000
_MOST_ENTRIES = 2_000_000
_AT_ONCE = 500
_LOCKED_SECONDS = 3
_DIGEST_BYTES = 8


class ImageEntry(NamedTuple):
    """What was found in an image file.

    Attributes:
        facts: Its header's facts.
        digest: SHA-256 of its bytes.
        hash: Its perceptual hash; None when it has none.
        hashed: Whether the perceptual hash was asked for.
        decoded: Whether every pixel was decoded.
    """

    facts: ImageFacts
    digest: bytes
    hash: bytes | None
    hashed: bool
    decoded: bool


class CachedMap(NamedTuple):
    """What was found in a label file that is an image: a mask, a depth map.

    Attributes:
        facts: What was found, as plain values.
        digest: SHA-256 of its bytes.
    """

    facts: list[Any]
    digest: bytes


Entry = TypeVar("Entry", ImageEntry, CachedMap)
"""What is known of a file."""


class ScanCache:
    """The entries of earlier scans.

    Args:
        folder: Our cache folder; None caches nothing.

    Attributes:
        problem: Why the cache is done without; empty while it is not.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else CacheFolder(folder).images(SCAN_VERSION)
        self.problem = ""

    def known(self, files: Sequence[Path], kind: type[Entry]) -> dict[str, tuple[str, Entry]]:
        """Return (stamp, entry) of each file that is known, by its `cache_name`; the caller compares the stamp.

        Args:
            files: The files.
            kind: What the entries are; one of another kind means that the cache is damaged.
        """
        found: dict[str, tuple[str, Entry]] = {}
        connection = self._open(kind) if files else None
        if connection is None:
            return found
        try:
            for start in range(0, len(files), _AT_ONCE):
                names = [cache_name(file) for file in files[start : start + _AT_ONCE]]
                rows = connection.execute(
                    f"SELECT * FROM {kind.__name__} WHERE path IN ({','.join('?' * len(names))})", names
                )
                found |= {path: (stamp, _unpacked(content, kind, path, stamp)) for path, stamp, content in rows}
        except (sqlite3.Error, msgspec.MsgspecError, TypeError, ValueError) as error:
            self._discard(error)
            return {}
        finally:
            connection.close()
        return found

    def save(self, entries: Mapping[str, tuple[str, Entry]], kind: type[Entry]) -> None:
        """Add entries of a kind; the oldest go when there are too many."""
        connection = self._open(kind) if entries else None
        if connection is None:
            return
        table = kind.__name__
        rows = [(path, stamp, _packed(entry, path, stamp)) for path, (stamp, entry) in entries.items()]
        try:
            with connection:
                connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", rows)
                oldest = f"rowid <= (SELECT max(rowid) FROM {table}) - ?"
                connection.execute(f"DELETE FROM {table} WHERE {oldest}", (_MOST_ENTRIES,))
        except sqlite3.Error as error:
            self._discard(error)
        finally:
            connection.close()

    def _open(self, kind: type) -> sqlite3.Connection | None:
        """Open the file; None when that cannot be. A damaged one is deleted: the next call makes it anew."""
        if self._file is None:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            _as_any_file(self._file)
            connection = sqlite3.connect(self._file, timeout=_LOCKED_SECONDS)
            columns = "path TEXT UNIQUE, stamp TEXT, content BLOB"
            connection.execute(f"CREATE TABLE IF NOT EXISTS {kind.__name__} ({columns})")
            return connection
        except (OSError, sqlite3.Error) as error:
            self._discard(error)
        return None

    def _discard(self, error: Exception) -> None:
        """Delete a damaged file, so that the next scan begins a new one; do without one that cannot be used."""
        if self._file is None:
            return
        if isinstance(error, (OSError, sqlite3.OperationalError)):  # another user's, locked, a folder that is read-only
            self.problem = f"{self._file} cannot be used ({getattr(error, 'strerror', None) or error})"
            self._file = None
            return
        try:
            for file in (self._file, self._file.with_name(f"{self._file.name}-journal")):
                file.unlink(missing_ok=True)
        except OSError as why:
            self._discard(why)


def _as_any_file(file: Path) -> None:
    """Make a file as any program makes one: SQLite would leave out the group, whatever the umask says.

    Raises:
        OSError: It cannot be written, or is a pipe or a device.
    """
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | getattr(os, "O_NONBLOCK", 0), 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file")
    finally:
        os.close(descriptor)


def _packed(entry: ImageEntry | CachedMap, path: str, stamp: str) -> bytes:
    """Return an entry as bytes, after a digest of them and of what they belong to."""
    content = msgspec.msgpack.encode(entry)
    return hashlib.blake2b(f"{path}\0{stamp}".encode() + content, digest_size=_DIGEST_BYTES).digest() + content


def _unpacked(packed: bytes, kind: type[Entry], path: str, stamp: str) -> Entry:
    """Return the entry in some bytes; raises `ValueError` for damaged ones."""
    entry: Entry = msgspec.msgpack.decode(packed[_DIGEST_BYTES:], type=kind)
    if _packed(entry, path, stamp) != packed:
        raise ValueError("the bytes are not those that were written")
    return entry


def cache_name(file: Path) -> str:
    """Return the key of a file in the cache: its path as SQLite can hold it, whatever bytes it has."""
    path = os.path.abspath(file)  # noqa: PTH100
    return path if path.isascii() or path.isprintable() else os.fsencode(path).hex()


def stamp_of(status: os.stat_result) -> str:
    """Return what must be the same for an entry to count."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def is_settled(status: os.stat_result) -> bool:
    """Return whether a file was changed long enough ago for its times to show a later change."""
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _RACY_NS

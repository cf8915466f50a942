"""What is known of files that have not changed since they were read, in one SQLite file: nothing is read twice.

An entry counts only while path, size, modification and change time and inode are the same; one of a file that was
changed just before it was read is not kept, since a second change could leave the same times. The files stay the truth:
an index that is missing, damaged, locked or not ours to write is no error, they are read again. No write-ahead log:
it does not work on network file systems.
"""

import errno
import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

_RACY_NS = 2_000_000_000
_MOST_ENTRIES = 2_000_000
_AT_ONCE = 500
_LOCKED_SECONDS = 3
_DIGEST_BYTES = 8

Entry = TypeVar("Entry")
"""What is known of a file, as msgspec can write it."""


class FileIndex:
    """What was found in files, by their `indexed_name` and kind; each kind is a table.

    Args:
        file: The SQLite file; None keeps nothing.
        locked_seconds: How long a file that another process writes to is waited for.

    Attributes:
        problem: Why the index is done without; empty while it is not.
    """

    def __init__(self, file: Path | None, locked_seconds: float | None = None) -> None:
        self._file = file
        self._locked_seconds = locked_seconds
        self.problem = ""

    def known(self, names: Collection[str] | None, kind: type[Entry]) -> dict[str, tuple[str, Entry]]:
        """Return (stamp, entry) of each file that is known; the caller compares the stamp.

        Args:
            names: The files' names; None for all that there are.
            kind: What the entries are; one of another kind means that the index is damaged.
        """
        found: dict[str, tuple[str, Entry]] = {}
        connection = self._open(kind) if names is None or names else None
        if connection is None:
            return found
        unpack = msgspec.msgpack.Decoder(kind).decode
        try:
            for path, stamp, packed in _rows(connection, kind.__name__, names):
                if _packed(packed[_DIGEST_BYTES:], path, stamp) != packed:
                    raise ValueError("the bytes are not those that were written")
                found[path] = stamp, unpack(packed[_DIGEST_BYTES:])
        except (sqlite3.Error, msgspec.MsgspecError, TypeError, ValueError) as error:
            self._discard(error)
            return {}
        finally:
            connection.close()
        return found

    def save(self, entries: Mapping[str, tuple[str, Entry]], kind: type[Entry], gone: Iterable[str] = ()) -> None:
        """Add entries of a kind, and drop those of files that are gone; the oldest go when there are too many."""
        lost = [(name,) for name in gone]
        connection = self._open(kind) if entries or lost else None
        if connection is None:
            return
        table, pack = kind.__name__, msgspec.msgpack.Encoder().encode
        rows = ((path, stamp, _packed(pack(entry), path, stamp)) for path, (stamp, entry) in entries.items())
        try:
            with connection:
                connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", rows)
                connection.executemany(f"DELETE FROM {table} WHERE path = ?", lost)
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
            wait = _LOCKED_SECONDS if self._locked_seconds is None else self._locked_seconds
            connection = sqlite3.connect(self._file, timeout=wait)
            columns = "path TEXT UNIQUE, stamp TEXT, content BLOB"
            connection.execute(f"CREATE TABLE IF NOT EXISTS {kind.__name__} ({columns})")
            return connection
        except (OSError, sqlite3.Error) as error:
            self._discard(error)
        return None

    def _discard(self, error: Exception) -> None:
        """Delete a damaged file, so that the next look begins a new one; do without one that cannot be used."""
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


def _rows(
    connection: sqlite3.Connection, table: str, names: Collection[str] | None
) -> Iterable[tuple[str, str, bytes]]:
    """Yield the rows of a table: all, or those of some names."""
    if names is None:
        yield from connection.execute(f"SELECT * FROM {table}")
        return
    ordered = list(names)
    for start in range(0, len(ordered), _AT_ONCE):
        part = ordered[start : start + _AT_ONCE]
        yield from connection.execute(f"SELECT * FROM {table} WHERE path IN ({','.join('?' * len(part))})", part)


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


def _packed(content: bytes, path: str, stamp: str) -> bytes:
    """Return an entry's bytes after a digest of them and of what they belong to."""
    return hashlib.blake2b(f"{path}\0{stamp}\0".encode() + content, digest_size=_DIGEST_BYTES).digest() + content


def indexed_name(path: str | os.PathLike[str]) -> str:
    """Return the name of a file in the index: its path as SQLite can hold it, whatever bytes it has."""
    text = os.fspath(path)
    return text if text.isascii() or text.isprintable() else os.fsencode(text).hex()


def stamp_of(status: os.stat_result) -> str:
    """Return what must be the same for an entry to count."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def is_settled(status: os.stat_result) -> bool:
    """Return whether a file was changed long enough ago for its times to show a later change."""
    return was_settled(max(status.st_mtime_ns, status.st_ctime_ns))


def was_settled(changed: int) -> bool:
    """Return whether a change, in ns since 1970, was long enough ago for the times to show a later one."""
    return time.time_ns() - changed > _RACY_NS

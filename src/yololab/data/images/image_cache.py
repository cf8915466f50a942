"""What is known of image files that have not changed since they were read: nothing is read twice.

An entry counts only while path, size, modification and change time and inode are the same; one of a file that was
changed just before it was read is not cached, since a second change could leave the same times. A cache that is damaged
or locked is no error: the files are read again.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from yololab.data.images.image_facts import ImageFacts
from yololab.files.paths import CacheFolder

SCAN_VERSION = 4
_RACY_NS = 2_000_000_000
_MOST_ENTRIES = 2_000_000
_AT_ONCE = 500
_LOCKED_SECONDS = 3
# Table → its columns beside those that both have.
_TABLES = {"images": ", hash BLOB, hashed INT, decoded INT", "maps": ""}


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
        stamp: What must be the same for it to count.
        facts: What was found, as plain values.
        digest: SHA-256 of its bytes.
    """

    stamp: str
    facts: Sequence[Any]
    digest: bytes


class ScanCache:
    """The entries of earlier scans.

    Args:
        folder: Our cache folder; None caches nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else CacheFolder(folder).images(SCAN_VERSION)

    def images(self, images: Sequence[Path]) -> dict[str, tuple[str, ImageEntry]]:
        """Return (stamp, entry) of each path that is known; the caller compares the stamp."""

        def known(stamp: str, facts: str, digest: bytes, hash_: bytes | None, hashed: int, decoded: int) -> Any:
            return stamp, ImageEntry(ImageFacts(*json.loads(facts)), digest, hash_, bool(hashed), bool(decoded))

        return self._select("images", images, known)

    def save_images(self, entries: Mapping[str, tuple[str, ImageEntry]]) -> None:
        """Add entries; the oldest go when there are too many."""
        self._insert(
            "images", [(path, stamp, json.dumps(entry.facts), *entry[1:]) for path, (stamp, entry) in entries.items()]
        )

    def maps(self, files: Sequence[Path]) -> dict[str, CachedMap]:
        """Return what is known of label files that are images; the caller compares the stamp."""
        return self._select("maps", files, lambda stamp, facts, digest: CachedMap(stamp, json.loads(facts), digest))

    def save_maps(self, entries: Mapping[str, CachedMap]) -> None:
        """Add what was found in label files; the oldest go when there are too many."""
        self._insert(
            "maps", [(path, entry.stamp, json.dumps(entry.facts), entry.digest) for path, entry in entries.items()]
        )

    def _select(self, table: str, files: Sequence[Path], known: Callable[..., Any]) -> dict[str, Any]:
        """Return what is known of some files, made of the columns behind the path."""
        found: dict[str, Any] = {}
        connection = self._open() if files else None
        if connection is None:
            return found
        try:
            for start in range(0, len(files), _AT_ONCE):
                names = [cache_name(file) for file in files[start : start + _AT_ONCE]]
                query = f"SELECT * FROM {table} WHERE path IN ({','.join('?' * len(names))})"
                found |= {path: known(*columns) for path, *columns in connection.execute(query, names)}
        except (sqlite3.Error, ValueError, TypeError) as error:
            self._discard(error)
            return {}
        finally:
            connection.close()
        return found

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        connection = self._open() if rows else None
        if connection is None:
            return
        try:
            with connection:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)
                oldest = f"rowid <= (SELECT max(rowid) FROM {table}) - ?"
                connection.execute(f"DELETE FROM {table} WHERE {oldest}", (_MOST_ENTRIES,))
        except sqlite3.Error as error:
            self._discard(error)
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection | None:
        """Open the file; None when that cannot be. A damaged one is deleted: the next call makes it anew."""
        if self._file is None:
            return None
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._file, timeout=_LOCKED_SECONDS)
            for table, more in _TABLES.items():
                columns = f"path TEXT UNIQUE, stamp TEXT, facts TEXT, digest BLOB{more}"
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
            return connection
        except sqlite3.DatabaseError as error:
            self._discard(error)
        except OSError:
            pass  # a folder that cannot be written: the files are read again
        return None

    def _discard(self, error: Exception) -> None:
        """Delete a damaged file, so that the next scan begins a new one; do without one that is locked."""
        if self._file is None:
            return
        if isinstance(error, sqlite3.OperationalError):
            self._file = None
            return
        try:
            for file in (self._file, self._file.with_name(f"{self._file.name}-journal")):
                file.unlink(missing_ok=True)
        except OSError:
            self._file = None


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

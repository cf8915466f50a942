"""Reading anybody's files within bounds: regular files alone, sizes, depths and counts before memory is taken.

A pipe without a writer waits for ever, a device never ends, a few bytes of YAML can stand for terabytes, and brackets
that are nested deep enough end the process. What is refused is an InputError with the place and what to do.
"""

import csv
import hashlib
import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import yaml

from yololab.errors import InputError, Problem

MOST_TEXT = 32 * 2**20  # bytes of a text file; a data.yaml or a record has some kilobytes
MOST_NESTED = 100
_SEPARATORS = ",;\t"
MOST_NODES = 2_000_000  # values of a YAML file once its aliases are followed
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What PyYAML raises: also for a number of 5,000 digits, the 99th of a month, `!!bool x`, `!!int ''`, `!!timestamp x`.
_NO_YAML = (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@contextmanager
def open_regular(path: Path, most: int | None = None) -> Iterator[BufferedReader]:
    """Open a regular file for reading; never waits, whatever the name stands for.

    Args:
        path: The file; links are followed.
        most: Bytes that it may have at most; None for any number.

    Raises:
        InputError: It is missing, not readable, too large, or no regular file.
    """
    try:
        file = open(path, "rb", opener=_at_once)  # noqa: SIM115 - a path has no opener; closed below
    except FileNotFoundError:
        raise InputError(Problem(str(path), "no such file", remedy="check the path")) from None
    except (OSError, ValueError) as error:  # ValueError: a name with NUL, or one that the file system cannot have
        reason = getattr(error, "strerror", None) or error
        raise InputError(Problem(str(path), f"cannot be read ({reason})", "a file that can be read")) from None
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device"
            raise InputError(Problem(str(path), kind, "a regular file"))
        if most is not None and found.st_size > most:
            raise _too_large(path, most)
        try:
            yield file
        except OSError as error:  # the disk, or the connection to it
            raise InputError(Problem(str(path), f"cannot be read ({error.strerror})")) from None


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a regular file of `most` bytes at most.

    Raises:
        InputError: As `open_regular`.
    """
    with open_regular(path, most) as file:
        size = min(os.fstat(file.fileno()).st_size, most)
        content = file.read(size + 1)  # memory is taken for as much as is asked for
        if len(content) > size:  # it has grown, and what lies in /proc has no size
            content += file.read(most + 1 - len(content))
    if len(content) > most:
        raise _too_large(path, most)
    return content


def last_lines(path: Path, most: int = 64_000) -> list[str]:
    """Return the lines in the last bytes of a text, however long it is; the first of them may be cut.

    Raises:
        InputError: As `open_regular`.
    """
    with open_regular(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - most))
        return file.read(most).decode("utf-8", "replace").splitlines()


def sha256_of(path: Path) -> str:
    """Return the hash of a regular file of any size.

    Raises:
        InputError: As `open_regular`.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """Return a text in UTF-8, without its byte order mark.

    Raises:
        InputError: As `open_regular`; or it is no UTF-8, and the line is named.
    """
    content = read_bytes(path, most)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte {content[error.start]:#04x} is not UTF-8"
        raise InputError(Problem(f"{path}, line {line}", found, "text in UTF-8", "save the file as UTF-8")) from None


def table_rows(path: Path) -> list[list[str]]:
    """Return the rows of a table, its header first: cells between commas, semicolons or tabs, stripped.

    Raises:
        InputError: As `read_text`.
    """
    text = read_text(path)
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]


def read_yaml(path: Path, most: int = MOST_TEXT) -> Any:
    """Return the content of a YAML file.

    Raises:
        InputError: As `read_text`; or it is no YAML, or one that nests or multiplies without bounds.
    """
    return load_yaml(read_text(path, most), str(path))


def load_yaml(text: str, where: str, look_at: Callable[[yaml.Node], None] = lambda node: None) -> Any:
    """Return the content of a YAML text: plain values alone, no objects.

    Args:
        text: The text.
        where: What messages call it.
        look_at: Is given the tree before values are made of it: it knows lines, and how each value is written.

    Raises:
        InputError: It is no YAML, or one that nests or multiplies without bounds.
    """
    try:
        _measure(text)
        loader = _LOADER(text)
        node = loader.get_single_node()
        if node is None:
            return None
        look_at(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        found = f"not readable as YAML ({', '.join(filter(None, (error.context, error.problem)))})"
        raise InputError(Problem(f"{where}{line}", found)) from None
    except _NO_YAML as error:
        before = text[: error.position] if isinstance(error, yaml.reader.ReaderError) else None
        line = "" if before is None else f", line {before.count(chr(10)) + 1}"
        raise InputError(Problem(f"{where}{line}", f"not readable as YAML ({' '.join(str(error).split())})")) from None


def _measure(text: str) -> None:
    """Count a YAML text's values as if all aliases were written out, which takes no memory for those.

    Raises:
        ValueError: There are too many, or they are nested too deeply.
    """
    sizes: dict[str, int] = {}
    inside: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, _LOADER):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append((anchor, total))
            if len(inside) > MOST_NESTED:
                raise ValueError(f"more than {MOST_NESTED} levels")
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == name for name, _ in inside):
                raise ValueError(f"{anchor} holds itself")
            total += sizes.get(anchor or "", 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            name, before = inside.pop()
            total += 1
            sizes[name or ""] = total - before
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            sizes[anchor or ""] = 1
        if total > MOST_NODES:
            raise ValueError(f"it stands for more than {MOST_NODES:,} values")


def _at_once(name: str, flags: int) -> int:
    """Open a file without waiting for whoever writes to a pipe, and without making a terminal ours."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _too_large(path: Path, most: int) -> InputError:
    """Return the error of a file that is larger than its kind can be."""
    return InputError(Problem(str(path), f"has more than {most:,} bytes", "a file of its kind"))

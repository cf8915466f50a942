"""Standard output and error: what is written to them, and what happens when nobody can read it any more.

Everything that yololab prints goes through this module or the consoles of `screen`. A reader that goes away
(`… | head`) or a full disk behind `> file` ends the printing, not the job; `output_error` tells at the end.
"""

import contextlib
import csv
import errno
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TextIO

from yololab.errors import InterruptedRunError, JobError, YololabError
from yololab.files.json_files import plain
from yololab.host.failures import explain
from yololab.host.signals import of_interrupt
from yololab.masking import mask_secrets, shown
from yololab.text import printable, read_number

# What could not be written, and why.
_errors: dict[str, OSError] = {}


class PatientStream:
    """A stream that swallows what it cannot write.

    Args:
        stream: Where to write.
        name: What it is called in a message.
    """

    def __init__(self, stream: TextIO, name: str = "standard output") -> None:
        self._stream = stream
        self._name = name

    @property
    def encoding(self) -> str:
        """The encoding of the stream; Rich draws only what it can hold."""
        return self._stream.encoding or "utf-8"

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the number of its file."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write text, while there is somebody who reads it."""
        with self._patience():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what has been written."""
        with self._patience():
            self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        with self._patience():
            self._stream.close()

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            _errors.setdefault(self._name, error)
            with contextlib.suppress(OSError):
                # Also for those who write there by themselves, and for Python, which flushes once more at its end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            self._stream = io.StringIO()


def open_streams() -> None:
    """Make standard input, output and error usable: one that was closed leads to nowhere, and no letter is refused.

    A file that is opened while one of them is closed would get its number, and what is printed would end up in it.
    """
    _errors.clear()
    sys.excepthook = _show_traceback
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name need not be text


def _show_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a mistake of ours: it, too, may hold a password or an escape sequence."""
    PatientStream(sys.stderr).write(shown("".join(traceback.format_exception(kind, error, trace))))


def print_text(text: str) -> None:
    """Print text that is laid out already: a page of help, the output of Hydra."""
    PatientStream(sys.stdout).write(shown(text))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines that are printable and hold no secret: thousands of rows at once."""
    PatientStream(sys.stdout).write("".join(f"{line}\n" for line in lines))


def print_json(content: Mapping[str, Any] | Sequence[Any], *, masked: bool = False) -> None:
    """Print a JSON document; what would steer a terminal is escaped as JSON does it.

    Args:
        content: What to print.
        masked: Whether there is no secret in it any more, and all of it is what JSON knows.
    """
    tree = content if masked else plain(mask_secrets(content, by_key=False))
    lines = json.dumps(tree, indent=2, ensure_ascii=False).split("\n")
    print_lines(line if line.isprintable() else _escaped(line) for line in lines)


def _escaped(line: str) -> str:
    """Return a line of JSON with what would steer a terminal as JSON escapes it."""
    return "".join(letter if printable(letter) == letter else json.dumps(letter)[1:-1] for letter in line)


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table with commas."""
    PatientStream(sys.stdout).write(csv_text(rows))


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Return rows as a table with commas: a list with semicolons, a mapping as columns of its own.

    Args:
        rows: The rows.
        columns: The columns that are there without any row, too.
    """
    flat = [
        {
            name: "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            for key, found in row.items()
            for name, value in (found.items() if isinstance(found, Mapping) else ((key, found),))
        }
        for row in rows
    ]
    text = io.StringIO()
    names = list(dict.fromkeys([*columns, *(name for row in flat for name in row)]))
    table = csv.DictWriter(text, names, lineterminator="\n")
    table.writeheader()
    table.writerows(
        {name: _cell(item) if isinstance(item, str) else item for name, item in row.items()} for row in flat
    )
    return text.getvalue()


def _cell(text: str) -> str:
    """Return text for a spreadsheet, which would compute what begins as a formula; a number is none.

    >>> _cell("=1+2"), _cell("-0.5")
    ("'=1+2", '-0.5')
    """
    formula = text.startswith(("=", "+", "-", "@")) and read_number(text.removesuffix("%")) is None
    return f"'{printable(text)}" if formula else printable(text)


def exit_code_of(command: Callable[[], int]) -> int:
    """Run what a process is there for, and return its exit code; what ended it is shown with its place and remedy.

    Args:
        command: Returns the exit code. An exception of it that may be our own mistake is raised: its traceback helps.
    """
    error: YololabError | None = None
    code = 0
    try:
        code = command()
    except KeyboardInterrupt:
        error = InterruptedRunError("interrupted")
    except Exception as caught:
        if isinstance(caught, YololabError):
            error = caught
        else:
            error = InterruptedRunError("interrupted") if of_interrupt(caught) else explain(caught)
        if error is None:
            raise
    error = error or (output_error() if code == 0 else None)
    if error is None:
        return code
    try:
        from yololab.terminal.screen import show_error

        show_error(error)
    except (OSError, ImportError):  # without files, memory or disk not even that can be imported
        PatientStream(sys.stderr).write(shown(f"error: {error}\n"))
    return error.exit_code


def nobody_reads() -> bool:
    """Return whether what is printed goes nowhere any more: `… | head` has seen enough, the disk is full."""
    return bool(_errors)


def output_error() -> JobError | None:
    """Return what kept the output from being written; a reader that had seen enough is no error."""
    PatientStream(sys.stdout).flush()
    lost = {name: error for name, error in _errors.items() if error.errno != errno.EPIPE}
    lines = [f"{name}: {error.strerror or error}; a part of it is lost" for name, error in lost.items()]
    return JobError("\n".join(lines)) if lines else None

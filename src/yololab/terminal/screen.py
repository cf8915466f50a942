"""What the user sees: Rich on a terminal, plain lines when piped, everything also in the run's log."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from itertools import accumulate
from pathlib import Path
from typing import TextIO, cast

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.style import Style
from rich.table import Table
from rich.text import Text

from yololab.errors import InputError, Problem
from yololab.masking import shown
from yololab.terminal.notebook import NotebookStatus, in_notebook
from yololab.terminal.output import PatientStream, print_lines
from yololab.terminal.status_line import INDENT, Activity, StatusLine
from yololab.terminal.training import Expected, TrainingProgress
from yololab.text import counted, printable, shortened, text_width

LOG_WIDTH = 120
PIPED_WIDTH = 160
LEAST_WIDTH = 20  # columns that a line of text is wrapped to at least
LONGEST = 400  # columns of what was found: a value may be as long as a file
# Terminals without links, and what says that nobody looks at a terminal or that it is to stay plain.
_NO_LINKS = ("linux",)
_PLAIN_TERMINALS = ("", "dumb", "unknown")
_PLAIN_VARIABLES = ("NO_COLOR", "CI")
_KEPT_SPACE = "\N{NO-BREAK SPACE}"


class Screen:
    """The terminal and the log of one command.

    Args:
        quiet: Print nothing (a program reads stdout: `--json`), the log is still written.
        verbose: Show Ultralytics' own lines on the screen too.
        stream: Where to print; standard output by default.

    Attributes:
        console: Where it prints.
        drawn: Whether it is a terminal that can be drawn on; else there are plain lines, each once.
        verbose: As above.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, stream: TextIO | None = None) -> None:
        self.console, self.drawn = _console(stream or sys.stdout, quiet=quiet)
        self.verbose = verbose
        status = NotebookStatus if stream is None and in_notebook() else StatusLine
        self._status = status(self.console, drawn=self.drawn, tell=self.stage)
        self._log: PatientStream | None = None

    @contextmanager
    def logging_to(self, path: Path) -> Iterator[None]:
        """Write everything that is printed, and Ultralytics' lines, also to `path`.

        Raises:
            InputError: A link or something else stands there, as it may in a folder of somebody else's.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise InputError(Problem(str(path), "not a file of its own", "a plain file, or none", "move it away"))
        log = PatientStream(path.open("a", encoding="utf-8", buffering=1), str(path))
        self._log = log
        try:
            yield
        finally:
            self._log = None
            log.close()

    def show(self, content: RenderableType = "") -> None:
        """Print text as it is, or a table, on the screen and into the log."""
        content = escape(shown(content)) if isinstance(content, str) else content
        self.console.print(content)
        self._status.printed()
        self.log(_as_plain_text(content))

    def mark(self, mark: str, text: str) -> None:
        """Print a line after a mark of ours, which is in Rich's markup."""
        self._line(f"{'':>{INDENT}}{mark} ", text)

    def log(self, text: str) -> None:
        """Write `text` to the log only."""
        if self._log is not None:
            self._log.write(shown(text.rstrip("\n")) + "\n")

    def line_of_ultralytics(self, level: int, text: str) -> None:
        """Take one line of Ultralytics: always to the log, to the screen with `verbose=true`."""
        del level
        self.log(text)
        if self.verbose:
            self.console.print(escape(shown(text)), soft_wrap=True)

    def stage(self, name: str, text: str) -> None:
        """Announce a stage of the job."""
        self._line(f"[bold cyan]{name:>9}[/]  ", text)

    def detail(self, text: str) -> None:
        """Print a line that belongs to the stage announced last."""
        self._line(" " * INDENT, text)

    def place(self, name: str, path: Path, stage: str = "") -> None:
        """Print where something is: relative to where the user stands, in one piece, as a link where there are such.

        Args:
            name: What is there.
            path: The file or folder, absolute.
            stage: The stage to announce with it; empty for a line of the one announced last.
        """
        self._line(f"[bold cyan]{stage:>9}[/]  ", f"{name}: {shown_path(path)}", path)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._line(f"[yellow]{'warning':>9}[/]  ", text)

    def ask(self, question: str) -> None:
        """Print a question."""
        self._line(f"[bold magenta]{'?':>9}[/]  ", question)

    def _line(self, head: str, text: str, path: Path | None = None) -> None:
        """Print a line, and log it."""
        print_line(self.console, head, text, path, wrapped=self.drawn)
        self._status.printed()
        self.log(f"{Text.from_markup(head).plain}{printable(shown(text))}")

    def heading(self, text: str) -> None:
        """Print the title of what follows."""
        self._line(f"[bold cyan]{escape(printable(shown(text)))}[/]", "")

    def lines(self, header: str, lines: Sequence[str]) -> None:
        """Print a table that is laid out already, see `columns.aligned`."""
        if self.console.is_terminal:
            self.console.print("\n".join([f"[bold]{escape(header)}[/]", *map(escape, lines)]))
            self._status.printed()
        elif not self.console.quiet:
            print_lines([header, *lines])

    def hint(self, text: str) -> None:
        """Print a remark on what was shown."""
        self._line(f"[dim]{escape(printable(shown(text)))}[/]", "")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; the first column is text, the others are numbers.

        On a terminal that is too narrow the last columns are left out; the log has them.
        """
        most = _columns_that_fit([columns, *rows], self.console.width) if self.drawn else len(columns)
        self.console.print(make_table(columns[:most], [row[:most] for row in rows]))
        self._status.printed()
        self.log(_as_plain_text(make_table(columns, rows)))

    def show_error(self, error: BaseException) -> None:
        """Print an error on standard error, and into the log."""
        with self.paused():
            show_error(error)
        self.log(f"error: {error}")

    def begin(self, command: Sequence[str]) -> None:
        """Say at once that the command has begun, before anything that takes long; who looks sees a status line."""
        if not self.drawn:
            self.stage(command[0], " ".join(command[1:]))

    def working(self, name: str, text: str = "") -> AbstractContextManager[Activity]:
        """Show for how long something is being done already, while the block runs.

        Args:
            name: The stage.
            text: What is done of it.
        """
        return self._status.showing(Activity(name, text))

    def paused(self) -> AbstractContextManager[None]:
        """Draw nothing while the block uses the terminal by itself."""
        return self._status.paused()

    @contextmanager
    def counting(self, name: str, things: str, text: str = "") -> Iterator[Callable[[int, int], None]]:
        """Show how many of many things are done; yields the function to call with (done, all), as often as one likes.

        Args:
            name: The stage.
            things: What they are.
            text: What is done of it.
        """
        with self._status.showing(Activity(name, text, things)) as activity:
            yield activity.count

    @contextmanager
    def telling(self, name: str, text: str, things: str) -> Iterator[Callable[[str, int, int], None]]:
        """Show what is being done, and where it counts how much; yields the function to call with (what, done, all).

        Args:
            name: The stage.
            text: What is done first.
            things: What is counted.
        """
        with self._status.showing(Activity(name, text, things)) as activity:
            yield activity.tell

    @contextmanager
    def training(self, expected: Expected) -> Iterator[TrainingProgress]:
        """Show the progress of a training."""
        progress = TrainingProgress(self, expected)
        with self._status.showing(progress):
            yield progress

    @contextmanager
    def showing(self, activity: Activity) -> Iterator[None]:
        """Show an activity of the caller's own."""
        with self._status.showing(activity):
            yield


_current: ContextVar[Screen] = ContextVar("screen")


@contextmanager
def shown_on(screen: Screen) -> Iterator[None]:
    """Let what others call for us, as Hydra does, print on a screen: there is one owner of the terminal."""
    token = _current.set(screen)
    try:
        yield
    finally:
        _current.reset(token)


def current_screen() -> Screen:
    """Return the screen of `shown_on`; a new one outside of it."""
    return _current.get(None) or Screen()


def _console(stream: TextIO, *, quiet: bool = False) -> tuple[Console, bool]:
    """Return a console, and whether it can be drawn on; one that cannot never gets an escape sequence."""
    drawn = (
        stream.isatty()
        and os.environ.get("TERM", "" if os.name != "nt" else "windows") not in _PLAIN_TERMINALS
        and not any(os.environ.get(name) for name in _PLAIN_VARIABLES)
    )
    console = Console(
        file=cast(TextIO, PatientStream(stream)),
        highlight=False,
        quiet=quiet,
        width=None if stream.isatty() else PIPED_WIDTH,
        soft_wrap=not drawn,
        force_terminal=drawn,
        force_jupyter=False,
        color_system="auto" if drawn else None,
    )
    return console, drawn


def print_line(console: Console, head: str, text: str, path: Path | None = None, *, wrapped: bool) -> None:
    """Print text after a head, whatever stands in it; it is wrapped between words, and begins no other line.

    Args:
        console: Where to print.
        head: What stands before it, in Rich's markup.
        text: The text.
        path: The file or folder whose short name the text ends with.
        wrapped: Whether to wrap it; else it stays one line.
    """
    first, body = Text.from_markup(head), printable(shown(text))
    if not wrapped:
        console.print(first.append(body))
        return
    name = "" if path is None else printable(shown(shown_path(path)))
    whole = name.replace(" ", _KEPT_SPACE)  # a path is one word
    body = f"{body.removesuffix(name)}{whole}" if name else body
    hanging = " " * (min(INDENT, first.cell_len) + len(body) - len(body.lstrip()))
    lines = textwrap.wrap(
        body,
        max(console.width - 1, LEAST_WIDTH + len(hanging)),
        initial_indent=" " * first.cell_len,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    line = Text("\n".join(lines)[first.cell_len :])
    if path is not None and os.environ.get("TERM") not in _NO_LINKS and (at := line.plain.find(whole)) >= 0:
        with suppress(ValueError):  # no absolute path
            line.stylize(Style(link=path.as_uri()), at, at + len(whole))
    line.plain = line.plain.replace(_KEPT_SPACE, " ")
    console.print(first.append_text(line), soft_wrap=True)


def shown_path(path: Path) -> str:
    """Write a path below the user's folder relative to it."""
    with suppress(OSError, ValueError):  # the working directory may be gone
        return str(path.relative_to(Path.cwd()))
    return str(path)


def shown_name(run: Path) -> str:
    """Write how a user calls a run: by its folder's name, of a trial, whose folder is a number, by its place."""
    return shown_path(run) if run.name.isdigit() else run.name


def _columns_that_fit(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return how many columns of a table can stand side by side, two at least."""
    widths = [max(map(text_width, column)) + 2 for column in zip(*rows, strict=True)]
    return max(2, sum(total - 2 <= width for total in accumulate(widths)))


def make_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Build a table whose first column is text and whose others are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(_line, row))
    return table


def show_error(error: BaseException, stream: TextIO | None = None) -> None:
    """Print an error for the user: every problem, its place and its remedy; no traceback."""
    console, wrapped = _console(stream or sys.stderr)
    if not isinstance(error, InputError):
        first, *more = str(error).splitlines() or [""]
        for head, line in (("[bold red]error[/]: ", first), *(("", line) for line in more)):
            print_line(console, head, line, wrapped=wrapped)
        return
    print_line(console, "[bold red]error[/]: ", counted(len(error.problems), "problem"), wrapped=wrapped)
    for problem in error.problems:
        where, found = (shortened(text, LONGEST) for text in (problem.where, problem.found))
        print_line(console, f"  [bold]{_line(where)}[/]: ", found, wrapped=wrapped)
        for hint in problem.hints:
            print_line(console, "      ", hint, wrapped=wrapped)


def _line(text: str) -> str:
    """Return text as a part of one line: whatever stands in it, it begins no other."""
    return escape(printable(shown(text)))


def _as_plain_text(content: RenderableType) -> str:
    """Render `content` without colours and control characters."""
    buffer = io.StringIO()
    # In a notebook Rich would show it in the cell, a second time.
    plain = Console(file=buffer, width=LOG_WIDTH, no_color=True, highlight=False, soft_wrap=True, force_jupyter=False)
    plain.print(content)
    return buffer.getvalue()

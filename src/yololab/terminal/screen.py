"""What the user sees: Rich on a terminal, plain lines when piped, everything also in the run's log."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TextIO, cast

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from yololab.errors import InputError, Problem
from yololab.terminal.output import PatientStream
from yololab.text import counted, duration, printable, shortened, shown

LOG_WIDTH = 120
PIPED_WIDTH = 160
LONGEST = 400  # columns of what was found: a value may be as long as a file


class Screen:
    """The terminal and the log of one command.

    Args:
        quiet: Print nothing (a program reads stdout: `--json`), the log is still written.
        verbose: Show Ultralytics' own lines on the screen too.
        stream: Where to print; standard output by default.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, stream: TextIO | None = None) -> None:
        target = stream or sys.stdout
        width = None if target.isatty() else PIPED_WIDTH
        file = cast(TextIO, PatientStream(target))
        self.console = Console(file=file, highlight=False, quiet=quiet, width=width, soft_wrap=not target.isatty())
        self.verbose = verbose
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
        self._print(escape(shown(content)) if isinstance(content, str) else content)

    def _print(self, content: RenderableType) -> None:
        """Print what may hold Rich's markup."""
        self.console.print(content)
        self.log(_as_plain_text(content))

    def mark(self, mark: str, text: str) -> None:
        """Print a line after a mark of ours, which is in Rich's markup."""
        self._print(f"{'':>9}  {mark} {_line(text)}")

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
        self._print(f"[bold cyan]{name:>9}[/]  {_line(text)}")

    def detail(self, text: str) -> None:
        """Print a line that belongs to the stage announced last."""
        self._print(f"{'':>9}  {_line(text)}")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._print(f"[yellow]{'warning':>9}[/]  {_line(text)}")

    def ask(self, question: str) -> None:
        """Print a question."""
        self._print(f"[bold magenta]{'?':>9}[/]  {_line(question)}")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; the first column is text, the others are numbers."""
        self.show(make_table(columns, rows))

    def show_error(self, error: BaseException) -> None:
        """Print an error on standard error, and into the log."""
        show_error(error)
        self.log(f"error: {error}")

    @contextmanager
    def counting(self, things: str) -> Iterator[Callable[[int, int], None]]:
        """Show how many of many things are done, on a terminal only; yields the function to call with (done, all)."""
        if not self.console.is_terminal:
            yield _silent
            return
        text = TextColumn(f"{'':>9}  {{task.completed:.0f}}/{{task.total:.0f}} {things}")
        with Progress(
            text, BarColumn(bar_width=24), TimeRemainingColumn(), console=self.console, transient=True
        ) as bar:
            task = bar.add_task(things, total=1)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def training(self, epochs: int) -> Iterator[TrainingProgress]:
        """Show the progress of a training."""
        with TrainingProgress(self, epochs) as progress:
            yield progress


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def make_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Build a table whose first column is text and whose others are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(_line, row))
    return table


class TrainingProgress:
    """The line of epochs: a bar with the time left on a terminal, one line an epoch when piped."""

    def __init__(self, screen: Screen, epochs: int) -> None:
        self._screen = screen
        self._epochs = epochs
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> TrainingProgress:
        if self._screen.console.is_terminal and not self._screen.verbose:
            self._bar = Progress(
                TextColumn(f"{'':>9}  epoch {{task.completed:.0f}}/{{task.total:.0f}}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[numbers]}"),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=self._screen.console,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("epochs", total=self._epochs, numbers="")
        return self

    def epoch(self, epoch: int, epochs: int, numbers: Mapping[str, float | None], seconds_left: float | None) -> None:
        """Show a finished epoch.

        Args:
            epoch: Epochs completed.
            epochs: Epochs in all.
            numbers: What to show of it, by name.
            seconds_left: Estimated time to the end of the training.
        """
        text = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items() if value is not None)
        line = f"epoch {epoch}/{epochs}  {text}"
        if seconds_left is not None:
            line += f"  {duration(seconds_left)} left"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=epoch, total=epochs, numbers=text)
            self._screen.log(line)
        else:
            self._screen.detail(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def show_error(error: BaseException, stream: TextIO | None = None) -> None:
    """Print an error for the user: every problem, its place and its remedy; no traceback."""
    console = Console(file=cast(TextIO, PatientStream(stream or sys.stderr)), highlight=False, soft_wrap=True)
    if isinstance(error, InputError):
        console.print(f"[bold red]error[/]: {counted(len(error.problems), 'problem')}")
        for problem in error.problems:
            where, found = (_line(shortened(text, LONGEST)) for text in (problem.where, problem.found))
            console.print(f"  [bold]{where}[/]: {found}")
            for hint in problem.hints:
                console.print(f"      {_line(hint)}")
    else:
        console.print(f"[bold red]error[/]: {escape(shown(str(error)))}")


def _line(text: str) -> str:
    """Return text as a part of one line: whatever stands in it, it begins no other."""
    return escape(printable(shown(text)))


def _as_plain_text(content: RenderableType) -> str:
    """Render `content` without colours and control characters."""
    buffer = io.StringIO()
    Console(file=buffer, width=LOG_WIDTH, no_color=True, highlight=False, soft_wrap=True).print(content)
    return buffer.getvalue()

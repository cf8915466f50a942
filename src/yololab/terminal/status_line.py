"""What is being done just now, for how long, and how long yet: the last line of a terminal, drawn five times a second.

Where nothing can be drawn (a pipe, a build server, `NO_COLOR`, `TERM=dumb`, a notebook) a plain line says so when
nothing else was printed for a while. Who works only sets numbers; a thread of the status line looks at them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from yololab.text import duration, shortened, text_width

FRAMES_PER_SECOND = 5
BAR_WIDTH = 16
INDENT = 11  # columns before what a line says: the stage's name, and two more
# A pipe hears that somebody still works after so many seconds without a line, then after twice as many, …
FIRST_SILENCE_SECONDS = 30.0
LONGEST_SILENCE_SECONDS = 600.0

# How soon it goes where room is scarce (0 stays), its text, and shorter ones that say nearly the same.
Part = tuple[int, str, *tuple[str, ...]]


@dataclass
class Activity:
    """Something that takes long; whoever does it sets the numbers, as often as it likes.

    Attributes:
        name: The stage, as it is called at the beginning of its lines.
        text: What is done of it.
        things: What is counted.
        done: How many are done.
        total: How many there are; 0 where nothing is counted.
        above: What is drawn above the line.
        started: When it began, in seconds of the monotonic clock.
        counting_since: When counting began; None for `started`.
    """

    name: str
    text: str = ""
    things: str = ""
    done: int = 0
    total: int = 0
    above: RenderableType | None = None
    started: float = field(default_factory=time.monotonic)
    counting_since: float | None = None

    def count(self, done: int, total: int) -> None:
        """Set how many are done, and how many there are."""
        self.done, self.total = done, total

    def tell(self, text: str, done: int, total: int) -> None:
        """Set what is done just now, how much of it is done, and how much there is; 0 where nothing is counted."""
        if text != self.text:
            self.counting_since = time.monotonic()  # what was done before has another pace
        self.text = text
        self.count(done, total)

    def rows(self, now: float) -> list[list[Part]]:
        """Return the parts of its line, and of those below it.

        Args:
            now: Seconds of the monotonic clock.
        """
        seconds = now - self.started
        if not self.total:
            return [[(1, self.text), (0, duration(seconds))]]
        spent = now - (self.counting_since or self.started)
        left = spent * (self.total - self.done) / self.done if self.done and spent > 1 else None
        counted = f"{self.done:,}/{self.total:,}"
        return [
            [
                (4, self.text),
                (3, bar(self.done / self.total)),
                (1, f"{counted} {self.things}", counted),
                (0, duration(seconds)),
                (2, "" if left is None else f"about {duration(left)} left"),
            ]
        ]

    def plain(self, now: float) -> str:
        """Return what stands in its rows as one line of plain text."""
        texts = (part[1] for row in self.rows(now) for part in row)
        return ", ".join(text for text in texts if text and not set(text) <= set(_BAR))


class StatusLine:
    """The one who draws below what is printed.

    Args:
        console: Where it draws.
        drawn: Whether the console is a terminal that can be drawn on.
        tell: Prints a plain line; where nothing can be drawn.
    """

    def __init__(self, console: Console, *, drawn: bool, tell: Callable[[str, str], None]) -> None:
        self._console, self._drawn, self._tell = console, drawn, tell
        self._activities: list[Activity] = []
        self._live: Live | None = None
        self._ended: threading.Event | None = None
        self._spoke, self._silence = time.monotonic(), FIRST_SILENCE_SECONDS
        # A Braille spinner only where the encoding has one.
        self._frames, self._bar = _drawable(console.encoding)

    @contextmanager
    def showing(self, activity: Activity) -> Iterator[Activity]:
        """Show an activity while the block runs; within another one it takes its place."""
        self._activities.append(activity)
        self.printed()
        if len(self._activities) == 1:
            self._start()
        try:
            yield activity
        finally:
            self._activities.remove(activity)
            if not self._activities:
                self._stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Draw nothing while somebody else uses the terminal: a question, an error."""
        self._stop()
        try:
            yield
        finally:
            if self._activities:
                self._start()

    def printed(self) -> None:
        """Take note that a line was printed: nobody waits for a sign of life just now."""
        self._spoke, self._silence = time.monotonic(), FIRST_SILENCE_SECONDS

    def _start(self) -> None:
        if self._console.quiet:
            return
        if self._drawn:
            self._live = Live(
                console=self._console,
                get_renderable=self._render,
                refresh_per_second=FRAMES_PER_SECOND,
                transient=True,
                redirect_stderr=False,
            )
            self._live.start()
            return
        self._ended = threading.Event()
        threading.Thread(target=self._speak, args=(self._ended,), daemon=True).start()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._ended is not None:
            self._ended.set()
            self._ended = None

    def _render(self) -> RenderableType:
        """Return what stands below the lines now."""
        activity = next(reversed(self._activities), None)
        if activity is None:
            return Text()
        now = time.monotonic()
        return self.drawing(activity, now, self._frames[int(now * FRAMES_PER_SECOND) % len(self._frames)])

    def drawing(self, activity: Activity, now: float, frame: str) -> RenderableType:
        """Draw an activity.

        Args:
            activity: The activity.
            now: Seconds of the monotonic clock.
            frame: The spinner.
        """
        columns = max(self._console.width - INDENT - 3, 10)  # a column is left free: a full line would wrap
        lines = []
        for index, parts in enumerate(activity.rows(now)):
            line = Text(no_wrap=True, overflow="crop")
            if index == 0:
                line.append(f"{activity.name:>{INDENT - 2}}", style="bold cyan").append(f"  {frame} ", style="cyan")
            else:
                line.append(" " * (INDENT + 2))
            lines.append(line.append(fitted(parts, columns).translate(self._bar)))
        return Group(*([] if activity.above is None else [activity.above]), *lines)

    def _speak(self, ended: threading.Event) -> None:
        """Say now and then what is being done."""
        while not ended.wait(1.0):
            now, activity = time.monotonic(), next(reversed(self._activities), None)
            if activity is not None and now - self._spoke >= self._silence:
                longer = min(2 * self._silence, LONGEST_SILENCE_SECONDS)
                self._tell(activity.name, activity.plain(now))
                self._silence = longer


_WORTH = 4
_BAR = "━╸─"
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def _drawable(encoding: str) -> tuple[str, dict[int, str]]:
    """Return the frames of a spinner that an encoding has, and what to write for the pieces of a bar."""
    try:
        (_FRAMES + _BAR).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "|/-\\", str.maketrans(dict(zip(_BAR, "##-", strict=True)))
    return _FRAMES, {}


def bar(share: float, width: int = BAR_WIDTH) -> str:
    """Draw a bar.

    >>> bar(0.5, 8)
    '━━━━────'
    """
    filled = max(0.0, min(1.0, share)) * width
    half = "╸" if filled % 1 >= 0.5 else ""
    return f"{'━' * int(filled)}{half}".ljust(width, "─")


def fitted(parts: Sequence[Part], columns: int) -> str:
    """Join parts to a line that fits: those that can go soonest are shortened, or left out.

    >>> parts = [(0, "epoch 3/20"), (2, "8.1 images/s"), (1, "3 min left of the job", "3 min left")]
    >>> fitted(parts, 60), fitted(parts, 40), fitted(parts, 24)
    ('epoch 3/20  8.1 images/s  3 min left of the job', 'epoch 3/20  3 min left of the job', 'epoch 3/20  3 min left')
    """
    kept: list[list[Any]] = [[*part] for part in parts if part[1]]

    def line() -> str:
        return "  ".join(part[1] for part in kept)

    while text_width(line()) > columns and any(part[0] > 0 for part in kept):
        soonest = max(kept, key=lambda part: part[0])
        soonest[0] -= _WORTH  # what is short already is worth its room
        del soonest[1]
        if len(soonest) == 1:
            kept.remove(soonest)
    return shortened(line(), columns)

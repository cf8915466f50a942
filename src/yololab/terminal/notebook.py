"""A notebook: what is being done just now is a small widget above the lines of the cell, drawn in place.

It is a message of the notebook's own protocol that replaces the one before it, so it needs no package, works wherever a
notebook is shown, and leaves nothing in the saved file.
"""

import sys
import threading
import time
from html import escape
from typing import Any

from yololab.terminal.status_line import Activity, StatusLine

SECONDS_BETWEEN_DRAWINGS = 0.5


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


class NotebookStatus(StatusLine):
    """Draws the newest activity into the cell."""

    _handle: Any = None

    def _start(self) -> None:
        if self._console.quiet:
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display(_Html(""), display_id=True)
        self._ended = threading.Event()
        threading.Thread(target=self._draw, args=(self._ended, self._handle), daemon=True).start()

    def _stop(self) -> None:
        super()._stop()
        if self._handle is not None:
            self._handle.update(_Html(""))

    def _draw(self, ended: threading.Event, handle: Any) -> None:
        """Draw until the activity has ended; what came last is not drawn over the empty end."""
        shown = ""
        while not ended.wait(SECONDS_BETWEEN_DRAWINGS):
            activity = next(reversed(self._activities), None)
            html = "" if activity is None else widget(activity, time.monotonic())
            if html != shown and not ended.is_set():
                handle.update(_Html(html))
                shown = html


class _Html:
    """HTML that has no text beside it: an export as text shows nothing."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return ""


def widget(activity: Activity, now: float) -> str:
    """Return an activity as HTML: its name, a bar where something is counted, and its numbers.

    Args:
        activity: The activity.
        now: Seconds of the monotonic clock.
    """
    bar = f'<progress value="{activity.done}" max="{activity.total}"></progress> ' if activity.total else ""
    return f"<div><strong>{escape(activity.name)}</strong> {bar}{escape(activity.plain(now))}</div>"

"""A command at a pseudo-terminal: what it shows there, and what is typed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

# Signals as a terminal's shell sets them, and Ctrl-C reaching the command: it becomes its controlling terminal.
_START = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.default_int_handler)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
# A link, a command, a carriage return, an end of line, text.
_PIECES = re.compile(r"\x1b\][^\x1b]*\x1b\\|\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")
_PLAIN = ("NO_COLOR", "CI", "COLUMNS", "LINES", "FORCE_COLOR")


class TerminalSession:
    """A running command.

    Args:
        words: What stands after `python`.
        cwd: Its folder.
        columns: The width of the terminal.
        changed: Variables of its environment.
    """

    def __init__(self, *words: str, cwd: Path, columns: int = 80, **changed: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in _PLAIN}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, *words],
            cwd=cwd,
            env=environment | {"YOLO_OFFLINE": "true", "TERM": "xterm-256color"} | changed,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.output = ""

    def wait_for(self, pattern: str, seconds: float = 120.0) -> float:
        """Read until a pattern is seen, and return when that was, in seconds since the start."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.output):
            assert self._read(deadline), f"{pattern!r} was not seen in:\n{self.output}"
        return time.monotonic() - self.started

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._master, text.encode())

    def finish(self, seconds: float = 120.0) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        try:
            return self.process.wait(max(deadline - time.monotonic(), 5.0))
        finally:
            self.process.kill()
            os.close(self._master)

    @property
    def text(self) -> str:
        """What was shown, without escape sequences: everything that was drawn, also what was drawn over."""
        return re.sub(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;?]*[A-Za-z]", "", self.output).replace("\r", "")

    @property
    def left(self) -> list[str]:
        """The lines that stand there in the end: what was drawn over is gone."""
        rows, row, column = [""], 0, 0
        for found in _PIECES.finditer(self.output):
            number, command, back, down, text = found.groups()
            if text:
                rows[row] = rows[row][:column].ljust(column) + text + rows[row][column + len(text) :]
                column += len(text)
            elif back:
                column = 0
            elif down:
                row += 1
                rows += [""] * (row == len(rows))
            elif command == "A":
                row -= int(number or 1)
            elif command == "K":
                rows[row] = ""
        return [line.rstrip() for line in rows]

    def _read(self, deadline: float) -> bool:
        """Read what there is; False at the end of the output or of the time."""
        if not select.select([self._master], [], [], max(deadline - time.monotonic(), 0.0))[0]:
            return False
        try:
            self.output += os.read(self._master, 65536).decode(errors="replace")
        except OSError:  # the other side is gone
            return False
        return True

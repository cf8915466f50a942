"""The command line as a user starts it, with nobody at the keyboard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# A training of seconds, of a small model on small pictures; one thread, so that busy neighbours cost little.
QUICK = ("imgsz=64", "batch=4", "device=cpu", "device.threads=1", "workers=0", "plots=false")


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"YOLO_OFFLINE": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def yololab(*words: str, cwd: Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it exits with `code` (None for any), and never shows a traceback."""
    done = python("-m", "yololab", *words, cwd=cwd)
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done


def start(project: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "yololab", *words],
        cwd=project,
        env=os.environ | {"YOLO_OFFLINE": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a command that was started, and return what it printed."""
    output = process.communicate(timeout=400)[0]
    assert process.returncode == code, output
    assert "Traceback" not in output
    return output

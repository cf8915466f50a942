"""A trial's body that writes down what a process has from whoever started it, and ends as it is told."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

import numpy as np

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGPIPE)


def warm_up(folder: Path) -> None:
    """What a server does before it forks, and must not be seen in what it has forked; by the folder's name."""
    if folder.name == "threads":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    if folder.name == "error":
        raise RuntimeError("as told")
    os.environ["LEFT_BEHIND"] = "1"


def state() -> dict:
    """Return what must be the same in a forked process as in a fresh one."""
    mask = os.umask(0o22)
    os.umask(mask)
    return {
        "environment": {key: value for key, value in os.environ.items() if key != "_"},
        "arguments": sys.argv,
        "typed": sys.orig_argv,
        "name": __name__,
        "path": sys.path,
        "folder": str(Path.cwd()),
        "umask": mask,
        "files": {file.name: str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.exists()},
        "signals": {number.name: str(signal.getsignal(number)) for number in HANDLED},
        "blocked": [str(item) for item in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "leads": os.getsid(0) == os.getpid() == os.getpgrp(),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "encoding": [sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering],
    }


if __name__ == "__main__":
    found = state()
    drawn = [random.random(), float(np.random.random())]
    Path(sys.argv[1], "state.json").write_text(json.dumps({"state": found, "drawn": drawn}))
    print("said")
    os.environ["OF_ANOTHER_TRIAL"] = "1"
    os.umask(0o77)
    os.chdir("/")
    raise SystemExit(3)

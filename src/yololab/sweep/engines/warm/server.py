"""Imports once what every trial imports, and forks a trial whenever it is asked: saves each of them seconds.

Started as `python -m yololab.sweep.engines.warm.server PIPE PARENT MODULE FOLDER`, where MODULE is the body of a trial
and FOLDER the first trial. It only imports (`warm_up` of MODULE says what): it runs no trial, opens nothing, draws no
random number and starts no thread, so that what it forks is as good as a fresh `python -m MODULE FOLDER`.
"""

import gc
import os
import runpy
import signal
import sys
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from yololab.files.paths import RunFolder
from yololab.host.parent import tie_to
from yololab.sweep.engines.die_with_parent import await_body

# A trial to start: its folder, and all variables that its process has.
Start = tuple[str, dict[str, str]]


def serve(parent: Connection) -> Start | None:
    """Answer the parent until it is gone.

    Answers a `Start` with the number of the process, None where the system has no room for one; and None with the exit
    codes of those that have ended since, negative for a signal, as `subprocess` gives them.

    Returns:
        In a forked process what it is to run; None in the server, at its end.
    """
    while True:
        try:
            request: Start | None = parent.recv()
            if request is None:
                parent.send(_ended())
                continue
            child = _fork()
            if child == 0:
                parent.close()
                return request
            parent.send(child)
        except (EOFError, OSError):
            return None


def _fork() -> int | None:
    """Return the number of a child that ends with us, 0 in the child, None when the system has no room for one."""
    server = os.getpid()
    try:
        child = os.fork()
    except OSError:
        return None
    if child == 0:
        tie_to(server, signal.SIGTERM)
    return child


def _ended() -> dict[int, int]:
    """Return the exit codes of the children that have ended."""
    codes: dict[int, int] = {}
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return codes
        if child == 0:
            return codes
        codes[child] = os.waitstatus_to_exitcode(status)


def is_alone() -> bool:
    """Return whether this process has one thread: another one would be missing in what is forked.

    A matrix library starts its threads when it is imported, ends them at a fork, and starts them again when it needs
    them; so a process is forked for nothing, first.
    """
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return len(list(Path("/proc/self/task").iterdir())) == 1


def become(module: str, start: Start) -> None:
    """Be the body of a trial, in a process that was just forked: as it were a fresh one."""
    folder, environment = start
    os.setsid()
    output = os.open(RunFolder(Path(folder)).output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    await_body()
    os.environ.clear()
    os.environ.update(environment)
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()  # each process draws its own; Python's own generator sees to that itself
    sys.argv = [sys.argv[0], folder]
    sys.orig_argv = [sys.executable, "-m", module, folder]
    del sys.modules[module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(pipe: int, parent: int, module: str, folder: str) -> None:
    """Import, say whether trials can be started here, and start them.

    Args:
        pipe: The number of the connection with the parent.
        parent: The number of the process that started this one.
        module: The body of a trial.
        folder: The folder of the first one.
    """
    tie_to(parent, signal.SIGKILL)
    connection = Connection(pipe)
    warm_up = getattr(import_module(module), "warm_up", None)
    if warm_up is not None:
        warm_up(Path(folder))
    alone = is_alone()
    connection.send(alone)
    # What is imported stays: a collection that looked through it would copy its pages in each child.
    gc.collect()
    gc.freeze()
    start = serve(connection) if alone else None
    if start is None:
        os._exit(0)
    become(module, start)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])

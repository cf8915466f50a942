"""`yololab …`, and `python -m yololab …`, which is the same."""

import os
from contextlib import suppress

from yololab.errors import InterruptedRunError
from yololab.host.collection import importing, leave_all_alone, own_process


def main() -> int:
    """Run one command and return its exit code; Ctrl-C is answered already while the command is imported."""
    own_process()
    # NumPy's matrix products are small; more threads of OpenBLAS only wait for them, by counting: twice the CPU time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with importing():
            from yololab.cli.main import main as run
    except KeyboardInterrupt:
        with suppress(OSError):
            os.write(2, b"error: interrupted\n")  # there is no screen yet
        return InterruptedRunError.exit_code
    try:
        return run()
    finally:
        leave_all_alone()


if __name__ == "__main__":
    raise SystemExit(main())

"""Memory that a training keeps, instead of having the system clear the same pages for it in every batch."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Of glibc's malloc.h. Once one is set, glibc adapts them no more; so in the end they get what it goes to by itself.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_WITHIN = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**30}
_AFTERWARDS = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 32 * 2**20, _TRIM_THRESHOLD: 64 * 2**20}


@contextmanager
def kept_memory() -> Iterator[None]:
    """Have malloc keep what is freed: glibc gives blocks above 32 MiB back to the system at once.

    A training on a CPU frees and asks for the same large blocks in every batch, and pages that are new have to be
    cleared first. Afterwards all is given back. Where the C library is another one, nothing is changed.
    """
    libc = None
    if sys.platform == "linux":
        with suppress(OSError):
            libc = ctypes.CDLL(None)
    if libc is None or not hasattr(libc, "gnu_get_libc_version"):
        yield
        return
    for parameter, value in _WITHIN.items():
        libc.mallopt(parameter, value)
    try:
        yield
    finally:
        for parameter, value in _AFTERWARDS.items():
            libc.mallopt(parameter, value)
        libc.malloc_trim(0)

"""Freed memory stays with the process while a training runs, and goes back to the system afterwards."""

import sys

import psutil
import pytest

from yololab.ultralytics_adapter.isolation.memory import kept_memory

BLOCK = 64 * 2**20


def resident() -> int:
    return psutil.Process().memory_info().rss


@pytest.mark.skipif(sys.platform != "linux", reason="what glibc does")
def test_a_large_block_that_is_freed_is_kept_and_given_back_at_the_end():
    before = resident()
    with kept_memory():
        block = bytearray(b"1") * BLOCK
        del block
        within = resident() - before
    assert within > 0.9 * BLOCK
    assert resident() - before < 0.2 * BLOCK
    block = bytearray(b"1") * BLOCK
    del block
    assert resident() - before < 0.2 * BLOCK

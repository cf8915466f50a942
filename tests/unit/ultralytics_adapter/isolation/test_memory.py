"""Freed memory stays with the process while a training runs, and goes back to the system afterwards."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# In a process of its own: in one that has run for long, a large block may find room that was free before.
LOOK = """
import json, psutil
from yololab.ultralytics_adapter.isolation.memory import kept_memory

BLOCK = 64 * 2**20

def resident():
    return psutil.Process().memory_info().rss / BLOCK

def touch():
    block = bytearray(b"1") * BLOCK
    del block

before = resident()
with kept_memory():
    touch()
    within = resident() - before
after = resident() - before
touch()
print(json.dumps([within, after, resident() - before]))
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="what glibc does")
def test_a_large_block_that_is_freed_is_kept_and_given_back_at_the_end():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    within, after, later = json.loads(done.stdout)
    assert within > 0.9
    assert after < 0.2
    assert later < 0.2

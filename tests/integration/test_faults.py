"""The short form of the campaign of faults: every kind, few cases, another seed than the kept table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[1] / "benchmarks/faults.py"


@pytest.mark.slow
def test_nothing_is_lost_and_no_traceback_is_seen():
    words = ["--stops", "5", "--cases", "60", "--seed", "20", "--no-save"]
    done = subprocess.run([sys.executable, CAMPAIGN, *words], capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

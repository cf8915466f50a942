"""The guide on faster training says what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from yololab.text import signed

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/benchmarks"))
import time_to_accuracy  # noqa: E402

GUIDE = (ROOT / "docs/guides/faster-training.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "tests/benchmarks/time_to_accuracy.json").read_text(encoding="utf-8"))


def test_what_a_step_costs_is_what_was_measured():
    assert MEASURED["steps"]
    for name, row in MEASURED["steps"].items():
        whole, half = row.values()
        assert f"| {name} | {1000 * whole:.0f} ms | {half / whole:.2f} |" in GUIDE


def row_of(data: str, arm: str, row: dict[str, Any], other: str) -> str:
    """Return the guide's line on an arm, held against another one."""
    held = row.get(f"against {other}", {})
    ends = " to ".join(signed(end, 3) for end in held.get("interval90", ()))
    difference = f"{signed(held['difference'], 3)} ({ends})" if ends else ""
    sooner = f"{held['times_sooner']:.2f} ×" if held else ""
    spread = "" if row["sd"] is None else f" ± {row['sd']:.3f}"
    score, beside = f"{row['mean']:.3f}{spread}", other if held else ""
    cells = (data, arm, row["seeds"], score, f"{row['seconds']:.0f}", beside, sooner, difference)
    return f"| {' | '.join(map(str, cells))} | {held.get('verdict', '')} |"


def test_each_arm_that_was_trained_is_told():
    """No arm is told of that was not measured, and none that was is left out."""
    rows = [
        row_of(data, arm, row, other)
        for data, arms in MEASURED["datasets"].items()
        for arm, row in arms.items()
        for other in ([key.removeprefix("against ") for key in row if key.startswith("against ")] or ["plain"])
    ]
    told = [line for line in GUIDE.splitlines() if line.startswith(tuple(f"| {d} |" for d in MEASURED["datasets"]))]
    assert told == rows


def test_what_was_measured_is_what_the_preset_says():
    """A preset that is changed is measured anew."""
    assert MEASURED["preset"] == time_to_accuracy.spelled_out(time_to_accuracy.PRESET)


def test_the_readme_claims_it_only_where_it_holds():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    declared = MEASURED["declared"]
    found = [(arms["plain"], arms["exact"]["against plain"]) for arms in MEASURED["datasets"].values()]
    holds = len(found) > 1 and all(
        plain["sd"] <= declared["largest_sd"]
        and held["times_sooner"] >= declared["reach"]
        and held.get("verdict") in ("IMPROVED", "EQUIVALENT", "NOT_WORSE")
        for plain, held in found
    )
    least = min(held["times_sooner"] for _, held in found)
    assert (f"with {least:.1f} times less CPU time" in readme) == holds

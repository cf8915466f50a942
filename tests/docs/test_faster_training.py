"""The guide on faster training says what was measured."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/faster-training.md").read_text(encoding="utf-8")
MEASURED = json.loads((ROOT / "tests/benchmarks/time_to_accuracy.json").read_text(encoding="utf-8"))


def test_what_a_step_costs_is_what_was_measured():
    assert MEASURED["steps"]
    for name, row in MEASURED["steps"].items():
        side = int(name.split()[0])
        kinds = (f"{side // 2} px, 0", f"{side} px, 5", f"{side // 2} px, 5")
        shares = [row[f"{kind} layers frozen"] / row[f"{side} px, 0 layers frozen"] for kind in kinds]
        assert f"| {name} | {' | '.join(f'{share:.2f}' for share in shares)} |" in GUIDE


def test_each_arm_that_was_trained_is_told():
    """No arm is told of that was not measured, and none that was is left out."""
    for data, arms in MEASURED["datasets"].items():
        for arm, row in arms.items():
            sooner = "" if "times_sooner" not in row else f"{row['times_sooner']:.2f} ×"
            verdict = row.get("verdict", "")
            line = (
                f"| {data} | {arm} | {row['seeds']} | {row['mean']:.3f} | {row['seconds']:.0f} | {sooner} | {verdict} |"
            )
            assert line in GUIDE, line

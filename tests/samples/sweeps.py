"""The folder of a sweep, and what its winner has to have."""

from __future__ import annotations

import json
from pathlib import Path

from yololab.sweep.state import SweepFolder


def sweep_of(project: Path, name: str = "*") -> SweepFolder:
    """Return the only sweep of a name."""
    (found,) = (project / "multirun").glob(f"{name}_*")
    return SweepFolder(found)


def assert_only_the_winner_was_finished(folder: SweepFolder) -> None:
    """The winner is measured on the test split and exported, with a page of its own; the others are not."""
    content = json.loads(folder.summary.read_text())
    winner = content["winner"]["trial"]
    assert content["test"]["split"] == "test"
    assert folder.report.is_file()
    assert folder.best.resolve() == folder.trial(winner).path.resolve()
    for entry in folder.trials():
        run = folder.trial(entry.number)
        record = json.loads(run.record.read_text())
        won = entry.number == winner
        checks = (record.get("verification") or {}).get("checks") or []
        exported = [item["passed"] for item in checks if item["check"] == "exported model works"]
        assert (exported not in ([], [None])) is won, checks
        assert ("export" in record) is won
        assert (run.test_evaluation / "metrics.json").is_file() is won
        assert run.report.is_file() is won
        if won:
            assert record["winner"]["error"] is None
            assert record["verification"]["passed"] is all(item["passed"] is not False for item in checks)
            assert record["status"] == "complete"

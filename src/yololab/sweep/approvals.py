"""The parent's answers: a sweep asks once, its trials take what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yololab.jsonfiles import read_json, write_json
from yololab.stages.approve import Answer, Approval

APPROVALS_VERSION = 1
APPROVALS = "approvals.json"


def save_answers(sweep: Path, approvals: Sequence[Approval]) -> None:
    """Write the answers of the parent into the sweep's folder."""
    write_json(sweep / APPROVALS, {"approvals": [approval.to_json() for approval in approvals]}, APPROVALS_VERSION)


def answered_by_parent(sweep: Path) -> dict[str, str]:
    """Return, for each gate that the parent passed, who answered there."""
    path = sweep / APPROVALS
    if not path.is_file():
        return {}
    answers: list[dict[str, Any]] = read_json(path, (APPROVALS_VERSION,))["approvals"]
    return {str(item["gate"]): f"sweep, {item['by']}" for item in answers if item["answer"] == Answer.YES}

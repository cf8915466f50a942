"""The verification checklist."""

from typing import Any

from yololab.report.appearance import Tone
from yololab.report.run_files import RunFiles, mappings

_MARKS = {True: (Tone.GOOD, "tick", "passed"), False: (Tone.BAD, "cross", "failed")}
_OPEN = (Tone.NEUTRAL, "dash", "undecided")


def checklist(run: RunFiles) -> dict[str, Any] | None:
    """Prepare each item with its mark and its evidence; None when nothing was verified."""
    items = mappings(run.recorded("verification").get("checks"))
    if not items:
        return None
    return {
        "items": [
            {
                "mark": _MARKS[item["passed"]] if isinstance(item.get("passed"), bool) else _OPEN,
                "check": str(item.get("check") or "—"),
                "evidence": str(item.get("evidence") or ""),
            }
            for item in items
        ]
    }

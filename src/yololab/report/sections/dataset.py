"""The dataset: what each split holds, and what its check found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yololab.report.formats import as_number, count
from yololab.report.runfiles import RunFiles, inside, mapping, mappings
from yololab.report.verdicts import Tone

COLUMNS = ("images", "labelled", "backgrounds", "dropped", "instances")


def dataset(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the counts of the splits and the kinds of findings; None when nothing is known of the dataset."""
    recorded = run.recorded("dataset")
    splits = mapping(recorded.get("counts")) or mapping(run.dataset_report.get("splits"))
    source = recorded.get("source") or run.dataset_report.get("dataset") or run.metrics.get("data")
    findings = [_finding(kind) for kind in mappings(run.dataset_report.get("summary"))]
    if not splits and not source and not findings:
        return None
    columns = [column for column in COLUMNS if any(mapping(found).get(column) is not None for found in splits.values())]
    return {
        "name": recorded.get("name"),
        "source": source,
        "columns": columns,
        "splits": [
            (split, [count(mapping(found).get(column)) for column in columns]) for split, found in splits.items()
        ],
        "evaluated": run.metrics.get("split"),
        "blocking": as_number(inside(recorded, "problems", "blocking")),
        "warnings": as_number(inside(recorded, "problems", "warnings")),
        "findings": findings,
    }


def _finding(kind: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare one kind of finding with its first example."""
    example = next(iter(mappings(kind.get("examples"))), {})
    line = example.get("line")
    place = str(example.get("file") or "")
    blocking = kind.get("severity") == "blocking"
    return {
        "check": str(kind.get("check") or "").replace("_", " "),
        "severity": str(kind.get("severity") or ""),
        "tone": Tone.BAD if blocking else Tone.WARN,
        "icon": "cross" if blocking else "warn",
        "count": count(kind.get("count")),
        "what": str(example.get("what") or ""),
        "place": f"{place}:{line}" if line else place,
    }

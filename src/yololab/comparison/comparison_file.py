"""comparison.json: written for programs, and read back so that a resumed run need not compare again."""

from pathlib import Path
from typing import Any

from yololab.comparison.guards import Guard
from yololab.comparison.result import Comparison, MetricRow
from yololab.config.schema import Gate
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json, write_json
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction

COMPARISON_VERSION = 2


def write_comparison(path: Path, comparison: Comparison, gate: Gate) -> dict[str, Any]:
    """Write a comparison, and return the content of the file."""
    content = comparison.to_json(gate)
    write_json(path, content, COMPARISON_VERSION)
    return content


def read_comparison(path: Path) -> Comparison:
    """Read a comparison of two checkpoints; its intervals and p-values stay in the file.

    Raises:
        InputError: The file is missing, damaged, or of another version.
    """
    content = read_json(path, (COMPARISON_VERSION,))
    try:
        return _comparison(content)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(Problem(str(path), f"not a comparison ({type(error).__name__}: {error})")) from None


def _comparison(content: dict[str, Any]) -> Comparison:
    rows = tuple(
        MetricRow(row["metric"], Direction(row["direction"]), row["current"], row["baseline"])
        for row in content["metrics"]
    )
    return Comparison(
        verdict=Verdict(content["verdict"]),
        text=content["sentence"],
        statistical_support=content["statistical_support"],
        primary_metric=content["primary_metric"],
        tolerance=content["tolerance"],
        rows=rows,
        per_class=tuple(content["per_class"]),
        current=content["current"],
        baseline=content["baseline"],
        warnings=tuple(content["warnings"]),
        notes=tuple(content["notes"]),
        confirmed=content["confirmed"],
        statistics=content["statistics"],
        guards=tuple(Guard.from_json(guard) for guard in content["guards"]),
    )

"""The export against its checkpoint, where they were compared on the whole evaluated split."""

from dataclasses import replace
from typing import Any

from yololab.comparison.result import ComparisonContent
from yololab.files.metrics import MetricsContent
from yololab.files.paths import METRICS, RunFolder
from yololab.report.appearance import verdict_appearance
from yololab.report.run_files import (
    KNOWN_COMPARISON_VERSIONS,
    KNOWN_VERSIONS,
    RunFiles,
    address,
    mapping,
    read_parts,
    texts,
)
from yololab.report.sections.measurements import measurements
from yololab.text import as_number

MOST_IMAGES = 5


def export(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the comparison of the export; None where there is none.

    Raises:
        InputError: The comparison is there and cannot be read.
    """
    there = RunFolder(run.folder.export_check)
    made = run.recorded("export")
    if not there.comparison.is_file() or not made:
        return None
    comparison = read_parts(there.comparison, KNOWN_COMPARISON_VERSIONS, ComparisonContent)
    metrics = read_parts(there.path / METRICS, KNOWN_VERSIONS, MetricsContent, version_optional=True)
    table = measurements(replace(run, comparison=comparison, metrics=metrics))
    if table is None:
        return None
    times = mapping(made.get("inference"))
    return table | {
        "shown": verdict_appearance(str(comparison.get("verdict"))),
        "broken": made.get("works") is False,
        "sentence": comparison.get("sentence") or "",
        "name": " ".join(texts([made.get("format"), made.get("precision")])),
        "calibration": mapping(made.get("calibration")),
        "calibration_list": address(run.folder.calibration, run.folder.path),
        "checkpoint_ms": as_number(times.get("checkpoint_ms")),
        "export_ms": as_number(times.get("export_ms")),
        "images": texts(made.get("broken_images"))[:MOST_IMAGES],
        "page": address(there.report, run.folder.path),
        "speed": [],
    }

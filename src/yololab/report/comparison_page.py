"""report.html of a comparison: two or more arms next to each other, from its comparison.json."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.comparison.evidence import load_records
from yololab.errors import InputError
from yololab.files.atomic import write_text
from yololab.files.metrics import MetricsContent
from yololab.files.paths import METRICS, PREDICTIONS, RunFolder
from yololab.files.predictions import PredictionsError
from yololab.report.appearance import Appearance, verdict_appearance
from yololab.report.charts.lines import STYLES
from yololab.report.charts.svg import COLOURS
from yololab.report.run_files import (
    KNOWN_VERSIONS,
    RunFiles,
    address,
    load_run,
    mapping,
    mappings,
    primary_row,
    read_parts,
    run_of_metrics,
)
from yololab.report.section import Section, render
from yololab.report.sections import SECTIONS
from yololab.report.sections.changes import between
from yololab.report.sections.confidence import curve_of, mean_charts
from yololab.report.sections.verdict import verdict
from yololab.statistics.metrics.confidence_curves import ConfidenceCurves, confidence_curves
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS


@dataclass(frozen=True)
class ArmRow:
    """One arm of a comparison, as it stands in comparison.json; the baseline is the last one.

    Attributes:
        name: What it is called.
        path: Its metrics.json, or whatever was named.
        row: Its row of the metric that decides.
        verdict: How it compares with the baseline; None for the baseline itself.
        run: Its run; None when it is gone, or when it is a group of them.
    """

    name: str
    path: Path
    row: Mapping[str, Any]
    verdict: Appearance | None
    run: RunFolder | None


def write_comparison_page(folder: Path) -> Path:
    """Write report.html of a comparison.

    Args:
        folder: The folder of its comparison.json.

    Returns:
        The page's path.

    Raises:
        InputError: There is no comparison.
    """
    run = load_run(folder)
    current = _place(run.sound, mapping(run.sound.comparison.get("current")))
    if current.is_file():
        try:
            run = replace(run, metrics=read_parts(current, KNOWN_VERSIONS, MetricsContent, version_optional=True))
        except InputError as error:
            run = replace(run, unreadable=(*run.unreadable, str(error)))
    write_text(run.folder.report, render(f"Comparison {run.folder.path.name}", PAGE, run, album=run.album))
    return run.folder.report


def arms_of(run: RunFiles) -> list[ArmRow]:
    """Return the arms of a comparison: all of `arms` where there are more than two, and the baseline."""
    comparison, deciding = run.comparison, primary_row(run.comparison)
    arms = [_arm(run, item) for item in mappings(comparison.get("arms")) or [dict(comparison)]]
    baseline = mapping(comparison.get("baseline"))
    if baseline:
        row = {"current": deciding.get("baseline")}
        arms.append(replace(_arm(run, {"current": baseline}), row=row, verdict=None))
    return arms


def _place(run: RunFiles, side: Mapping[str, Any]) -> Path:
    """Return where the metrics of a side lie by now; where they were when they are gone, or what was named."""
    path = Path(str(side.get("path") or ""))
    places = run.place_of(str(path)) if path.is_absolute() else []
    return next((Path(os.path.normpath(place)) for place in places if place.is_file()), path)


def _arm(run: RunFiles, found: Mapping[str, Any]) -> ArmRow:
    """Return an arm of what is said of it: its own path or that of its current model, a verdict, and its metrics."""
    side = mapping(found.get("current")) or found
    path = _place(run, side)
    origin = run_of_metrics(path) if path.is_absolute() else None
    name = str(found.get("name") or (origin.path.name if origin else _folder_of(path).name or path))
    verdict = verdict_appearance(str(found["verdict"])) if found.get("verdict") else None
    return ArmRow(name, path, primary_row(found) or found, verdict, origin)


def _folder_of(path: Path) -> Path:
    """Return the folder that a metrics.json is the evaluation of; anything else is its own name."""
    if path.name != METRICS or not path.is_absolute():
        return path
    of_a_run = RunFolder(path.parent.parent)
    return of_a_run.path if of_a_run.metrics == path else path.parent


def head(run: RunFiles) -> dict[str, Any]:
    """Prepare the top of the page; where there are several arms it says which of them it is about."""
    content, named = verdict(run), arms_of(run.sound)
    if not mappings(run.sound.comparison.get("arms")):
        return content
    first, shown = named[0].name, content["shown"]
    about = f"This page begins with {first}; metrics, classes, images and errors below are about it, too."
    headline = f"{first}: {shown.headline[:1].lower()}{shown.headline[1:]}"
    return content | {"shown": replace(shown, headline=headline), "remarks": [about, *content["remarks"]]}


def arms(run: RunFiles) -> dict[str, Any]:
    """Prepare the table of the arms."""
    folder = run.folder.path
    rows = [
        (arm, (address(arm.run.report, folder) or address(arm.run.path, folder)) if arm.run else "")
        for arm in arms_of(run)
    ]
    direction = primary_row(run.comparison).get("direction")
    return {"rows": rows, "metric": run.primary_metric, "direction": direction}


def settings(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the settings in which the arms' runs differ; None where they are gone."""
    return between(run, [(arm.name, arm.run) for arm in arms_of(run) if arm.verdict and arm.run])


def curves(run: RunFiles) -> dict[str, Any] | None:
    """Draw the mean curves of the arms over each other; None where nothing has a confidence."""
    found: dict[str, ConfidenceCurves] = {}
    for arm in arms_of(run):
        try:
            records = load_records(arm.path.parent / PREDICTIONS)
        except PredictionsError:
            continue
        if isinstance(records, DetectionRecords):
            measure = DetectionMetrics(records, TASKS[records.task].primary_metric)
            if known := confidence_curves(measure.ranked[measure.kind]):
                found[arm.name] = known
    return {"charts": _overlaid(found)} if len(found) > 1 else None


def _overlaid(found: Mapping[str, ConfidenceCurves]) -> list[Markup]:
    """Draw one line an arm in each chart."""
    return mean_charts(
        lambda attribute: [
            curve_of(name, curves.mean(attribute), place % COLOURS, STYLES[place // COLOURS % len(STYLES)], "")
            for place, (name, curves) in enumerate(found.items())
        ]
    )


_OF_A_RUN = {section.title: section for section in SECTIONS}
PAGE: tuple[Section[RunFiles], ...] = (
    replace(_OF_A_RUN[""], prepare=head),
    Section("Arms", "comparison/arms", arms),
    _OF_A_RUN["Metrics"],
    Section("Settings that differ", "sections/03_changes", settings),
    Section("Confidence", "comparison/curves", curves),
    *(_OF_A_RUN[title] for title in ("Classes", "Slices", "Images that made the difference", "Errors")),
)

"""Showing what a dataset check found."""

from __future__ import annotations

from pathlib import Path

from yololab.data.checks import CheckReport
from yololab.errors import InputError, Problem
from yololab.screen import Screen

DATASET_REPORT_VERSION = 1
SHOWN_PROBLEMS = 20


def show_findings(screen: Screen, name: str, report: CheckReport) -> None:
    """Print the counts of each split, and each kind of finding with its number and first example."""
    counts = ", ".join(
        f"{split} {found.images} images with {found.instances} objects" for split, found in report.splits.items()
    )
    screen.stage("check", f"{name}: {counts}")
    for kind in report.summary():
        first = kind["examples"][0]
        place = first["file"] + (f":{first['line']}" if first["line"] else "")
        screen.detail(f"{kind['severity']}: {kind['check']} × {kind['count']}, e.g. {place}: {first['what']}")


def refuse_blocking(report: CheckReport, where: Path | None = None) -> None:
    """Stop here when training should not start.

    Args:
        report: The check.
        where: The file that lists everything, when there is one.

    Raises:
        InputError: Something blocks.
    """
    if report.blocking:
        raise blocking_problems(report, where)


def blocking_problems(report: CheckReport, where: Path | None) -> InputError:
    """Return the error for a dataset that training should not start with.

    Args:
        report: The check.
        where: The file that lists everything.
    """
    blocking = report.blocking
    problems = [
        Problem(f"{found.file}" + (f":{found.line}" if found.line else ""), found.what, remedy=found.remedy)
        for found in blocking[:SHOWN_PROBLEMS]
    ]
    if len(blocking) > SHOWN_PROBLEMS:
        problems.append(
            Problem(str(where or report.dataset), f"{len(blocking)} problems in all", remedy="nothing was trained")
        )
    return InputError(problems)

"""Checking a dataset as the config says, and showing what was found."""

from __future__ import annotations

from pathlib import Path

from yololab.config.schema import CheckConfig, Decode
from yololab.data.checks.check_report import CheckReport, CheckSettings, SplitCounts
from yololab.errors import InputError, Problem
from yololab.terminal.screen import Screen

DATASET_REPORT_VERSION = 2
SHOWN_PROBLEMS = 20
SHOWN_EXAMPLES = 3


def check_settings(config: CheckConfig, imgsz: int, cache: Path) -> CheckSettings:
    """Return how deep to look.

    Args:
        config: `check.*`.
        imgsz: The training's image size, px.
        cache: Our cache folder.
    """
    return CheckSettings(
        decode=config.decode is Decode.FULL,
        near_duplicates=config.near_duplicates,
        near_duplicate_distance=config.near_duplicate_distance,
        small_object_pixels=config.small_object_pixels,
        imgsz=imgsz,
        workers=config.workers,
        severity=config.severity,
        cache=cache,
    )


def show_findings(screen: Screen, name: str, report: CheckReport) -> None:
    """Print the counts of each split, and each kind of finding with its number and first example."""
    counts = ", ".join(f"{split} {in_words(found, report.unit)}" for split, found in report.splits.items())
    screen.stage("check", f"{name}: {counts}")
    for kind in report.summary():
        screen.detail(f"{kind['severity']}: {kind['check']} × {kind['count']} ({kind['description']})")
        for example in kind["examples"][: SHOWN_EXAMPLES if kind["severity"] != "note" else 1]:
            place = example["file"] + (f":{example['line']}" if example["line"] else "")
            screen.detail(f"    {place}: {example['what']}")


def in_words(counts: SplitCounts, unit: str) -> str:
    """Return what a split holds.

    >>> from yololab.data.checks.check_report import ClassCounts
    >>> in_words(SplitCounts(3, 3, 0, 0, 5, {}), "objects")
    '3 images with 5 objects'
    >>> in_words(SplitCounts(3, 3, 0, 0, 3, {0: ClassCounts(3, 3)}), "images")
    '3 images of 1 classes'
    """
    if unit == "images":
        return f"{counts.images} images of {sum(bool(found.images) for found in counts.per_class.values())} classes"
    return f"{counts.images} images with {counts.instances} {unit}"


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
            Problem(str(where or report.dataset.yaml), f"{len(blocking)} problems in all", remedy="nothing was trained")
        )
    return InputError(problems)

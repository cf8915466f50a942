"""report.html of a sweep: one self-contained page."""

from pathlib import Path

from yololab.files.atomic import write_text
from yololab.report.section import render
from yololab.report.sweep.sections import SECTIONS
from yololab.report.sweep.sweep_files import load_sweep


def write_sweep_report(folder: Path) -> Path:
    """Write report.html of a sweep from its summary.json and the files of its trials.

    Args:
        folder: The sweep's folder.

    Returns:
        The page's path.

    Raises:
        InputError: There is no summary, or its version is unknown.
    """
    sweep = load_sweep(folder)
    name = str(sweep.summary.get("sweep") or sweep.path.name)
    write_text(sweep.paths.report, render(name, SECTIONS, sweep, wide=True))
    return sweep.paths.report

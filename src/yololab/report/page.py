"""report.html: one self-contained page of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.extensions import Point, extensions
from yololab.files.atomic import write_text
from yololab.report.run_files import RunFiles, load_run
from yololab.report.section import Section, render
from yololab.report.sections import SECTIONS
from yololab.report.sections.verdict import check_head


def write_report(folder: Path) -> Path:
    """Write report.html of a run from what its folder holds; a run that stopped early gets what exists.

    Args:
        folder: The run's folder.

    Returns:
        The page's path.

    Raises:
        InputError: The folder is missing, or holds nothing of a run.
    """
    run = load_run(folder)
    write_text(run.folder.report, render_page(run))
    return run.folder.report


def write_check_page(folder: Path) -> Path:
    """Write report.html of a dataset check: its counts, distribution and findings.

    Args:
        folder: The check's folder.

    Raises:
        InputError: It holds no check.
    """
    run = load_run(folder)
    head = Section("", "sections/01_verdict", check_head)
    sections = [head, *(section for section in SECTIONS if section.title == "Dataset")]
    write_text(run.folder.report, render(f"Check of {run.folder.path.name}", sections, run, album=run.album))
    return run.folder.report


def render_page(run: RunFiles) -> str:
    """Return the page of a run."""
    sound = run.sound
    added, failures = sections_of_extensions(run.folder.path, sound.record)
    return render(
        str(sound.record.get("name") or run.folder.path.name),
        SECTIONS,
        run,
        album=run.album,
        version=sound.recorded("provenance", "packages").get("yololab"),
        added=added,
        failures=failures,
    )


def sections_of_extensions(folder: Path, record: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the sections that other packages add, and a line on each that failed: a page is not lost for it.

    Args:
        folder: The run's folder.
        record: The content of its experiment_log.json.
    """
    shown: list[dict[str, Any]] = []
    failures: list[str] = []
    for name, extension in extensions(Point.REPORT_SECTIONS).items():
        try:
            found = extension.load()(folder, record)
            if found is not None:
                title, html = found
                shown.append({"title": str(title), "anchor": f"extension-{name}", "html": Markup(html)})
        except Exception as error:  # whatever another package's code raises
            failures.append(extension.error(error))
    return shown, failures

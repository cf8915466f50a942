"""report.html of a sweep: one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.files.atomic import write_text
from yololab.report.page import environment
from yololab.report.sweep.sections import SECTIONS
from yololab.report.sweep.sweep_files import SweepFiles, load_sweep

REPORT = "report.html"


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
    path = sweep.path / REPORT
    write_text(path, render_sweep(sweep))
    return path


def render_sweep(sweep: SweepFiles) -> str:
    """Return the page as HTML that needs no other file, no network and no script."""
    templates = environment()
    shown: list[dict[str, Any]] = []
    left_out: list[str] = []
    for section in SECTIONS:
        content = section.prepare(sweep)
        if content is None:
            left_out.append(section.title)
            continue
        name = "sections/01_verdict" if section.template == "head" else f"sweep/{section.template}"
        html = Markup(templates.get_template(f"{name}.html.j2").render(content))
        shown.append({"title": section.title, "anchor": section.template, "html": html})
    return templates.get_template("page.html.j2").render(
        name=str(sweep.summary.get("sweep") or sweep.path.name),
        sections=shown,
        left_out=left_out,
        failures=[],
        version=None,
    )

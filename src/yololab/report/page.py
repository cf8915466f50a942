"""report.html: one self-contained page of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from yololab.extensions import Point, extensions
from yololab.files.atomic import write_text
from yololab.report import formats
from yololab.report.run_files import RunFiles, load_run
from yololab.report.sections import SECTIONS
from yololab.report.sections.dataset import dataset

TEMPLATES = Path(__file__).parent / "templates"


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
    content = dataset(run)
    html = Markup(environment().get_template("sections/08_dataset.html.j2").render(content or {}))
    shown = [{"title": "Dataset", "anchor": "dataset", "html": html}]
    page = environment().get_template("page.html.j2")
    name = f"Check of {run.folder.path.name}"
    write_text(run.folder.report, page.render(name=name, sections=shown, left_out=[], failures=[], version=None))
    return run.folder.report


def render_page(run: RunFiles) -> str:
    """Return the page as HTML that needs no other file, no network and no script."""
    templates = environment()
    shown: list[dict[str, Any]] = []
    left_out: list[str] = []
    for section in SECTIONS:
        content = section.prepare(run)
        if content is None:
            left_out.append(section.title)
        else:
            template = templates.get_template(f"sections/{section.template}.html.j2")
            shown.append(
                {
                    "title": section.title,
                    "anchor": section.template.partition("_")[2],
                    "html": Markup(template.render(content)),
                }
            )
    added, failures = sections_of_extensions(run.folder.path, run.record)
    return templates.get_template("page.html.j2").render(
        name=str(run.record.get("name") or run.folder.path.name),
        sections=[*shown, *added],
        left_out=left_out,
        failures=failures,
        version=run.recorded("provenance", "packages").get("yololab"),
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


@cache
def environment() -> Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": formats.words, "moment": formats.moment, "setting": formats.setting}
    return environment

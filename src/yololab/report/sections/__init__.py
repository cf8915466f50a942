"""The sections of the page: each is one template and one pure function that prepares what the template shows.

A new section is a template in `templates/sections/`, a function here beside, and a row in `SECTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yololab.report.run_files import RunFiles
from yololab.report.sections.checklist import checklist
from yololab.report.sections.classes import classes
from yololab.report.sections.confusion import confusion
from yololab.report.sections.curves import curves
from yololab.report.sections.dataset import dataset
from yololab.report.sections.errors import errors
from yololab.report.sections.images import images
from yololab.report.sections.measurements import measurements
from yololab.report.sections.provenance import provenance
from yololab.report.sections.repeat import notes, repeat
from yololab.report.sections.settings import settings
from yololab.report.sections.verdict import verdict


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        title: Its heading; the first section has none, it is the page's own head.
        template: Its file in `templates/sections/`, without the endings.
        prepare: What the template shows, from the run's files; None leaves the section out.
    """

    title: str
    template: str
    prepare: Callable[[RunFiles], Mapping[str, Any] | None]


SECTIONS = (
    Section("", "01_verdict", verdict),
    Section("Metrics", "02_metrics", measurements),
    Section("Training", "03_curves", curves),
    Section("Classes", "04_classes", classes),
    Section("Errors", "05_errors", errors),
    Section("Images that made the difference", "06_images", images),
    Section("Confusion matrix", "07_confusion", confusion),
    Section("Dataset", "08_dataset", dataset),
    Section("Verification", "09_verification", checklist),
    Section("Config", "10_config", settings),
    Section("Provenance", "11_provenance", provenance),
    Section("Notes", "12_notes", notes),
    Section("Repeat this run", "13_repeat", repeat),
)

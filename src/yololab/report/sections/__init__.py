"""The sections of the page: each is one template and one pure function that prepares what the template shows.

A new section is a template in `templates/sections/`, a function here, and a row in `SECTIONS`.
"""

from yololab.report.run_files import RunFiles
from yololab.report.section import Section
from yololab.report.sections.classes import classes
from yololab.report.sections.confusion import confusion
from yololab.report.sections.curves import curves
from yololab.report.sections.dataset import dataset
from yololab.report.sections.errors import errors
from yololab.report.sections.images import images
from yololab.report.sections.measurements import measurements
from yololab.report.sections.provenance import provenance
from yololab.report.sections.record import checklist, notes, repeat, settings
from yololab.report.sections.verdict import verdict

SECTIONS: tuple[Section[RunFiles], ...] = (
    Section("", "sections/01_verdict", verdict),
    Section("Metrics", "sections/02_metrics", measurements),
    Section("Training", "sections/03_curves", curves),
    Section("Classes", "sections/04_classes", classes),
    Section("Errors", "sections/05_errors", errors),
    Section("Images that made the difference", "sections/06_images", images),
    Section("Confusion matrix", "sections/07_confusion", confusion),
    Section("Dataset", "sections/08_dataset", dataset),
    Section("Verification", "sections/09_verification", checklist),
    Section("Config", "sections/10_config", settings),
    Section("Provenance", "sections/11_provenance", provenance),
    Section("Notes", "sections/12_notes", notes),
    Section("Repeat this run", "sections/13_repeat", repeat),
)

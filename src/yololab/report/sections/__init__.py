"""The sections of the page: each is one template and one pure function that prepares what the template shows.

A new section is a template in `templates/sections/`, a function here, and a row in `SECTIONS`.
"""

from yololab.report.run_files import RunFiles
from yololab.report.section import Section
from yololab.report.sections.breakdown.errors import errors
from yololab.report.sections.breakdown.slices import slices
from yololab.report.sections.changes import changes
from yololab.report.sections.classes import classes
from yololab.report.sections.confidence import confidence
from yololab.report.sections.confusion import confusion
from yololab.report.sections.curves import curves
from yololab.report.sections.dataset import dataset
from yololab.report.sections.export import export
from yololab.report.sections.images import images
from yololab.report.sections.measurements import measurements
from yololab.report.sections.provenance import provenance
from yololab.report.sections.record import checklist, notes, repeat, settings
from yololab.report.sections.samples import samples
from yololab.report.sections.verdict import verdict

SECTIONS: tuple[Section[RunFiles], ...] = (
    Section("", "sections/01_verdict", verdict),
    Section("Metrics", "sections/02_metrics", measurements),
    Section("Settings against the baseline", "sections/03_changes", changes),
    Section("Confidence", "sections/04_confidence", confidence),
    Section("Classes", "sections/05_classes", classes),
    Section("Slices", "sections/06_slices", slices),
    Section("Predictions", "sections/07_samples", samples),
    Section("Images that made the difference", "sections/08_images", images),
    Section("Errors", "sections/09_errors", errors),
    Section("Confusion matrix", "sections/10_confusion", confusion),
    Section("Training", "sections/11_curves", curves),
    Section("Dataset", "sections/12_dataset", dataset),
    Section("Export against its checkpoint", "sections/13_export", export),
    Section("Verification", "sections/14_verification", checklist),
    Section("Config", "sections/15_config", settings),
    Section("Provenance", "sections/16_provenance", provenance),
    Section("Notes", "sections/17_notes", notes),
    Section("Repeat this run", "sections/18_repeat", repeat),
)

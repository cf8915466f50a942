"""The paired comparison of an export with its checkpoint on the evaluated split, both measured in the same way."""

import tempfile
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.compare import compare_metrics
from yololab.comparison.evidence import REPLICATES
from yololab.comparison.result import Comparison, write_comparison
from yololab.config.schema import Gate
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.files.atomic import write_text
from yololab.files.metrics import MetricsFile
from yololab.files.paths import DATA_YAML, RunFolder
from yololab.job.checklist import EXPORT_CHECK, Check
from yololab.job.context import Context
from yololab.job.measure import fingerprint_splits, measure_checkpoint, measurement_of
from yololab.job.prepare import Prepared
from yololab.report.comparison_markdown import comparison_markdown
from yololab.report.comparison_page import write_comparison_page
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import Direction
from yololab.terminal.screen import Screen
from yololab.text import first_of, number
from yololab.ultralytics_adapter.export.exporting import ExportedModel

# An export that is left with less than this share of the checkpoint's score is broken however few images say so.
COLLAPSED_SHARE = 0.5
_SHOWN = 3


@dataclass(frozen=True)
class ExportComparison:
    """An export held against its checkpoint.

    Attributes:
        comparison: The comparison; the export is its current model, the checkpoint its baseline.
        export: The numbers of the export.
        checkpoint: The numbers of the checkpoint under the same protocol.
        works: Whether the export is as good; None when the images do not tell.
    """

    comparison: Comparison
    export: MetricsFile
    checkpoint: MetricsFile
    works: bool | None

    @property
    def broken_images(self) -> list[str]:
        """The images that lost most, the worst first."""
        rows = (self.comparison.analysis.get("image_changes") or {}).get("images") or ()
        lost = sorted((row for row in rows if row["gain"] < 0), key=lambda row: row["gain"])
        return [str(row["image"]) for row in lost]

    @property
    def inference_ms(self) -> dict[str, float | None]:
        """Milliseconds of inference an image, one by one, of both."""
        sides = {"checkpoint": self.checkpoint, "export": self.export}
        return {name: (file.content.get("speed_ms") or {}).get("inference") for name, file in sides.items()}

    def check(self, how: str) -> Check:
        """Return the item of the checklist.

        Args:
            how: What was exported, run by what.
        """
        row, times = self.comparison.primary, self.inference_ms
        evidence = f"{how}: {row.metric} on {self.export.split} {number(row.baseline)} (checkpoint) and "
        evidence += f"{number(row.current)} (export). {self.comparison.text}"
        if None not in times.values():
            took = f"{number(times['checkpoint'], 1)} ms an image, the export {number(times['export'], 1)}"
            evidence += f" Inference on this machine: the checkpoint {took}."
        if self.works is False and self.broken_images:
            evidence += f" Lost most: {first_of(self.broken_images, _SHOWN)}."
        return Check(EXPORT_CHECK, self.works, evidence)

    def to_json(self) -> dict[str, Any]:
        """Return what the record says of it."""
        times = {f"{name}_ms": value for name, value in self.inference_ms.items()}
        about = {"verdict": self.comparison.verdict, "sentence": self.comparison.text}
        return about | {"works": self.works, "inference": times, "broken_images": self.broken_images}


def as_good(comparison: Comparison, tolerance: float) -> bool | None:
    """Return whether an export is as good as its checkpoint; None when the images do not tell.

    A verdict of DEGRADED says that it is not. Nor is it when half of the score is gone, however few the images: what a
    conversion has done to these very images is no question of chance. Two zeros say nothing.

    Args:
        comparison: The export as the current model, the checkpoint as the baseline.
        tolerance: `export.tolerance`, the difference that counts as none where the verdict is open.
    """
    row = comparison.primary
    if row.current is None or row.baseline is None:
        return None
    less, more = row.current, row.baseline
    if row.direction is Direction.LOWER:
        less, more = more, less
    if comparison.verdict is Verdict.DEGRADED:
        return False
    if more - less > comparison.tolerance and less < COLLAPSED_SHARE * more:
        return False
    if row.current == row.baseline == 0 and row.direction is Direction.HIGHER:
        return None
    return None if comparison.verdict is Verdict.INCONCLUSIVE and more - less > tolerance else True


def compare_on_split(
    context: Context, prepared: Prepared, made: ExportedModel, calibrated_on: int | None
) -> ExportComparison:
    """Measure checkpoint and export on the evaluated split, and compare them image by image.

    Both take the images one by one, letterboxed to a square, as an export takes them: the run's own evaluation may
    have taken rectangles. Records, numbers, the comparison and its page are left in the run's `evaluation/export`.

    Args:
        context: The attempt.
        prepared: Its dataset and model.
        made: The export.
        calibrated_on: How many images it was calibrated on; None without calibration.

    Raises:
        InputError: The export cannot be measured here.
        JobError: It does not run.
    """
    config, dataset, folder = context.config, prepared.dataset, context.folder
    fingerprints = fingerprint_splits(dataset, config.train, prepared.task.name)
    with tempfile.TemporaryDirectory() as scratch:
        data = write_resolved_yaml(dataset, Path(scratch) / DATA_YAML, False)
        how = measurement_of(config, prepared, data, fingerprints, context.screen)
        protocol = replace(how.protocol, rect=False, batch=1, quantize=None, augment=False)
        # TensorRT runs on the GPU alone; whatever runs on the CPU is held against the checkpoint there.
        device = how.device if made.format == "engine" else replace(how.device, id="cpu")
        how = replace(how, protocol=protocol, device=device, alike=None)
        checkpoint = measure_checkpoint(folder.best, folder.export_reference, how)
        export = measure_checkpoint(made.path, folder.export_check, how)
    with context.screen.telling("verify", "comparing the export with its checkpoint", REPLICATES) as tell:
        comparison = compare_metrics(export, checkpoint, config.baseline.tolerance, tell=tell)
    notes = ["The checkpoint was measured anew in the way of the export: one by one, in squares."]
    if calibrated_on is not None:
        notes.append(f"Calibrated on {calibrated_on:,} images of the training split; none is of {export.split}.")
    comparison = replace(comparison, notes=tuple(notes))
    _write(RunFolder(folder.export_check), comparison, context.screen)
    return ExportComparison(comparison, export, checkpoint, as_good(comparison, config.export.tolerance))


def _write(target: RunFolder, comparison: Comparison, screen: Screen) -> None:
    """Write the comparison for programs and for people."""
    content = write_comparison(target.comparison, comparison, Gate.DEGRADED, target.path)
    write_text(target.comparison_markdown, comparison_markdown(content))
    try:
        write_comparison_page(target.path)
    except Exception as error:  # whatever a page meets, the comparison itself is written
        screen.log(traceback.format_exc())
        screen.warn(f"{target.report} was not written: {error}")

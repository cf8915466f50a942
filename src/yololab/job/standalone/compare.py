"""Models side by side, or recipes by their seeds: what `yololab compare` does."""

import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from yololab.comparison.evidence import REPLICATES
from yololab.comparison.groups import absolute_group
from yololab.comparison.result import Comparison, write_comparison
from yololab.comparison.run_reference import RunReference
from yololab.comparison.sides import compare_sides
from yololab.comparison.slices.slices import absolute_slices
from yololab.config.schema import ExperimentConfig, Gate
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder, write_text
from yololab.files.metrics import MetricsFile
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.run_names import path_or_pattern
from yololab.job.standalone.detections import BoxMeasurement
from yololab.report.appearance import verdict_appearance
from yololab.report.card import Card
from yololab.report.comparison_markdown import comparison_markdown
from yololab.report.comparison_page import write_comparison_page
from yololab.statistics.inference.verdict import Verdict
from yololab.terminal.screen import Screen
from yololab.text import interval, number, signed


class ComparisonResult(dict[str, Any]):
    """The content of comparison.json, and what it was made of.

    Attributes:
        comparison: The comparison.
        path: The comparison.json that was written; comparison.md lies next to it.
    """

    def __init__(self, content: dict[str, Any], comparison: Comparison, path: Path) -> None:
        super().__init__(content)
        self.comparison = comparison
        self.path = path

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        shown = verdict_appearance(self.verdict)
        numbers = {
            row["metric"]: f"{number(row['baseline'])} → {number(row['current'])}"
            + (
                f" ({signed(row['delta'])}, 95 % {interval(row['ci_low'], row['ci_high'])})"
                if row["delta"] is not None
                else ""
            )
            for row in self["metrics"]
        }
        links = {"report": RunFolder(self.path.parent).report, "comparison": self.path}
        return Card("Comparison", shown.headline, shown.tone, self["sentence"], numbers, links).html()

    def __repr__(self) -> str:
        """Return the verdict; the content is a dictionary of thousands of numbers."""
        return f"<ComparisonResult {self.verdict}: {self['sentence']}>"

    @property
    def verdict(self) -> Verdict:
        """What it says."""
        return self.comparison.verdict

    @property
    def passes(self) -> bool:
        """Whether it passes the gate."""
        return bool(self["gate"]["passed"])


def compare_models(
    references: Sequence[str], experiment: ExperimentConfig, working_directory: Path, screen: Screen
) -> ComparisonResult:
    """Compare models, or a model with the promoted baseline; write comparison.json, comparison.md and a page.

    Args:
        references: One or two, or several of which the last is the baseline: run folders, names of runs, metrics.json
            files, baselines, patterns of runs, COCO results files.
        experiment: `baseline.*`, and `truth` and the protocol for what has not been measured.
        working_directory: Where relative paths start.
        screen: Where to print.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    settings, tree = experiment.baseline, OutputTree.of_project(experiment.paths.root, working_directory)

    group = absolute_group(experiment.evaluation.group, working_directory)
    slices = absolute_slices(experiment.evaluation.slices, working_directory)
    names = [_from_here(path_or_pattern(tree, text, working_directory), working_directory) for text in references]
    boxes = BoxMeasurement(names, experiment, working_directory, screen)
    boxes.refuse_single()

    def measure(reference: RunReference, other: RunReference) -> MetricsFile:
        if boxes.concerns(reference):
            return boxes.measure(reference)
        return measured(reference, other, experiment, working_directory, screen)

    with screen.telling("compare", "reading the records", REPLICATES) as tell:
        comparison = compare_sides(
            names,
            settings,
            tree,
            working_directory,
            measure,
            group,
            tell,
            experiment.evaluation.definition,
            slices=slices,
        )
    content: dict[str, Any] = {}

    def fill(hidden: Path, place: Path) -> None:
        folder = RunFolder(hidden)
        content.update(write_comparison(folder.comparison, comparison, settings.gate or Gate.DEGRADED, place))
        write_text(folder.comparison_markdown, comparison_markdown(content))

    folder = RunFolder(new_named_folder(tree.comparisons, "", fill))
    try:
        with screen.working("compare", "writing the page"):
            write_comparison_page(folder.path)
    except Exception as error:  # whatever a page meets, the comparison itself is written
        screen.log(traceback.format_exc())
        screen.warn(f"{folder.report.name} was not written: {error}")
    return ComparisonResult(content, comparison, folder.comparison)


def _from_here(text: str, working_directory: Path) -> str:
    """Return the path of what was named as it is read: from where the user stands."""
    with suppress(ValueError):
        return str(Path(text).relative_to(working_directory))
    return text


def measured(
    reference: RunReference, other: RunReference, experiment: ExperimentConfig, working_directory: Path, screen: Screen
) -> MetricsFile:
    """Return the numbers of a reference; a plain folder of Ultralytics is evaluated first, under our protocol.

    Args:
        reference: The reference.
        other: The other side; its protocol and data are used where the reference has none of its own.
        experiment: Protocol, device and folders, for a plain folder.
        working_directory: Where relative paths start.
        screen: Where to print.
    """
    if reference.metrics is not None:
        return reference.metrics
    if reference.results:
        found, allowed = "detections without a checkpoint", "a run"
        raise InputError(Problem(str(reference.path), found, allowed, "yololab compare takes it as one of its sides"))
    # Evaluating imports PyTorch; two metrics.json files are compared without.
    from yololab.job.standalone.plain_run import measure_plain_run

    with tempfile.TemporaryDirectory() as scratch:
        return measure_plain_run(reference, other, experiment, working_directory, screen, Path(scratch))

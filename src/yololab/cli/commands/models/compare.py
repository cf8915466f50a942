"""`yololab compare CURRENT [BASELINE]`: two models beside each other, and a gate for scripts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.cli.request import Request, tree_of
from yololab.comparison.compare import COMPARISON_VERSION, Comparison, compare_metrics
from yololab.comparison.dataset_name import dataset_of
from yololab.comparison.recipes import compare_groups, read_arms
from yololab.comparison.run_reference import RunReference, manifest_of, read_reference
from yololab.config.compose import Composed
from yololab.config.schema import Gate, GuardsConfig
from yololab.data.identity.manifest import changes_in_words, manifest_changes, read_manifest
from yololab.errors import GateError, InputError, Problem
from yololab.files.baseline import Baseline, baseline_of, other_baselines
from yololab.files.json_files import write_json, write_text_atomically
from yololab.files.metrics import MetricsFile
from yololab.files.paths import RunFolder, create_folder
from yololab.report.comparison_markdown import comparison_markdown
from yololab.terminal.tables import comparison_table

USAGE = "compare CURRENT [BASELINE]  (run folders, metrics.json files, baselines, or patterns of runs: 'multirun/x/*')"


def run(request: Request) -> int:
    """Compare, print the table, write comparison.json and comparison.md.

    Returns:
        0, or 4 when the gate stops.
    """
    result = compare_operands(request)
    screen = request.screen()
    comparison_table(screen, result.comparison)
    screen.detail(f"written: {result.path} and comparison.md beside it")
    if request.as_json:
        request.print_json(result.content | {"path": str(result.path)})
    if result.content["gate"]["passed"]:
        return 0
    screen.warn(f"the gate baseline.gate={result.content['gate']['policy']} stops here: exit code 4")
    return GateError.exit_code


@dataclass(frozen=True)
class CompareResult:
    """What `yololab compare` found.

    Attributes:
        comparison: The comparison.
        content: The content of comparison.json.
        path: The file.
    """

    comparison: Comparison
    content: dict[str, Any]
    path: Path


def compare_operands(request: Request) -> CompareResult:
    """Compare the operands of a command and write comparison.json and comparison.md.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    words = request.expect_operands(USAGE, 1, 2)
    composed = request.compose()
    groups = [read_arms(_named(word, request), request.working_directory) for word in words]
    settings = composed.experiment.baseline
    single = all(len(arms) == 1 and not arms[0].several for arms in groups)
    if single:
        comparison = _compare_two([arms[0].runs[0] for arms in groups], composed, request)
    elif len(groups) == 2:
        comparison = compare_groups(groups[0], groups[1], settings.tolerance)
        if settings.guards != GuardsConfig():
            told = "baseline.guards watch single runs: they were not held against these groups."
            comparison = replace(comparison, warnings=(*comparison.warnings, told))
    else:
        found = f"{sum(len(arm.runs) for arm in groups[0])} runs"
        raise InputError(Problem(words[0], found, "one run, or two groups", "name what to compare them with"))
    content = comparison.to_json(settings.gate or Gate.DEGRADED)
    folder = RunFolder(create_folder(tree_of(composed, request.working_directory).comparisons, ""))
    write_json(folder.comparison, content, COMPARISON_VERSION)
    write_text_atomically(folder.comparison_markdown, comparison_markdown(content))
    return CompareResult(comparison, content, folder.comparison)


def _named(word: str, request: Request) -> str:
    """Return the path that a word names; a pattern of runs stays as it is."""
    path = request.path_of(word)
    return str(path) if path.exists() else word


def _compare_two(sides: list[RunReference], composed: Composed, request: Request) -> Comparison:
    """Compare one checkpoint with another, or with the promoted baseline."""
    settings = composed.experiment.baseline
    current = measured(sides[0], sides[-1], composed, request)
    if len(sides) == 2:
        other = sides[1]
        baseline = measured(other, sides[0], composed, request)
    else:
        promoted = promoted_baseline(sides[0], current, composed, request.working_directory)
        other, baseline = read_reference(str(promoted.folder), request.working_directory), promoted.metrics()
    changes = _data_changes(sides[0], other)
    try:
        comparison = compare_metrics(current, baseline, settings.tolerance, settings.guards)
    except InputError as error:
        told = [Problem("dataset, changed since the baseline", line) for line in changes]
        raise InputError([*error.problems, *told]) from None
    told_changes = (f"The dataset has changed: {line}." for line in changes)
    return replace(comparison, notes=(*comparison.notes, *told_changes))


def _data_changes(current: RunReference, baseline: RunReference) -> list[str]:
    """Return what became of the dataset between two runs, a line a split; empty when that is not known."""
    ours, theirs = manifest_of(current), manifest_of(baseline)
    if ours is None or theirs is None:
        return []
    return changes_in_words(manifest_changes(read_manifest(theirs), read_manifest(ours)))


def promoted_baseline(
    reference: RunReference, metrics: MetricsFile, composed: Composed, working_directory: Path
) -> Baseline:
    """Return the promoted baseline of a reference's dataset and task.

    Raises:
        InputError: The reference does not name its dataset, or nothing was promoted.
    """
    tree = tree_of(composed, working_directory)
    dataset = dataset_of(reference, metrics)
    if dataset is None:
        raise InputError(
            Problem(str(reference.path), "does not say which dataset it belongs to", USAGE, "name the baseline as well")
        )
    baseline = baseline_of(tree, dataset, metrics.task, metrics.fingerprint)
    if not baseline.exists():
        others = other_baselines(tree, dataset, metrics.task, metrics.fingerprint)
        of_others = ", ".join(f"{other.folder} is of other images or labels of it" for other in others[:3])
        raise InputError(
            Problem(
                str(baseline.folder),
                f"no baseline of this dataset and task{'; ' if others else ''}{of_others}",
                USAGE,
                "promote a run (yololab promote RUN), or name what to compare with",
            )
        )
    return baseline


def measured(reference: RunReference, other: RunReference, composed: Composed, request: Request) -> MetricsFile:
    """Return the numbers of a reference; a plain folder of Ultralytics is evaluated first, under our protocol.

    Args:
        reference: The reference.
        other: The other side; its protocol and data are used where the reference has none of its own.
        composed: The command's config.
        request: The command.
    """
    if reference.metrics is not None:
        return reference.metrics
    # Evaluating imports PyTorch; two metrics.json files are compared without.
    from yololab.cli.commands.models.plain_run import measure_plain_run

    with tempfile.TemporaryDirectory() as scratch:
        return measure_plain_run(reference, other, composed, request, Path(scratch))

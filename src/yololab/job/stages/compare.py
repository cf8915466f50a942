"""The comparison with the baseline: the named one, else the promoted one of this dataset and task."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.comparison.compare import DRY_RUN_TEXT, compare_metrics
from yololab.comparison.evidence import REPLICATES
from yololab.comparison.groups import absolute_group
from yololab.comparison.multiplicity.primary_metrics import declared_metrics
from yololab.comparison.registration.registered import criteria_of, held_to_registration
from yololab.comparison.result import Comparison, read_comparison, write_comparison
from yololab.comparison.slices.slices import absolute_slices
from yololab.config.measuring.evaluation import Definition
from yololab.config.schema import Gate
from yololab.errors import GateError, InputError
from yololab.files.atomic import write_text
from yololab.files.reading import read_text
from yololab.job.baseline import baseline_metrics, look_at_baseline, why_no_baseline
from yololab.job.context import Context, Results, Stage
from yololab.job.measure import measurement_of
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.evaluate import Evaluated
from yololab.report.comparison_markdown import comparison_markdown
from yololab.terminal.tables import comparison_table

USE_THE_TEST_SPLIT = (
    "The dataset has a test split: rest promotion and gate on evaluation.split=test, which has chosen no checkpoint."
)


def run(context: Context, prepared: Prepared, checked: Checked, evaluated: Evaluated) -> Comparison:
    """Compare, and write the result for programs and for people."""
    settings, folder = context.config.baseline, context.folder
    how = measurement_of(context.config, prepared, checked.inputs.data_yaml, checked.fingerprints, context.screen)
    dry_run = checked.inputs.rehearsal is not None
    other = None if dry_run else baseline_metrics(context, prepared, how)
    look = None if dry_run else look_at_baseline(context, prepared, checked.fingerprints)
    why_none = why_no_baseline(context, prepared, checked.fingerprints)
    slices = absolute_slices(context.config.evaluation.slices, prepared.paths.working_directory)
    with context.screen.telling("compare", STAGE.doing, REPLICATES) as tell:
        comparison = compare_metrics(
            evaluated.metrics,
            other,
            settings.tolerance,
            settings.guards,
            look=look,
            metrics=declared_metrics(settings),
            slices=slices,
            no_baseline=why_none,
            tell=tell,
        )
    group = absolute_group(context.config.evaluation.group, prepared.paths.working_directory)
    # A training's own evaluation has Ultralytics' AP, whatever was asked for.
    evaluation = replace(context.config.evaluation, definition=Definition.ULTRALYTICS)
    used = criteria_of(settings, evaluation, prepared.task.primary_metric, group)
    comparison = held_to_registration(comparison, [folder.path], used)
    if dry_run:
        comparison = replace(comparison, text=DRY_RUN_TEXT)
    elif other is not None and evaluated.metrics.split == "val" and "test" in prepared.dataset.splits:
        comparison = replace(comparison, notes=(*comparison.notes, USE_THE_TEST_SPLIT))
    content = write_comparison(folder.comparison, comparison, settings.gate or Gate.NONE)
    write_text(folder.comparison_markdown, comparison_markdown(content))
    record(context, comparison)
    context.screen.stage(
        "compare", "nothing: a dry run" if dry_run else "with the baseline" if other else "no baseline yet"
    )
    comparison_table(context.screen, comparison)
    return comparison


def done(context: Context) -> Comparison | None:
    """The comparison, when both of its files can be read."""
    try:
        written = read_text(context.folder.comparison_markdown).endswith("\n")
    except InputError:
        return None
    return whole_comparison(context.folder.comparison) if written else None


def whole_comparison(path: Path) -> Comparison | None:
    """Return what a comparison.json says; None when it is missing or cannot be read."""
    try:
        return read_comparison(path)
    except InputError:
        return None


def record(context: Context, comparison: Comparison) -> None:
    """Record the verdict."""
    said: dict[str, Any] = {"verdict": comparison.verdict, "path": str(context.folder.comparison)}
    if comparison.look is not None:  # kept here as well: what a series has lost is found in the records
        said["look"] = comparison.look.to_json()
    context.record.update(comparison=said)


STAGE = Stage("compare", run, done, record, doing="reading the records")


def gate_error(context: Context, results: Results) -> GateError | None:
    """Return the error of the comparison's gate, when it stops the command; the run itself stays complete."""
    gate, comparison = context.config.baseline.gate or Gate.NONE, results.get(Comparison)
    if comparison is None or comparison.passes(gate):
        return None
    spent = ("no look at the baseline is left",) if comparison.look and comparison.look.spent else ()
    reasons = "; ".join((str(comparison.verdict), *comparison.broken_guards, *spent))
    reasons += f". {USE_THE_TEST_SPLIT.rstrip('.')}" if USE_THE_TEST_SPLIT in comparison.notes else ""
    return GateError(f"the gate baseline.gate={gate} stops here: {reasons}")

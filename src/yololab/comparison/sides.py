"""Comparing what a user names: two runs, a run with its promoted baseline, or two groups of runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from yololab.comparison.arms import Arm, read_arms, refuse_seeds
from yololab.comparison.compare import compare_metrics
from yololab.comparison.evidence import Tell, in_silence
from yololab.comparison.multiplicity.primary_metrics import declared_metrics
from yololab.comparison.recipes import compare_groups, tell_of
from yololab.comparison.registration.registered import criteria_of, held_to_registration
from yololab.comparison.result import Comparison
from yololab.comparison.run_reference import RunReference, manifest_of, read_reference
from yololab.comparison.several import compare_arms_together
from yololab.config.measuring.evaluation import Definition, EvaluationConfig
from yololab.config.schema import BaselineConfig, GuardsConfig
from yololab.data.dataset.locate import dataset_name
from yololab.data.identity.manifest import describe_changes, manifest_changes, read_manifest
from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline, baseline_of, other_baselines
from yololab.files.looks import Look, candidate_of, no_look_left, take_look
from yololab.files.metrics import FOLDS, MetricsFile
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import broken_export
from yololab.statistics.inference.verdict import ALPHA

# Returns the numbers of a reference; one that has none is measured, on the data and under the protocol of the other.
Measure = Callable[[RunReference, RunReference], MetricsFile]


def compare_sides(
    names: Sequence[str],
    settings: BaselineConfig,
    tree: OutputTree,
    working_directory: Path,
    measure: Measure,
    group: str | None = None,
    tell: Tell = in_silence,
    definition: Definition = Definition.ULTRALYTICS,
    arms: int = 1,
    *,
    slices: Sequence[str] | None = None,
) -> Comparison:
    """Compare one or two named sides, or several with the last one.

    Args:
        names: Current, and the baseline; without it the promoted baseline of the same dataset and task is taken. Of
            more than two the last is the baseline.
        settings: Tolerance and guards.
        tree: The project's results, where promoted baselines lie.
        working_directory: Where relative paths start.
        measure: Returns the numbers of a side; a plain folder of Ultralytics, or a results file, is measured.
        group: What names the group of an image (`evaluation.group`); None takes what the evaluations say.
        tell: Told what is being done.
        definition: Whose AP the sides have.
        arms: How many arms share one α with this pair.
        slices: By what the images are told apart (`evaluation.slices`); None for what is usual.

    Raises:
        InputError: Something is missing, or the sides did not measure the same thing.
    """
    groups = [read_arms(name, working_directory) for name in names]
    if len(names) > 2:
        refuse_seeds([arm for arms in groups for arm in arms])
        measured: dict[Path, MetricsFile] = {}

        def once(reference: RunReference, other: RunReference) -> MetricsFile:
            if reference.path not in measured:
                measured[reference.path] = measure(reference, other)
            return measured[reference.path]

        pairs = [(name, names[-1]) for name in names[:-1]]
        compared = [
            compare_sides(
                pair,
                settings,
                tree,
                working_directory,
                once,
                group,
                tell_of(tell, place, len(pairs)),
                definition,
                len(pairs),
                slices=slices,
            )
            for place, pair in enumerate(pairs, 1)
        ]
        return compare_arms_together(names[:-1], compared)
    if all(len(arms) == 1 and not arms[0].several for arms in groups):
        runs = [arms[0].runs[0] for arms in groups]
        pair = _compare_runs(runs, settings, tree, working_directory, measure, group, slices, tell, arms)
        return _as_registered(pair, runs[:1], settings, group, definition)
    if len(groups) == 2 and len(groups[0]) > 1 and len(groups[1]) == 1 and all(map(_is_pooled, groups[0] + groups[1])):
        recipes = [str(arm.runs[0].path) for arm in groups[0]]
        return compare_sides([*recipes, names[1]], settings, tree, working_directory, measure, group, tell, definition)
    if len(groups) != 2:
        found = f"{sum(len(arm.runs) for arm in groups[0])} runs"
        raise InputError(Problem(names[0], found, "one run, or two groups", "name what to compare them with"))
    current, baseline = ([_measured(arm, measure) for arm in arms] for arms in groups)
    metrics = declared_metrics(settings, arms)
    comparison = compare_groups(current, baseline, settings.tolerance, group, tell, metrics)
    warnings = []
    if settings.guards != GuardsConfig():
        warnings.append("baseline.guards watch single runs: they were not held against these groups.")
    if slices:
        warnings.append("evaluation.slices are of single runs: compare two of them to see where they differ.")
    comparison = replace(comparison, warnings=(*comparison.warnings, *warnings))
    runs = [run for arm in current for run in arm.runs]
    return _as_registered(comparison, runs, settings, group, definition)


def _as_registered(
    comparison: Comparison,
    runs: Sequence[RunReference],
    settings: BaselineConfig,
    group: str | None,
    definition: Definition,
) -> Comparison:
    """Return a comparison that says where it goes by other values than its current runs have registered."""
    own = runs[0].metrics
    group = group or (own.group if own else None)
    used = criteria_of(settings, EvaluationConfig(definition=definition), comparison.primary_metric, group)
    used = replace(used, split=comparison.current.get("split"))
    return held_to_registration(comparison, [run.path for run in runs], used)


def _is_pooled(arm: Arm) -> bool:
    """Return whether an arm is one evaluation that was pooled over folds."""
    metrics = arm.runs[0].metrics
    return not arm.several and metrics is not None and FOLDS in metrics.content


def _measured(arm: Arm, measure: Measure) -> Arm:
    """Return an arm whose runs have numbers."""
    return replace(arm, runs=tuple(replace(run, metrics=measure(run, run)) for run in arm.runs))


def _compare_runs(
    sides: Sequence[RunReference],
    settings: BaselineConfig,
    tree: OutputTree,
    working_directory: Path,
    measure: Measure,
    group: str | None,
    slices: Sequence[str] | None,
    tell: Tell,
    arms: int,
) -> Comparison:
    """Compare one checkpoint with another, or with the promoted baseline."""
    current = measure(sides[0], sides[-1])
    look = None
    if len(sides) == 2:
        other = sides[1]
    else:
        promoted = promoted_baseline(sides[0], current, tree)
        look = _look_at(promoted, sides[0], current, settings.looks)
        other = read_reference(str(promoted.path), working_directory)
    baseline = measure(other, sides[0])
    changes = _data_changes(sides[0], other)
    try:
        comparison = compare_metrics(
            current,
            baseline,
            settings.tolerance,
            settings.guards,
            group=group,
            look=look,
            metrics=declared_metrics(settings, arms),
            slices=slices,
            tell=tell,
        )
    except InputError as error:
        reasons = [Problem("dataset, changed since the baseline", line) for line in changes]
        raise InputError([*error.problems, *reasons]) from None
    notes = (*comparison.notes, *(f"The dataset has changed: {line}." for line in changes))
    broken = [_broken_export(run, name) for run, name in ((sides[0], "the current model"), (other, "the baseline"))]
    return replace(comparison, notes=notes, warnings=(*comparison.warnings, *filter(None, broken)))


def _broken_export(reference: RunReference, side: str) -> str | None:
    """Return a warning where what would be shipped of a run is worse than what is compared."""
    run = RunFolder(reference.path)
    if not reference.path.is_dir() or not run.record.is_file():
        return None
    broken = broken_export(Record(run).read())
    return f"The export of {side} is broken, this compares checkpoints: {broken}" if broken else None


def _look_at(baseline: Baseline, side: RunReference, metrics: MetricsFile, declared: int | None) -> Look | None:
    """Return a candidate's look at the promoted baseline; None where no series was declared.

    Raises:
        InputError: None is left.
    """
    if declared is None:
        return None
    look = take_look(baseline, candidate_of(side.checkpoint, metrics.path), declared, ALPHA)
    if look is not None and look.spent:
        raise no_look_left(baseline, declared)
    return look


def _data_changes(current: RunReference, baseline: RunReference) -> list[str]:
    """Return what became of the dataset between two runs, a line a split; empty when that is not known."""
    ours, theirs = manifest_of(current), manifest_of(baseline)
    if ours is None or theirs is None:
        return []
    return describe_changes(manifest_changes(read_manifest(theirs), read_manifest(ours)))


def promoted_baseline(reference: RunReference, metrics: MetricsFile, tree: OutputTree) -> Baseline:
    """Return the promoted baseline of a run's dataset and task.

    Raises:
        InputError: The run does not name its dataset, or nothing was promoted.
    """
    dataset = dataset_of(reference, metrics)
    if dataset is None:
        found = "does not say which dataset it belongs to"
        raise InputError(Problem(str(reference.path), found, "compare CURRENT BASELINE", "name the baseline as well"))
    baseline = baseline_of(tree, dataset, metrics.task, metrics.fingerprint)
    if not baseline.exists():
        others = other_baselines(tree, dataset, metrics.task, metrics.fingerprint)[:3]
        found = "no baseline of this dataset and task" + "".join(
            f"{', ' if place else '; '}{other.path} is of other images or labels of it"
            for place, other in enumerate(others)
        )
        remedy = "promote a run (yololab promote RUN), or name what to compare with"
        raise InputError(Problem(str(baseline.path), found, "a promoted run of the same images and labels", remedy))
    return baseline


def dataset_of(reference: RunReference, metrics: MetricsFile) -> str | None:
    """Return the name of a reference's dataset; None when neither it nor its metrics say.

    Args:
        reference: A run, an evaluation, a plain folder of Ultralytics, …
        metrics: Its numbers.
    """
    if reference.dataset is not None:
        return reference.dataset
    data = reference.data or metrics.content.get("data")
    return dataset_name(None, Path(str(data))) if data else None

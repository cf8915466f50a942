"""The baseline of a run: where it is, whether it can be compared, and its numbers."""

from collections.abc import Mapping
from pathlib import Path

from yololab.comparison.comparability import comparability_problems
from yololab.comparison.run_reference import read_reference
from yololab.data.dataset.locate import BUILTIN
from yololab.data.labels.task_labels import model_classes
from yololab.errors import InputError
from yololab.files.baseline import Baseline, baseline_of, other_baselines
from yololab.files.looks import Look, candidate_of, looks_left, no_look_left, take_look
from yololab.files.metrics import MetricsFile
from yololab.files.paths import RunFolder
from yololab.job.context import Context
from yololab.job.measure import Measurement, make_protocol, measure_checkpoint
from yololab.job.prepare import Prepared
from yololab.statistics.inference.verdict import ALPHA
from yololab.ultralytics_adapter.models.resolve import ResolvedModel, resolve_model


def place_of_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> Baseline:
    """Return the place of this run's baseline."""
    print_of_split = fingerprints.get(context.config.evaluation.split.value)
    return baseline_of(prepared.paths.tree, prepared.dataset_name, prepared.task.name, print_of_split)


def run_of_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> RunFolder | None:
    """Return the run that the baseline comes from; None when that is not known, or the run is gone."""
    named = context.config.baseline.path
    if named is not None:
        folder = RunFolder((prepared.paths.working_directory / Path(named).expanduser()).resolve())
        return folder if folder.record.is_file() else None
    promoted = place_of_baseline(context, prepared, fingerprints)
    if not promoted.exists():
        return None
    return promoted.run()


def known_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> MetricsFile | None:
    """Return the numbers of the baseline; None when there is none, or when it is a checkpoint yet to be measured."""
    settings = context.config.baseline
    if settings.model is not None:
        return None
    if settings.path is not None:
        return read_reference(settings.path, prepared.paths.working_directory).metrics
    promoted = place_of_baseline(context, prepared, fingerprints)
    return promoted.metrics() if promoted.exists() else None


def why_no_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> str:
    """Return why there is no baseline to compare with, as the beginning of a sentence."""
    print_of_split = fingerprints.get(context.config.evaluation.split.value)
    others = other_baselines(prepared.paths.tree, prepared.dataset_name, prepared.task.name, print_of_split)
    if not others:
        return "There is no baseline for this dataset and task yet"
    builtin = context.config.data.source.startswith(BUILTIN)
    cause = "built-in data was drawn anew" if builtin else "the data has changed"
    names = ", ".join(other.path.parent.name for other in others[:3])
    return f"There is no baseline of these images and labels: that of {names} is of others, since {cause}"


def refuse_unlike_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> None:
    """Find out before the training whether its result can be compared with the baseline.

    Raises:
        InputError: The baseline is of another task, split, content, or of other classes; or `baseline.looks` are used.
    """
    other = known_baseline(context, prepared, fingerprints)
    model = context.config.baseline.model
    if model is not None:
        found = resolve_baseline(model, prepared)
        theirs = {str(index): str(name) for index, name in (found.names or {}).items()}
        other = MetricsFile(Path(model), {"task": found.task, "names": theirs})
    if other is None:
        return
    declared, promoted = context.config.baseline.looks, place_of_baseline(context, prepared, fingerprints)
    fresh = context.trial is None and context.previous is None
    if declared and fresh and promoted.exists() and not looks_left(promoted, declared, ALPHA):
        raise no_look_left(promoted, declared)
    protocol = make_protocol(context.config.evaluation, context.config.train, prepared.task)
    names = model_classes(prepared.dataset, prepared.task.name, protocol.single_cls)
    expected = MetricsFile(
        context.folder.metrics,
        {
            "task": prepared.task.name,
            "split": protocol.split,
            "dataset_fingerprint": fingerprints.get(protocol.split),
            "names": {str(index): name for index, name in names.items()},
            "protocol": {
                "single_cls": protocol.single_cls,
                "classes": None if protocol.classes is None else list(protocol.classes),
            },
        },
    )
    problems = comparability_problems(expected, other)
    if problems:
        raise InputError(problems)


def baseline_metrics(context: Context, prepared: Prepared, how: Measurement) -> MetricsFile | None:
    """Return the numbers to compare with; None when there is no baseline.

    A baseline that is a checkpoint is measured now, on this run's data and under its protocol.
    """
    known, settings = known_baseline(context, prepared, how.fingerprints), context.config.baseline
    named = settings.model
    if known is None and settings.path is not None:
        named = str(read_reference(settings.path, prepared.paths.working_directory).checkpoint)
    if known is not None or named is None:
        return known
    model = resolve_baseline(named, prepared)
    context.screen.detail(f"measuring the baseline {named} on the same data")
    return measure_checkpoint(Path(model.model), context.folder.baseline_evaluation, how)


def look_at_baseline(context: Context, prepared: Prepared, fingerprints: Mapping[str, str]) -> Look | None:
    """Return the run's look at the promoted baseline; None where no series was declared, and for a trial.

    A trial neither moves the baseline nor is held at its gate: what a sweep compares it corrects by itself.
    """
    declared, promoted = context.config.baseline.looks, place_of_baseline(context, prepared, fingerprints)
    if declared is None or context.trial is not None or not promoted.exists():
        return None
    return take_look(promoted, candidate_of(context.folder.best, context.folder.metrics), declared, ALPHA)


def resolve_baseline(named: str, prepared: Prepared) -> ResolvedModel:
    """Return the checkpoint that was named as the baseline."""
    return resolve_model(named, None, True, (prepared.paths.working_directory, prepared.paths.weights))

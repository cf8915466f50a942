"""The baseline of a job: where it is, whether it can be compared, and its numbers."""

from __future__ import annotations

from pathlib import Path

from yololab.comparison.comparability import comparability_problems
from yololab.comparison.run_reference import read_reference
from yololab.data.dataset.locate import BUILTIN
from yololab.data.labels.task_labels import model_classes
from yololab.errors import InputError
from yololab.files.baseline import BASELINE_VERSION, Baseline, baseline_of, other_baselines
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile
from yololab.files.paths import RunFolder
from yololab.job.context import Job
from yololab.job.measure import Surroundings, make_protocol, measure_checkpoint
from yololab.ultralytics_adapter.models.resolve import resolve_model


def place_of_baseline(job: Job) -> Baseline:
    """Return the place of this job's baseline."""
    split = job.config.evaluation.split.value
    return baseline_of(
        job.prepared.paths.tree, job.prepared.dataset_name, job.prepared.task.name, job.fingerprints.get(split)
    )


def run_of_baseline(job: Job) -> RunFolder | None:
    """Return the run that the baseline comes from; None when that is not known, or the run is gone."""
    if job.config.baseline.path is not None:
        folder = RunFolder(
            (job.prepared.paths.working_directory / Path(job.config.baseline.path).expanduser()).resolve()
        )
        return folder if folder.record.is_file() else None
    promoted = place_of_baseline(job)
    if not promoted.exists():
        return None
    origin = read_json(promoted.provenance, (BASELINE_VERSION,)).get("run")
    return RunFolder(Path(origin)) if origin and Path(origin).is_dir() else None


def known_baseline(job: Job) -> MetricsFile | None:
    """Return the numbers of the baseline; None when there is none, or when it is a checkpoint yet to be measured."""
    if job.config.baseline.model is not None:
        return None
    if job.config.baseline.path is not None:
        return read_reference(job.config.baseline.path, job.prepared.paths.working_directory).metrics
    promoted = place_of_baseline(job)
    return promoted.metrics() if promoted.exists() else None


def why_no_baseline(job: Job) -> str:
    """Return why there is no baseline to compare with, as the beginning of a sentence."""
    split, prepared = job.config.evaluation.split.value, job.prepared
    others = other_baselines(
        prepared.paths.tree, prepared.dataset_name, prepared.task.name, job.fingerprints.get(split)
    )
    if not others:
        return "There is no baseline for this dataset and task yet"
    cause = "built-in data was drawn anew" if job.config.data.source.startswith(BUILTIN) else "the data has changed"
    names = ", ".join(other.folder.parent.name for other in others[:3])
    return f"There is no baseline of these images and labels: that of {names} is of others, since {cause}"


def refuse_unlike_baseline(job: Job) -> None:
    """Find out before the training whether its result can be compared with the baseline.

    Raises:
        InputError: The baseline is of another task, split, content, or of other classes.
    """
    other = known_baseline(job)
    if job.config.baseline.model is not None:
        paths = job.prepared.paths
        found = resolve_model(job.config.baseline.model, None, True, (paths.working_directory, paths.weights))
        theirs = {str(index): str(name) for index, name in (found.names or {}).items()}
        other = MetricsFile(Path(job.config.baseline.model), {"task": found.task, "names": theirs})
    if other is None:
        return
    protocol = make_protocol(job.config.evaluation, job.config.train, job.prepared.task)
    names = model_classes(job.prepared.dataset, job.prepared.task.name, protocol.single_cls)
    expected = MetricsFile(
        job.folder.metrics,
        {
            "task": job.prepared.task.name,
            "split": protocol.split,
            "dataset_fingerprint": job.fingerprints.get(protocol.split),
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


def baseline_metrics(job: Job) -> MetricsFile | None:
    """Return the numbers to compare with; None when there is no baseline.

    A baseline that is a checkpoint is measured now, on this job's data and under its protocol.
    """
    known = known_baseline(job)
    named = job.config.baseline.model
    paths = job.prepared.paths
    if known is None and job.config.baseline.path is not None:
        named = str(read_reference(job.config.baseline.path, paths.working_directory).checkpoint)
    if known is not None or named is None:
        return known
    model = resolve_model(named, None, True, (paths.working_directory, paths.weights))
    job.screen.detail(f"measuring the baseline {named} on the same data")
    assert job.data_yaml is not None
    return measure_checkpoint(
        Path(model.model),
        job.prepared.dataset,
        job.data_yaml,
        job.prepared.task,
        make_protocol(job.config.evaluation, job.config.train, job.prepared.task),
        job.fingerprints,
        job.folder.baseline_evaluation,
        surroundings(job),
    )


def surroundings(job: Job) -> Surroundings:
    """Return where this job's measurements run."""
    device = job.config.device
    return Surroundings(device.id, device.threads, job.prepared.paths.cache, job.screen)

"""Measuring a plain `runs/*/*` folder of Ultralytics, to compare and promote it like a run of ours."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.comparison.run_reference import RunReference
from yololab.config.schema import ExperimentConfig
from yololab.config.train_arguments.arguments import read_argument
from yololab.data.checks.suitability import unsuitable_dataset
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import DATA_YAML, METRICS, RunFolder
from yololab.files.reading import read_yaml
from yololab.job.measure import Measurement, fingerprint_splits, make_protocol, measure_checkpoint
from yololab.job.prepare import isolate, prepare_dataset, project_paths
from yololab.tasks import task_named
from yololab.terminal.screen import Screen, shown_path
from yololab.ultralytics_adapter.models.resolve import resolve_model


def measure_plain_run(
    reference: RunReference,
    other: RunReference,
    experiment: ExperimentConfig,
    working_directory: Path,
    screen: Screen,
    scratch: Path,
) -> MetricsFile:
    """Evaluate the best checkpoint of a plain run; its own folder is not touched.

    Args:
        reference: The plain run.
        other: The other side of the comparison (or the same): where its data is taken when the run's is gone, and its
            image size, so that both are measured alike.
        experiment: Protocol, device and folders.
        working_directory: Where relative paths start.
        screen: Where to print.
        scratch: A folder for the resolved data.yaml.

    Raises:
        InputError: There is no data to measure on.
    """
    paths = project_paths(experiment, working_directory)
    isolate(paths)
    arguments = _arguments(reference)
    source = _first_existing(reference.data, other.data, working_directory)
    if source is None:
        raise InputError(
            Problem(
                f"{RunFolder(reference.path).args}, data",
                f"{reference.data!r} is not there",
                "the data.yaml that the run was trained on",
                "evaluate the checkpoint: yololab evaluate model=…/weights/best.pt data=…",
            )
        )
    experiment.data.source = source
    assert reference.checkpoint is not None
    model = resolve_model(str(reference.checkpoint), None, True, ())
    dataset, _ = prepare_dataset(experiment, paths, None, task=model.task)
    problems = unsuitable_dataset(dataset, model.task, bool(arguments.get("single_cls")))
    if problems:
        raise InputError(problems)
    used = {key: arguments[key] for key in ("imgsz", "single_cls", "classes") if arguments.get(key) is not None}
    train = replace(experiment.train, **{key: read_argument(key, value) for key, value in used.items()})
    task = task_named(model.task)
    protocol = make_protocol(experiment.evaluation, train, task)
    recorded = other.metrics.content.get("protocol") if other.metrics else None
    if isinstance(recorded, dict) and isinstance(recorded.get("imgsz"), int):
        protocol = replace(protocol, imgsz=recorded["imgsz"])
    screen.stage("evaluate", f"{shown_path(reference.checkpoint)} on {protocol.split}, {protocol.imgsz} px")
    how = Measurement(
        dataset,
        write_resolved_yaml(dataset, scratch / DATA_YAML, allow_download=False),
        task,
        protocol,
        fingerprint_splits(dataset, train, task.name),
        experiment.device,
        screen,
        alike=experiment.check.near_duplicate_distance if experiment.check.near_duplicates else None,
        cache=paths.cache,
        threshold=experiment.evaluation.threshold,
    )
    checkpoint = reference.checkpoint

    def fill(hidden: Path, _place: Path) -> None:
        measure_checkpoint(checkpoint, hidden, how)

    return read_metrics(new_named_folder(paths.tree.evaluation, reference.path.name, fill) / METRICS)


def _arguments(reference: RunReference) -> dict[str, Any]:
    """Return the args.yaml of a plain run, which `read_reference` has read before."""
    content = read_yaml(RunFolder(reference.path).args)
    return content if isinstance(content, dict) else {}


def _first_existing(own: str | None, other: str | None, working_directory: Path) -> str | None:
    """Return the first data.yaml that is there."""
    for source in (own, other):
        if source and ((working_directory / source).exists() or "/" not in source):
            return source
    return None

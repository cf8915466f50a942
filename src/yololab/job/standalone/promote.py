"""Making what was measured the baseline of its dataset and task: what `yololab promote` does."""

from contextlib import suppress
from pathlib import Path, PurePath

from yololab.comparison.run_reference import RunReference, read_reference
from yololab.comparison.sides import dataset_of
from yololab.comparison.thresholds.choosing import threshold_text, thresholds_of, write_thresholds
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline, baseline_of
from yololab.files.baseline import promote as promote_baseline
from yololab.files.metrics import MetricsFile
from yololab.files.paths import PREDICTIONS, THRESHOLDS, OutputTree, RunFolder, project_of
from yololab.files.record import Record
from yololab.files.record_content import broken_export
from yololab.job.checklist import checks_on_record
from yololab.job.standalone.compare import measured
from yololab.tasks import Direction
from yololab.terminal.screen import Screen
from yololab.text import number


def promote_model(
    path: Path, experiment: ExperimentConfig, working_directory: Path, screen: Screen
) -> tuple[Baseline, Path]:
    """Promote a run, an evaluation, or a plain folder of Ultralytics; earlier baselines are kept.

    Args:
        path: Its folder or metrics.json.
        experiment: `notes`, `export.accept_broken`, and the protocol for a plain folder of Ultralytics.
        working_directory: Where relative paths start.
        screen: Where to print.

    Returns:
        The baseline, and the folder of this version in its history.

    Raises:
        InputError: It cannot be read, does not say which dataset it belongs to, or its export is broken.
    """
    reference = read_reference(str(path), working_directory)
    run = RunFolder(reference.path)
    broken = broken_export(Record(run).read()) if reference.path.is_dir() and run.record.is_file() else None
    if broken and not experiment.export.accept_broken:
        remedy = "export it in another way, or promote it all the same: export.accept_broken=true"
        raise InputError(Problem(str(reference.path), f"its export is broken: {broken}", "an export as good", remedy))
    metrics = measured(reference, reference, experiment, working_directory, screen)
    name = dataset_of(reference, metrics)
    if name is None:
        remedy = (
            "compare with it directly (baseline.path=…), or evaluate its checkpoint: yololab evaluate model=… data=…"
        )
        raise InputError(Problem(str(reference.path), "does not say which dataset it belongs to", remedy=remedy))
    # A run belongs to the project that it lies in.
    tree = OutputTree.of_project(experiment.paths.root, working_directory)
    if not any(key.startswith("paths.") for key in experiment.overridden):
        tree = project_of(reference.path, tree) or tree
    for doubt in _doubts(reference, metrics):
        screen.warn(doubt)
    _choose_threshold(metrics, experiment, screen)
    baseline = baseline_of(tree, name, metrics.task, metrics.fingerprint)
    predictions = reference.predictions or metrics.path.parent / PREDICTIONS
    return baseline, promote_baseline(baseline, metrics, predictions, reference.path, experiment.notes)


def _choose_threshold(metrics: MetricsFile, experiment: ExperimentConfig, screen: Screen) -> None:
    """Have the operating threshold lie beside an evaluation that has none, or one by another rule than is asked for."""
    rule = experiment.evaluation.threshold if "evaluation.threshold" in experiment.overridden else None
    try:
        content = thresholds_of(metrics, rule)
    except InputError as error:
        if rule is not None:
            raise
        screen.detail(f"without an operating threshold: {error.problems[0].found}")
        return
    kept = metrics.path.parent / THRESHOLDS
    if not kept.is_file() or rule is not None:
        with suppress(PermissionError):  # in a folder of somebody else it is chosen when it is needed
            write_thresholds(kept.parent, content, metrics.content)
    screen.detail(threshold_text(content))


def _doubts(reference: RunReference, metrics: MetricsFile) -> list[str]:
    """Return what speaks against a baseline: what the checklist of the run says, and a result of nothing."""
    run, doubts = RunFolder(reference.path), []
    if reference.path.is_dir() and run.record.is_file():
        record = Record(run).read()
        failed = [check.check for check in checks_on_record(record) if check.passed is False]
        doubts += [f"its checklist failed at: {', '.join(failed)}"] if failed else []
        export = record.get("export")
        if export and not (run.weights / (name := PurePath(export["path"]).name)).exists():
            doubts.append(f"its export {name} is not there any more: the baseline keeps the checkpoint alone")
    value = metrics.value(metrics.primary.name)
    if value is not None and round(value, 4) == 0 and metrics.direction(metrics.primary) is Direction.HIGHER:
        doubts.append(f"its {metrics.primary.name} is {number(value)}: it finds nothing")
    return doubts

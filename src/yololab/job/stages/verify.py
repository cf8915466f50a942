"""The checklist after the training, recorded with its evidence; the export is made for it and tried."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from yololab.comparison.evidence import load_records
from yololab.comparison.result import Comparison
from yololab.config.schema import DryRun
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import key_root, write_resolved_yaml
from yololab.errors import InputError, JobError
from yololab.files.epochs import read_results
from yololab.files.paths import DATA_YAML
from yololab.files.reading import read_text
from yololab.job import checklist, usable
from yololab.job.checklist import Check
from yololab.job.context import Context, Results, Stage
from yololab.job.measure import make_protocol
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.evaluate import Evaluated
from yololab.job.stages.train import Trained
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.export.exporting import export_model
from yololab.ultralytics_adapter.export.parity import exported_outputs_differ
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.validation.evaluation import evaluate

_MARKS = {False: "[red]✗[/]", None: "[yellow]–[/]"}


@dataclass(frozen=True)
class Verified:
    """The checklist.

    Attributes:
        checks: Its items.
        dry_run: Whether a dry run was verified.
    """

    checks: tuple[Check, ...]
    dry_run: bool = False

    @property
    def failed(self) -> list[str]:
        """The names of the items that failed."""
        return [item.check for item in self.checks if item.passed is False]

    @property
    def text(self) -> str:
        """What the checklist says, as a sentence."""
        return f"The checklist failed at: {', '.join(self.failed)}." if self.failed else "The checklist passed."


def run(
    context: Context,
    prepared: Prepared,
    checked: Checked,
    trained: Trained,
    evaluated: Evaluated,
    comparison: Comparison,
) -> Verified:
    """Go through the checklist and record it with its evidence."""
    config, folder = context.config, context.folder
    losses = read_results(folder.results, validated=config.train.val).train_losses()
    measured = {metric.name: evaluated.metrics.value(metric.name) for metric in prepared.task.metrics}
    overfit = config.dry_run is DryRun.OVERFIT
    checks = (
        checklist.training_started(losses, trained.result.first_loss),
        checklist.batch_learnt(losses) if overfit else checklist.loss_decreased(losses),
        checklist.metrics_saved(folder.metrics, measured),
        exported(context, prepared),
        checklist.comparison_executed(comparison.verdict, folder.comparison),
        *(() if checked.inputs.rehearsal else usability(context, prepared, evaluated)),
    )
    record_checks(context, checks)
    show_checks(context.screen, checks)
    return Verified(checks, checked.inputs.rehearsal is not None)


def show_checks(screen: Screen, checks: Sequence[Check]) -> None:
    """Show what did not pass, with its evidence, and the names of what did; the log has the evidence of all."""
    passed = [item for item in checks if item.passed]
    screen.stage("verify", f"{len(passed)} of {len(checks)} passed: {', '.join(item.check for item in passed)}")
    for item in checks:
        if item.passed:
            screen.log(f"{item.check}: {item.evidence}")
        else:
            screen.mark(_MARKS[item.passed], f"{item.check}: {item.evidence}")


def usability(context: Context, prepared: Prepared, evaluated: Evaluated) -> tuple[Check, ...]:
    """Return the items that say whether the result is of any use; a dry run's is not meant to be."""
    metrics, task = evaluated.metrics, prepared.task
    records, tolerance = load_records(context.folder.predictions), context.config.baseline.tolerance
    start = usable.no_worse_than_start(metrics, prepared.model, prepared.dataset.names, task, tolerance)
    items = (usable.learnt_anything(metrics, records, task), usable.finds_anything(records), start)
    return tuple(item for item in items if item is not None)


def done(context: Context) -> Verified | None:
    """The checklist, when it is on record."""
    checks = checklist.checks_on_record(context.previous or {})
    return Verified(checks, context.config.dry_run is not DryRun.OFF) if checks else None


STAGE = Stage("verify", run, done)


def strict_error(context: Context, results: Results) -> JobError | None:
    """Return the error of a failed checklist when `verification.strict` asks for one; a dry run is made to ask."""
    verified = results.get(Verified)
    if verified is None or not verified.failed:
        return None
    failed = ", ".join(verified.failed)
    if verified.dry_run:
        return JobError(f"the dry run failed: {failed}; nothing long was started")
    if context.config.verification.strict:
        return JobError(f"verification failed: {failed} (verification.strict=true)")
    return None


def record_checks(context: Context, checks: Sequence[Check]) -> None:
    """Record the checklist."""
    passed = not any(item.passed is False for item in checks)  # what cannot be said does not fail
    context.record.update(verification={"passed": passed, "checks": [asdict(item) for item in checks]})


def exported(context: Context, prepared: Prepared) -> Check:
    """Export best.pt, run the export on validation images, and compare its raw outputs with the checkpoint's."""
    config, folder = context.config, context.folder
    asked_for = any(key.partition(".")[0] == "export" for key in config.overridden)
    if config.export.format is None or (context.trial is not None and not asked_for):
        return checklist.exported_model_works(None)
    options = {key: value for key, value in vars(config.export).items() if key not in ("format", "tolerance")}
    split, threads = config.evaluation.split.value, config.device.threads
    images = split_images(prepared.dataset, split)
    if folder.list_of(split).is_file():  # a dry run uses these alone
        images = [Path(line) for line in read_text(folder.list_of(split)).splitlines()]
    imgsz = config.evaluation.imgsz or config.train.imgsz
    try:
        doing = f"exporting to {config.export.format}, and trying it"
        with ultralytics_log(context.screen.line_of_ultralytics), context.screen.working("verify", doing):
            options |= {"imgsz": imgsz, "device": config.device.id}
            made = export_model(folder.best, format=config.export.format, options=options, threads=threads)
            tried = evenly(images, config.verification.images)
            found = exported_outputs_differ(folder.best, made.path, tried, imgsz=imgsz, threads=threads)
            maps = _maps(context, prepared, made.path, images)
    except (InputError, JobError) as error:
        return checklist.exported_model_works(config.export.format, str(error))
    context.record.update(export={"path": str(made.path), "format": made.format, "bytes": made.size_bytes})
    return checklist.exported_model_works(config.export.format, found, config.export.tolerance, maps)


def _maps(
    context: Context, prepared: Prepared, exported: Path, images: list[Path]
) -> tuple[str, int, float | None, float | None] | None:
    """Measure the primary metric of checkpoint and export on the same images, letterboxed to a square.

    The export takes them one by one; how many the checkpoint takes at once changes nothing of what it sees.

    Returns:
        The metric, the number of images, and the value of checkpoint and export; None when it is not asked for.
    """
    config, dataset = context.config, prepared.dataset
    wanted = config.verification.map_images
    chosen = images if wanted is None else evenly(images, wanted)
    if not chosen:
        return None
    asked = make_protocol(config.evaluation, config.train, prepared.task)
    protocol = replace(asked, rect=False, quantize=None, augment=False)
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch) / "images.txt"
        names.write_text("".join(f"{image}\n" for image in chosen), encoding="utf-8")
        data = write_resolved_yaml(dataset, Path(scratch) / DATA_YAML, False, {protocol.split: names})

        def value(model: Path) -> float | None:
            root, threads = key_root(dataset, data), config.device.threads
            with context.screen.counting("verify", f"images by {model.name}") as progress:
                how = replace(protocol, batch=protocol.batch if model == context.folder.best else 1)
                measured = evaluate(model, data, root, how, device="cpu", threads=threads, progress=progress)
            return measured.metrics[prepared.task.primary_metric]

        return prepared.task.primary_metric, len(chosen), value(context.folder.best), value(exported)


def evenly(images: Sequence[Path], count: int) -> list[Path]:
    """Return `count` images spread over all of them, all when there are no more.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if count >= len(images):
        return list(images)
    return [images[index * len(images) // count] for index in range(count)]

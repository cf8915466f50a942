"""The checklist after the training, recorded with its evidence; the export is made for it and tried."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from yololab.comparison.evidence import load_records
from yololab.comparison.result import Comparison
from yololab.config.schema import DryRun
from yololab.errors import JobError
from yololab.files.epochs import read_results
from yololab.job import checklist, usable
from yololab.job.checklist import Check
from yololab.job.context import Context, Results, Stage
from yololab.job.export.exported import exported
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.evaluate import Evaluated
from yololab.job.stages.train import Trained
from yololab.terminal.screen import Screen

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

"""The evaluation of best.pt, once, under the pinned protocol."""

from dataclasses import dataclass
from typing import Any

from yololab.comparison.selection.metric_names import FITNESS
from yololab.comparison.selection.optimism import curve_of
from yololab.config.checkpoint import Select
from yololab.files.metrics import MetricsFile
from yololab.job.context import Context, Stage
from yololab.job.measure import keep_newest, measure_checkpoint, measurement_of, whole_evaluation
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked, fingerprint_on_record
from yololab.job.stages.train import Trained, weights_error, weights_problem
from yololab.terminal.tables import threshold_lines


@dataclass(frozen=True)
class Evaluated:
    """What the evaluation measured.

    Attributes:
        metrics: The numbers.
    """

    metrics: MetricsFile


def run(context: Context, prepared: Prepared, checked: Checked, trained: Trained) -> Evaluated:
    """Measure best.pt.

    Raises:
        InputError: It is gone, or damaged.
    """
    folder, rehearsal = context.folder, checked.inputs.rehearsal
    how = measurement_of(context.config, prepared, checked.inputs.data_yaml, checked.fingerprints, context.screen)
    context.screen.stage("evaluate", f"{folder.best.name} on {how.protocol.split}, {how.protocol.imgsz} px")
    problem = weights_problem(folder)
    if problem is not None:
        raise weights_error(folder, problem)
    comparable = rehearsal is None and trained.result.comparable
    setup = trained.result.setup
    extra = {"comparable": comparable, "trained_precision": setup.get("precision"), "trained_speed": setup.get("speed")}
    extra["selection"] = chosen(context, trained, prepared.task.name)
    metrics = measure_checkpoint(
        folder.best,
        folder.evaluation,
        how,
        plots=folder.path if context.config.evaluation.plots else None,
        extra=extra | ({"dry_run": True} if rehearsal else {}),
    )
    evaluated = Evaluated(metrics)
    threshold_lines(context.screen, metrics)
    record(context, prepared, checked, trained, evaluated)
    return evaluated


def chosen(context: Context, trained: Trained, task: str) -> dict[str, Any]:
    """Return how best.pt was chosen, for whoever compares its numbers."""
    checkpoint, result = context.config.checkpoint, trained.result
    return {
        "metric": checkpoint.metric or FITNESS,
        "select": checkpoint.select.value if result.model_selection else Select.LAST.value,
        "epoch": result.best_epoch,
        "epochs": result.epochs_completed,
        "curve": list(curve_of(context.folder.results, task)) if result.model_selection else [],
    }


def done(context: Context) -> Evaluated | None:
    """The numbers and their records, when both can be read and are of this dataset."""
    metrics = whole_evaluation(context.folder.evaluation)
    same = metrics is not None and metrics.fingerprint == fingerprint_on_record(context)
    return Evaluated(metrics) if metrics is not None and same else None


def record(context: Context, prepared: Prepared, checked: Checked, trained: Trained, evaluated: Evaluated) -> None:
    """Record what was measured, and make it the newest evaluation."""
    metrics, primary = evaluated.metrics, prepared.task.primary_metric
    results = {
        f"best_{primary}": metrics.value(primary),
        "best_mAP50": metrics.value("mAP50"),
        "best_mAP50-95": metrics.value("mAP50-95"),
        "final_epoch": trained.result.epochs_completed,
    }
    measured = {metric.name: metrics.value(metric.name) for metric in prepared.task.metrics}
    about = {"metrics": str(context.folder.metrics), "split": context.config.evaluation.split.value}
    context.record.update(results=results, evaluation=about | measured)
    if context.trial is None and checked.inputs.rehearsal is None:
        keep_newest(metrics, prepared.paths.tree.newest_metrics)


STAGE = Stage("evaluate", run, done, record)

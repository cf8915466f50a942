"""Measuring the model, and holding it against its baseline."""

from __future__ import annotations

from dataclasses import replace

from yololab.comparison.compare import DRY_RUN_TEXT, compare_metrics
from yololab.comparison.comparison_file import write_comparison
from yololab.config.schema import Gate
from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.job.baselines import baseline_metrics, surroundings, why_no_baseline
from yololab.job.context import Job
from yololab.job.measure import keep_newest, make_protocol, measure_checkpoint
from yololab.report.comparison_markdown import comparison_markdown
from yololab.terminal.tables import comparison_table


def evaluate(job: Job) -> None:
    """Measure best.pt once, under the pinned protocol."""
    protocol = make_protocol(job.config.evaluation, job.config.train, job.prepared.task)
    job.screen.stage("evaluate", f"{job.folder.best.name} on {protocol.split}, {protocol.imgsz} px")
    if not job.folder.best.is_file():
        remedy = f"put the checkpoint back, or train anew: yololab rerun {job.folder.path}"
        raise InputError(Problem(str(job.folder.best), "is gone", "the checkpoint of the training", remedy))
    comparable = job.rehearsal is None and (job.training is None or job.training.comparable)
    assert job.data_yaml is not None
    job.metrics = measure_checkpoint(
        job.folder.best,
        job.prepared.dataset,
        job.data_yaml,
        job.prepared.task,
        protocol,
        job.fingerprints,
        job.folder.evaluation,
        surroundings(job),
        plots=job.folder.path if job.config.evaluation.plots else None,
        extra={"comparable": comparable} | ({"dry_run": True} if job.rehearsal else {}),
    )
    record_evaluation(job)


def record_evaluation(job: Job) -> None:
    """Record what was measured, and make it the newest evaluation."""
    assert job.metrics is not None
    primary = job.prepared.task.primary_metric
    results = {
        f"best_{primary}": job.metrics.value(primary),
        "best_mAP50": job.metrics.value("mAP50"),
        "best_mAP50-95": job.metrics.value("mAP50-95"),
        "final_epoch": job.training.epochs_completed if job.training else None,
    }
    measured = {metric.name: job.metrics.value(metric.name) for metric in job.prepared.task.metrics}
    evaluated = {"metrics": str(job.folder.metrics), "split": job.config.evaluation.split.value} | measured
    job.record.update(results=results, evaluation=evaluated)
    if not job.trial and job.rehearsal is None:
        keep_newest(job.metrics, job.prepared.paths.tree.newest_metrics)


def compare(job: Job) -> None:
    """Compare with the baseline: the named one, else the promoted one of this dataset and task."""
    assert job.metrics is not None
    other = None if job.rehearsal else baseline_metrics(job)
    settings = job.config.baseline
    job.comparison = compare_metrics(
        job.metrics, other, settings.tolerance, settings.guards, no_baseline=why_no_baseline(job)
    )
    if job.rehearsal is not None:
        job.comparison = replace(job.comparison, text=DRY_RUN_TEXT)
    content = write_comparison(job.folder.comparison, job.comparison, settings.gate or Gate.NONE)
    write_text(job.folder.comparison_markdown, comparison_markdown(content))
    record_comparison(job)
    against = "nothing: a dry run" if job.rehearsal else "with the baseline" if other else "no baseline yet"
    job.screen.stage("compare", against)
    comparison_table(job.screen, job.comparison)


def record_comparison(job: Job) -> None:
    """Record the verdict."""
    assert job.comparison is not None
    job.record.update(comparison={"verdict": job.comparison.verdict, "path": str(job.folder.comparison)})

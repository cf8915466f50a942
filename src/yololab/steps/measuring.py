"""Measuring the model, and holding it against its baseline."""

from __future__ import annotations

from pathlib import Path

from yololab.baseline import Baseline, baseline_of
from yololab.config.schema import Gate
from yololab.job import Job
from yololab.jsonfiles import write_json, write_text_atomically
from yololab.measuring import Surroundings, measure_checkpoint
from yololab.metricsfile import MetricsFile
from yololab.report.comparison import comparison_markdown
from yololab.stages.compare import COMPARISON_VERSION, compare_metrics
from yololab.stages.evaluate import make_protocol
from yololab.stages.operands import read_operand
from yololab.tables import comparison_table
from yololab.ultralytics_adapter.models import resolve_model


def evaluate(job: Job) -> None:
    """Measure best.pt once, under the pinned protocol."""
    protocol = make_protocol(job.config.evaluation, job.config.train, job.prepared.task)
    job.screen.stage("evaluate", f"{job.folder.best.name} on {protocol.split}, {protocol.imgsz} px")
    comparable = job.training is None or job.training.comparable
    job.metrics = measure_checkpoint(
        job.folder.best,
        job.prepared.dataset,
        job.folder.data,
        job.prepared.task,
        protocol,
        job.fingerprints,
        job.folder.evaluation,
        _surroundings(job),
        plots=job.folder.path if job.config.evaluation.plots else None,
        extra={"comparable": comparable},
    )
    results = {
        "best_mAP50": job.metrics.value("mAP50"),
        "best_mAP50-95": job.metrics.value("mAP50-95"),
        "final_epoch": job.training.epochs_completed if job.training else None,
    }
    measured = {metric.name: job.metrics.value(metric.name) for metric in job.prepared.task.metrics}
    evaluated = {"metrics": str(job.folder.metrics), "split": protocol.split} | measured
    job.record.update(results=results, evaluation=evaluated)
    if not job.trial:
        write_text_atomically(job.prepared.paths.tree.newest_metrics, job.folder.metrics.read_text(encoding="utf-8"))


def compare(job: Job) -> None:
    """Compare with the baseline: the named one, else the promoted one of this dataset and task."""
    assert job.metrics is not None
    other = _baseline_metrics(job)
    job.comparison = compare_metrics(job.metrics, other, job.config.baseline.tolerance)
    content = job.comparison.to_json(job.config.baseline.gate or Gate.NONE)
    write_json(job.folder.comparison, content, COMPARISON_VERSION)
    write_text_atomically(job.folder.comparison_markdown, comparison_markdown(content))
    job.record.update(comparison={"verdict": job.comparison.verdict, "path": str(job.folder.comparison)})
    job.screen.stage("compare", "with the baseline" if other else "no baseline yet")
    comparison_table(job.screen, job.comparison)


def place_of_baseline(job: Job) -> Baseline:
    """Return the place of this job's baseline."""
    split = job.config.evaluation.split.value
    return baseline_of(
        job.prepared.paths.tree, job.prepared.dataset_name, job.prepared.task.name, job.fingerprints.get(split)
    )


def _baseline_metrics(job: Job) -> MetricsFile | None:
    """Return the numbers to compare with: of the named baseline, else of the promoted one; None when there is none.

    A baseline that is a checkpoint is measured first, on this job's data and under its protocol.
    """
    named = job.config.baseline.path or job.config.baseline.model
    if named is None:
        promoted = place_of_baseline(job)
        return promoted.metrics() if promoted.exists() else None
    paths = job.prepared.paths
    if job.config.baseline.path:
        operand = read_operand(named, paths.working_directory)
        if operand.metrics is not None:
            return operand.metrics
        named = str(operand.checkpoint)
    model = resolve_model(named, None, True, (paths.working_directory, paths.weights))
    job.screen.detail(f"measuring the baseline {named} on the same data")
    return measure_checkpoint(
        Path(model.model),
        job.prepared.dataset,
        job.folder.data,
        job.prepared.task,
        make_protocol(job.config.evaluation, job.config.train, job.prepared.task),
        job.fingerprints,
        job.folder.baseline_evaluation,
        _surroundings(job),
    )


def _surroundings(job: Job) -> Surroundings:
    """Return where this job's measurements run."""
    device = job.config.device
    return Surroundings(device.id, device.threads, job.prepared.paths.cache, job.screen)

"""What each stage of the job does: it calls the stage's pure function, shows what came out, and records it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yololab.baseline import Baseline, baseline_of
from yololab.baseline import promote as promote_baseline
from yololab.config.differences import changed_settings
from yololab.config.door import training_arguments
from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import Gate, Promote
from yololab.data.checks import check_dataset
from yololab.data.index import split_images
from yololab.data.resolved import write_resolved_yaml
from yololab.errors import InputError, JobError, YololabError
from yololab.job import Job
from yololab.jsonfiles import write_json, write_text_atomically
from yololab.measuring import Surroundings, fingerprint_splits, measure_checkpoint
from yololab.metricsfile import MetricsFile
from yololab.provenance import git_diff, hardware
from yololab.report.comparison import comparison_markdown
from yololab.report.page import write_report
from yololab.runfolder import RunFolder
from yololab.screen import Screen, duration, number
from yololab.stages.approve import Answer, GateName, declined
from yololab.stages.check import DATASET_REPORT_VERSION, blocking_problems, show_findings
from yololab.stages.compare import COMPARISON_VERSION, Verdict, compare_metrics
from yololab.stages.estimate import estimate_cost
from yololab.stages.evaluate import make_protocol
from yololab.stages.operands import origin_of, read_operand
from yololab.stages.subset import training_images
from yololab.stages.verify import (
    Check,
    all_passed,
    comparison_executed,
    exported_model_works,
    loss_decreased,
    metrics_saved,
    training_started,
)
from yololab.tables import comparison_table
from yololab.ultralytics_adapter.export import export_model, exported_outputs_differ
from yololab.ultralytics_adapter.logs import ultralytics_log
from yololab.ultralytics_adapter.models import resolve_model
from yololab.ultralytics_adapter.probe import measure_training
from yololab.ultralytics_adapter.training import EpochReport, TrainRequest, TrainResult, read_results
from yololab.ultralytics_adapter.training import train as train_model

GROUP_ORDER = ("experiment", "model", "data", "hparams", "augmentation", "device", "approval", "export")
SHOWN_METRICS = ("mAP50", "mAP50-95")


def introduce(job: Job, command: Sequence[str]) -> None:
    """Show what was composed and what differs from the defaults; complete the record's first entry."""
    device = job.prepared.device
    chosen = [(group, job.choices[group]) for group in GROUP_ORDER if job.choices.get(group) not in (None, "None")]
    shown = "  ".join(f"{group}={job_value(job, group, option)}" for group, option in chosen)
    job.screen.stage("config", shown)
    for key, value, default in changed_settings(job.config):
        job.screen.detail(f"{key}: {value} (default {default})")
    job.screen.detail(f"device: {device.id} ({', '.join(device.names)})")
    job.screen.detail(f"run folder: {job.folder.path}")
    content = job.record.read()
    provenance = content["provenance"] | {
        "hardware": hardware(device.names if device.kind == "cuda" else ()),
        "command": list(command),
    }
    diff = git_diff(job.prepared.paths.working_directory)
    if diff:
        write_text_atomically(job.folder.git_diff, diff)
    job.record.update(
        task=job.prepared.task.name,
        provenance=provenance,
        model=asdict(job.prepared.model),
        dataset={"name": job.prepared.dataset_name, "source": str(job.prepared.dataset.yaml)},
    )


def job_value(job: Job, group: str, option: str) -> str:
    """Return what was chosen for a group, decoded when it is a file or a device."""
    free = {"model": job.config.model.weights, "data": job.config.data.source, "device": str(job.config.device.id)}
    return free[group] if option.startswith(FREE_PREFIX) else option


def check(job: Job) -> None:
    """Check structure and labels, fingerprint every split, and write the data.yaml that Ultralytics is given."""
    dataset = job.prepared.dataset
    job.report = check_dataset(dataset, job.prepared.task.name, single_cls=bool(job.config.train["single_cls"]))
    blocking = job.report.blocking
    show_findings(job.screen, job.prepared.dataset_name, job.report)
    write_json(job.folder.dataset_report, job.report.to_json(), DATASET_REPORT_VERSION)
    problems = {"blocking": len(blocking), "warnings": len(job.report.problems) - len(blocking)}
    summary: dict[str, Any] = {
        "name": job.prepared.dataset_name,
        "source": str(dataset.yaml),
        "counts": job.report.to_json()["splits"],
        "problems": problems,
    }
    job.record.update(dataset=summary)
    if blocking:
        raise blocking_problems(job.report, job.folder.dataset_report)
    train = job.config.train
    job.fingerprints = fingerprint_splits(dataset, train)
    job.record.update(dataset=summary | {"fingerprint": job.fingerprints})
    subset = training_images(dataset, job.prepared.task.name, job.config.data.subset, job.seed)
    if subset is not None:
        write_text_atomically(job.folder.subset, "".join(f"{image}\n" for image in subset))
        job.screen.detail(f"data.subset: {len(subset)} training images, drawn with seed {job.seed}")
    if train["fraction"] != 1.0:
        job.screen.warn("fraction takes the first images in the order of their names; data.subset draws at random")
    write_resolved_yaml(
        dataset,
        job.folder.data,
        job.config.data.allow_download,
        train=job.folder.subset if subset is not None else None,
    )
    job.request = TrainRequest(
        arguments=training_arguments(job.config) | {"data": str(job.folder.data)},
        model=job.prepared.model,
        save_dir=job.folder.path,
        threads=job.config.device.threads,
        cache=job.prepared.paths.cache,
    )


def _ask(job: Job, gate: GateName, question: str) -> Answer:
    """Put a gate's question, show and record the answer."""
    with job.stop.at_prompt():
        approval = job.gatekeeper.decide(gate, question, job.facts())
    job.record.add_approval(approval.to_json())
    job.screen.stage("approve", f"{gate}: {approval.answer} ({approval.by})")
    if approval.answer is Answer.NO and gate not in (GateName.PROMOTE,):
        raise declined(approval)
    return approval.answer


def approve_device_and_data(job: Job) -> None:
    """Ask before a CPU is used, and before a dataset with warnings is."""
    assert job.report is not None
    if job.prepared.device.kind == "cpu":
        epochs, imgsz = job.config.train["epochs"], job.config.train["imgsz"]
        images = job.report.splits["train"].images
        _ask(job, GateName.CPU, f"Train on the CPU? {epochs} epochs of {images} images at {imgsz} px.")
    warnings = [p for p in job.report.problems if p not in job.report.blocking]
    if warnings:
        _ask(
            job,
            GateName.DATASET,
            f"The dataset check has {len(warnings)} warnings (shown above). Train on it all the same?",
        )


def estimate(job: Job) -> None:
    """Time a few real batches and say what the job will cost."""
    assert job.request is not None
    assert job.report is not None
    config = job.config
    with ultralytics_log(job.screen.line_of_ultralytics):
        probe = measure_training(
            job.request, batches=config.estimate.batches, limit_seconds=config.estimate.limit_seconds
        )
    job.estimate = estimate_cost(
        probe,
        int(config.train["epochs"]),
        validate=bool(config.train["val"]),
        validation_images=job.report.splits["val"].images,
        evaluation_images=job.report.splits[config.evaluation.split.value].images,
        export=config.export.format is not None,
    )
    job.record.update(estimate=job.estimate.to_json())
    job.screen.stage(
        "estimate",
        f"{duration(job.estimate.seconds)} at most ({job.estimate.epochs} epochs of "
        f"{job.estimate.batches_per_epoch} batches, {job.estimate.seconds_per_batch:.3g} s each)",
    )


def approve_duration(job: Job) -> None:
    """Ask before a long training."""
    assert job.estimate is not None
    hours = job.config.approval.long_training_hours
    if job.estimate.training_seconds > hours * 3600:
        time_needed = duration(job.estimate.training_seconds)
        _ask(job, GateName.LONG, f"Training will take about {time_needed}, more than {hours:g} h. Start it?")


def train(job: Job) -> None:
    """Train, in the run's own folder."""
    assert job.request is not None
    epochs = int(job.config.train["epochs"])
    job.screen.stage("train", f"{epochs} epochs")
    job.record.update(model_path=str(job.folder.best))
    with (
        ultralytics_log(job.screen.line_of_ultralytics),
        job.screen.training(epochs) as progress,
        job.stop.waiting_for_batch(),
    ):

        def show(report: EpochReport) -> None:
            losses = [v for name, v in report.losses.items() if name.startswith("train/") and v is not None]
            numbers = {"loss": sum(losses) if losses else None}
            numbers |= {name: report.metrics.get(name) for name in SHOWN_METRICS}
            progress.epoch(report.epoch, report.epochs, numbers, report.seconds_left)

        result = train_model(job.request, show, job.stop)
        job.training = result
        job.record.update(
            effective_config={"values": dict(result.effective), "differences": differences_of(result)},
            training=result_of(result),
        )
    for warning in result.warnings:
        job.screen.warn(warning)
    for difference in result.differences:
        job.screen.detail(
            f"{difference.name}: {difference.requested} became {difference.effective} ({difference.reason})"
        )
    job.screen.detail(
        f"{result.epochs_completed} epochs in {duration(result.seconds)}, {result.stop_reason}"
        + ("" if result.model_selection else "; no model selection: best.pt is the last epoch (val=false)")
    )


def differences_of(result: TrainResult) -> list[dict[str, Any]]:
    """Return the arguments that were not used as requested, as they stand in the record."""
    return [
        {"key": item.name, "requested": item.requested, "effective": item.effective, "reason": item.reason}
        for item in result.differences
    ]


def result_of(result: TrainResult) -> dict[str, Any]:
    """Return what a training did, as it stands in the record; arguments and differences stand elsewhere there."""
    content = result.to_json()
    own = {key: result.effective.get(key) for key in ("lr0", "lrf", "momentum", "weight_decay")}
    content["optimizer"] = own | dict(result.optimizer)
    return {key: value for key, value in content.items() if key not in ("effective", "differences")}


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


def _baseline(job: Job) -> Baseline:
    """Return the place of this job's baseline."""
    split = job.config.evaluation.split.value
    return baseline_of(
        job.prepared.paths.tree, job.prepared.dataset_name, job.prepared.task.name, job.fingerprints.get(split)
    )


def _surroundings(job: Job) -> Surroundings:
    """Return where this job's measurements run."""
    device = job.config.device
    return Surroundings(device.id, device.threads, job.prepared.paths.cache, job.screen)


def _baseline_metrics(job: Job) -> MetricsFile | None:
    """Return the numbers to compare with: of the named baseline, else of the promoted one; None when there is none.

    A baseline that is a checkpoint is measured first, on this job's data and under its protocol.
    """
    named = job.config.baseline.path or job.config.baseline.model
    if named is None:
        promoted = _baseline(job)
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


def verify(job: Job) -> None:
    """Go through the checklist and record it with its evidence."""
    assert job.metrics is not None
    losses = read_results(job.folder.results, validated=bool(job.config.train["val"])).train_losses()
    measured = {metric.name: job.metrics.value(metric.name) for metric in job.prepared.task.metrics}
    job.checklist = [
        training_started(losses),
        loss_decreased(losses),
        metrics_saved(job.folder.metrics, measured),
        _exported(job),
        comparison_executed(job.comparison.verdict if job.comparison else None, job.folder.comparison),
    ]
    passed = all_passed(job.checklist)
    job.record.update(verification={"passed": passed, "checks": [item.to_json() for item in job.checklist]})
    job.screen.stage("verify", "")
    marks = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]–[/]"}
    for item in job.checklist:
        job.screen.show(f"{'':>9}  {marks[item.passed]} {item.check}: {item.evidence}")


def _exported(job: Job) -> Check:
    """Export best.pt, run the export on validation images, and compare its raw outputs with the checkpoint's."""
    config = job.config
    if config.export.format is None or (job.trial and "export" not in job.config.overridden):
        return exported_model_works(None)
    options = {key: value for key, value in asdict(config.export).items() if key not in ("format", "tolerance")}
    images = split_images(job.prepared.dataset, config.evaluation.split.value)[: config.verification.images]
    imgsz = config.evaluation.imgsz or int(config.train["imgsz"])
    try:
        with ultralytics_log(job.screen.line_of_ultralytics):
            exported = export_model(
                job.folder.best,
                format=config.export.format,
                options=options | {"imgsz": imgsz, "device": config.device.id},
                threads=config.device.threads,
                cache=job.prepared.paths.cache,
            )
            found = exported_outputs_differ(
                job.folder.best, exported.path, images, imgsz=imgsz, threads=config.device.threads
            )
    except (InputError, JobError) as error:
        return exported_model_works(config.export.format, error=str(error))
    job.record.update(export={"path": str(exported.path), "format": exported.format, "bytes": exported.size_bytes})
    return exported_model_works(
        config.export.format,
        error=found.reason or "",
        images=found.images,
        max_relative_difference=found.max_relative_difference,
        max_abs_difference=found.max_abs_difference,
        tolerance=config.export.tolerance,
        runtime=found.runtime,
    )


def check_strict(job: Job) -> YololabError | None:
    """Return the error of a failed checklist when `verification.strict` asks for one."""
    if not job.config.verification.strict or all_passed(job.checklist):
        return None
    failed = ", ".join(item.check for item in job.checklist if item.passed is False)
    return JobError(f"verification failed: {failed} (verification.strict=true)")


def accept(job: Job) -> None:
    """Ask before a result that is worse than the baseline is accepted."""
    if job.comparison is not None and job.comparison.verdict is Verdict.DEGRADED and not job.trial:
        _ask(job, GateName.WORSE, f"The result is worse than the baseline. {job.comparison.sentence} Accept it?")


def promote(job: Job) -> None:
    """Make the run the baseline, as `baseline.promote` says; by default a person is asked."""
    assert job.comparison is not None
    assert job.metrics is not None
    if job.trial:
        return
    verdict, when = job.comparison.verdict, job.config.baseline.promote
    better = verdict in (Verdict.IMPROVED, Verdict.NO_BASELINE)
    if when is Promote.ASK and verdict is not Verdict.DEGRADED:
        wanted = _ask(job, GateName.PROMOTE, "Make this run the baseline?") is Answer.YES
    else:
        wanted = when is Promote.ALWAYS or (when is Promote.IF_IMPROVED and better)
    if wanted:
        baseline = _baseline(job)
        target = promote_baseline(baseline, job.metrics, job.folder.predictions, origin_of(job.folder))
        job.promoted = str(baseline.folder)
        job.record.update(promoted={"path": str(target), "verdict": verdict})
        job.screen.stage("promote", f"now the baseline: {baseline.folder}")


def report(folder: RunFolder, screen: Screen, *, enabled: bool) -> None:
    """Write report.html; a page that cannot be written does not cost the run."""
    if not enabled:
        return
    try:
        write_report(folder.path)
    except (OSError, InputError) as error:
        screen.warn(f"report.html was not written: {error}")


def summarise(job: Job) -> None:
    """Record how long it really took, and say where everything is."""
    content = job.record.read()
    if job.estimate is not None:
        after = ("train", "evaluate", "verify")
        actual = sum(seconds for stage, seconds in content["timings"].items() if stage in after)
        job.record.update(estimate=content["estimate"] | {"actual_seconds": round(actual, 1)})
    if job.metrics is not None:
        values = "  ".join(f"{m.name} {number(job.metrics.value(m.name))}" for m in job.prepared.task.metrics)
        job.screen.stage("result", values)
    places = (
        ("weights", job.folder.best),
        ("metrics", job.folder.metrics),
        ("record", job.folder.record),
        ("report", job.folder.report),
        ("log", job.folder.log),
    )
    for name, path in places:
        if path.exists():
            job.screen.detail(f"{name}: {_shown(path)}")


def _shown(path: Path) -> str:
    """Write a path below the working directory relative to it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""After the training: the checklist, whether the result is accepted and promoted, the report, the last words."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from yololab.comparison.comparability import names_protocol_difference
from yololab.comparison.run_reference import origin_of
from yololab.config.schema import DryRun, Promote
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import key_root, write_resolved_yaml
from yololab.errors import InputError, JobError, YololabError
from yololab.files.baseline import promote as promote_baseline
from yololab.files.epochs import read_results
from yololab.files.paths import RunFolder
from yololab.job.baselines import place_of_baseline
from yololab.job.context import Job
from yololab.job.gatekeeper import Answer, Approval, GateName, declined
from yololab.job.gates import ask_gate
from yololab.job.measure import make_protocol
from yololab.job.stages.verify import (
    Check,
    all_passed,
    batch_learnt,
    comparison_executed,
    exported_model_works,
    loss_decreased,
    metrics_saved,
    training_started,
)
from yololab.report.page import write_report
from yololab.statistics.inference.verdict import Verdict
from yololab.terminal.screen import Screen
from yololab.text import duration, number
from yololab.ultralytics_adapter.export.exporting import export_model, exported_outputs_differ
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.validation.evaluation import evaluate


def verify(job: Job) -> None:
    """Go through the checklist and record it with its evidence."""
    assert job.metrics is not None
    losses = read_results(job.folder.results, validated=job.config.train.val).train_losses()
    measured = {metric.name: job.metrics.value(metric.name) for metric in job.prepared.task.metrics}
    overfit = job.config.dry_run is DryRun.OVERFIT
    job.checklist = [
        training_started(losses, job.training.first_loss if job.training else None),
        batch_learnt(losses) if overfit else loss_decreased(losses),
        metrics_saved(job.folder.metrics, measured),
        exported(job),
        comparison_executed(job.comparison.verdict if job.comparison else None, job.folder.comparison),
    ]
    passed = all_passed(job.checklist)
    job.record.update(verification={"passed": passed, "checks": [item.to_json() for item in job.checklist]})
    job.screen.stage("verify", "")
    marks = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]–[/]"}
    for item in job.checklist:
        job.screen.show(f"{'':>9}  {marks[item.passed]} {item.check}: {item.evidence}")


def exported(job: Job) -> Check:
    """Export best.pt, run the export on validation images, and compare its raw outputs with the checkpoint's."""
    config = job.config
    if config.export.format is None or (job.trial and not _asked_for(job, "export")):
        return exported_model_works(None)
    options = {key: value for key, value in asdict(config.export).items() if key not in ("format", "tolerance")}
    split = config.evaluation.split.value
    assert job.data_yaml is not None
    listed = job.folder.list_of(split)
    images = split_images(job.prepared.dataset, split)
    if listed.is_file():
        images = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    imgsz = config.evaluation.imgsz or config.train.imgsz
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
                job.folder.best,
                exported.path,
                evenly(images, config.verification.images),
                imgsz=imgsz,
                threads=config.device.threads,
            )
            maps = _maps(job, exported.path, images)
    except (InputError, JobError) as error:
        return exported_model_works(config.export.format, error=str(error))
    job.record.update(export={"path": str(exported.path), "format": exported.format, "bytes": exported.size_bytes})
    return exported_model_works(
        config.export.format,
        reason=found.reason or "",
        images=found.images,
        max_relative_difference=found.max_relative_difference,
        max_abs_difference=found.max_abs_difference,
        tolerance=config.export.tolerance,
        runtime=found.runtime,
        maps=maps,
    )


def _maps(job: Job, exported: Path, images: list[Path]) -> tuple[str, int, float | None, float | None] | None:
    """Measure the primary metric of checkpoint and export on the same images, one by one and letterboxed to a square.

    Returns:
        The metric, the number of images, and the value of checkpoint and export; None when it is not asked for.
    """
    config = job.config
    wanted = config.verification.map_images
    chosen = images if wanted is None else evenly(images, wanted)
    if not chosen:
        return None
    asked = make_protocol(config.evaluation, config.train, job.prepared.task)
    protocol = replace(asked, rect=False, batch=1, quantize=None, augment=False)
    metric = job.prepared.task.primary_metric
    values = []
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch) / "images.txt"
        names.write_text("".join(f"{image}\n" for image in chosen), encoding="utf-8")
        data = write_resolved_yaml(job.prepared.dataset, Path(scratch) / "data.yaml", False, {protocol.split: names})
        for model in (job.folder.best, exported):
            measured = evaluate(
                model,
                data,
                key_root(job.prepared.dataset, data),
                protocol,
                device="cpu",
                threads=config.device.threads,
                cache=job.prepared.paths.cache,
            )
            values.append(measured.metrics[metric])
    return metric, len(chosen), values[0], values[1]


def evenly(images: Sequence[Path], count: int) -> list[Path]:
    """Return `count` images spread over all of them, all when there are no more.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if count >= len(images):
        return list(images)
    return [images[index * len(images) // count] for index in range(count)]


def _asked_for(job: Job, group: str) -> bool:
    """Return whether the user set the group, or one of its keys."""
    return any(key == group or key.startswith(f"{group}.") for key in job.config.overridden)


def check_strict(job: Job) -> YololabError | None:
    """Return the error of a failed checklist when `verification.strict` asks for one; a dry run is made to ask."""
    if all_passed(job.checklist) or not (job.config.verification.strict or job.rehearsal is not None):
        return None
    failed = ", ".join(item.check for item in job.checklist if item.passed is False)
    if job.rehearsal is not None:
        return JobError(f"the dry run failed: {failed}; nothing long was started")
    return JobError(f"verification failed: {failed} (verification.strict=true)")


def accept(job: Job) -> None:
    """Ask before a result that is worse than the baseline is accepted."""
    if job.comparison is not None and job.comparison.verdict is Verdict.DEGRADED and not job.trial:
        before = _answer_before(job, GateName.WORSE)
        if before is not None and before["answer"] == Answer.NO and job.gatekeeper.asks_nobody(GateName.WORSE):
            raise declined(Approval(GateName.WORSE, before["facts"], Answer.NO, before["by"], before["time"]))
        ask_gate(job, GateName.WORSE, f"The result is worse than the baseline. {job.comparison.text} Accept it?")


def promote(job: Job) -> None:
    """Make the run the baseline, as `baseline.promote` says; by default a person is asked."""
    assert job.comparison is not None
    assert job.metrics is not None
    if job.trial or job.rehearsal is not None:
        return
    before = _answer_before(job, GateName.PROMOTE)
    if before is not None and before["answer"] == Answer.NO and before["by"].startswith("user:"):
        return  # nobody is asked twice
    verdict, when = job.comparison.verdict, job.config.baseline.promote
    failed = [item.check for item in job.checklist if item.passed is False]
    if failed and job.config.verification.strict:
        return
    if when is Promote.ASK and verdict is not Verdict.DEGRADED:
        but = f" It failed at: {', '.join(failed)}." if failed else ""
        wanted = ask_gate(job, GateName.PROMOTE, f"Make this run the baseline?{but}") is Answer.YES
    else:
        wanted = when is Promote.ALWAYS or (when is Promote.IF_IMPROVED and _is_better(job, failed))
    if wanted:
        baseline = place_of_baseline(job)
        target = promote_baseline(baseline, job.metrics, job.folder.predictions, origin_of(job.folder))
        job.record.update(promoted={"path": str(target), "verdict": verdict})
        job.screen.stage("promote", f"now the baseline: {baseline.folder}")


def _is_better(job: Job, failed: Sequence[str]) -> bool:
    """Return whether a run may take the baseline's place by itself; what stands in the way of a better one is told."""
    assert job.comparison is not None
    if job.comparison.verdict not in (Verdict.IMPROVED, Verdict.NO_BASELINE) or job.comparison.broken_guards:
        return False
    reasons = [f"failed: {check}" for check in failed]
    if names_protocol_difference(job.comparison.warnings):
        reasons.append("the baseline was measured under another protocol")
    if reasons:
        job.screen.warn(f"not promoted ({'; '.join(reasons)}); to do it all the same: yololab promote RUN")
    return not reasons


def _answer_before(job: Job, gate: GateName) -> Mapping[str, Any] | None:
    """Return the last answer of an earlier attempt at a gate; None when there was none."""
    answers = [item for item in (job.earlier or {}).get("approvals", ()) if item["gate"] == gate]
    return answers[-1] if answers else None


def report(folder: RunFolder, screen: Screen, *, enabled: bool) -> None:
    """Write report.html; a page that cannot be written does not cost the run."""
    if not enabled:
        return
    try:
        write_report(folder.path)
    except Exception as error:  # whatever a page meets, the run itself is done and recorded
        screen.log(traceback.format_exc())
        screen.warn(f"report.html was not written: {error}")


def record_duration(job: Job) -> None:
    """Record how long the job really took, beside what was estimated."""
    content = job.record.read()
    if not content.get("estimate"):
        return
    after = ("train", "evaluate", "verify")
    actual = sum(seconds for stage, seconds in content["timings"].items() if stage in after)
    job.record.update(estimate=content["estimate"] | {"actual_seconds": round(actual, 1)})


def summarise(job: Job) -> None:
    """Show the result, and say where everything is."""
    if job.metrics is not None:
        values = "  ".join(f"{m.name} {number(job.metrics.value(m.name))}" for m in job.prepared.task.metrics)
        job.screen.stage("result", values)
    if job.rehearsal is not None and job.estimate is not None and job.checklist and all_passed(job.checklist):
        job.screen.stage("dry run", f"every stage works; the whole job: {duration(job.estimate.seconds)} at most")
    places = (
        ("weights", job.folder.best),
        ("metrics", job.folder.metrics),
        ("record", job.folder.record),
        ("report", job.folder.report),
        ("log", job.folder.log),
    )
    for name, path in places:
        if path.exists():
            job.screen.detail(f"{name}: {shown(path)}")


def shown(path: Path) -> str:
    """Write a path below the working directory relative to it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""Asking once for all trials: what the parent found, what was answered, and how a trial learns of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yololab.data.checks.cached_check import check_key, save_check
from yololab.data.checks.check_report import CheckReport
from yololab.data.checks.dataset_check import check_dataset
from yololab.errors import ApprovalError, JobError
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import existing_folder
from yololab.files.record import Status, now
from yololab.job.dry_estimate import estimate_from, probe_experiment
from yololab.job.gatekeeper import Answer, Approval, Gatekeeper, GateName, declined
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.stages.check import check_settings, refuse_blocking, show_findings
from yololab.job.stages.estimate import EXPORT_SECONDS
from yololab.sweep.planning.plan import PlannedTrial
from yololab.sweep.state import APPROVALS_VERSION, SweepFolder
from yololab.terminal.screen import Screen, counted, duration
from yololab.ultralytics_adapter.probe.timing import Probe

CHECKS = ".checks"
# What a trial takes beside its job: a process, Python, PyTorch, its folder; on the machines that we measured.
TRIAL_SECONDS = 6.0
# Arguments that change what a batch costs.
_COST = ("imgsz", "batch", "amp", "cache", "compile", "mosaic", "multi_scale", "freeze", "rect", "workers")


@dataclass(frozen=True)
class Agreement:
    """What the parent knows before the first trial.

    Attributes:
        approvals: The answers at the gates.
        estimates: The expected cost of each trial, as it stands in a record; None of one that could not be timed.
        checks: The dataset checks, each once, by the names under which trials look for them.
    """

    approvals: tuple[Approval, ...]
    estimates: tuple[dict[str, Any] | None, ...]
    checks: Mapping[str, CheckReport] = field(default_factory=dict)


def agree(
    trials: Sequence[PlannedTrial],
    prepared: Sequence[Prepared],
    gatekeeper: Gatekeeper | None,
    screen: Screen,
    *,
    planned: int,
    parallel: int,
    elsewhere: str | None = None,
    approvals: list[Approval] | None = None,
) -> Agreement:
    """Check each dataset, estimate each trial, and ask at every gate that any trial would meet.

    Args:
        trials: The trials, or when a sampler chooses them, some that span its space.
        prepared: Dataset, model and device of each.
        gatekeeper: Who answers; None asks nobody, when only the estimate is wanted.
        screen: Where to print.
        planned: How many trainings there will be at most.
        parallel: How many run at once.
        elsewhere: The engine whose other machines they run on; None: they run here, and can be timed.
        approvals: Takes each answer as it is given, also the one that ends it.

    Raises:
        InputError: A dataset has a problem that blocks a training.
        ApprovalError: Somebody declined, or nobody was there to ask.
    """
    approvals = [] if approvals is None else approvals
    checks = _check_datasets(trials, prepared, screen)
    names = dict.fromkeys(item.dataset_name for item in prepared)
    machines = dict.fromkeys(name for item in prepared for name in item.device.names)
    about = {"trials": planned, "datasets": list(names), "devices": list(machines)}
    about["images"] = [{split: found.images for split, found in report.splits.items()} for report in checks.values()]

    def ask(gate: GateName, question: str, **facts: Any) -> None:
        if gatekeeper is None:
            return
        try:
            approval = gatekeeper.decide(gate, question, {**about, **facts})
        except ApprovalError:
            approvals.append(Approval(gate, {**about, **facts}, Answer.UNANSWERED, "nobody", now()))
            raise
        approvals.append(approval)
        screen.stage("approve", f"{gate}: {approval.answer} ({approval.by})")
        if approval.answer is Answer.NO:
            raise declined(approval)

    warnings = sum(len(report.warnings) for report in checks.values())
    share = planned / len(trials)
    epochs = round(share * sum(trial.experiment.train.epochs for trial in trials))
    if any(item.device.kind == "cpu" for item in prepared):
        amount = f"{counted(planned, 'trial')} on the CPU, {counted(epochs, 'epoch')} in all"
        sizes = " or ".join(f"{report.splits['train'].images:,}" for report in checks.values())
        question = f"Train {amount}? On {', '.join(names)} ({sizes} training images), on {', '.join(machines)}."
        ask(GateName.CPU, question, epochs=epochs)
    if warnings:
        found = counted(warnings, "warning")
        question = f"The dataset check of {', '.join(names)} has {found} (shown above). Train on it all the same?"
        ask(GateName.DATASET, question, warnings=warnings)
    if elsewhere is not None:
        screen.stage("estimate", f"none: the trials run on machines of {elsewhere}, not on this one")
        question = (
            f"How long {planned} trials will take on {elsewhere}, {parallel} at a time, is not known. Start them?"
        )
        ask(GateName.LONG, question, epochs=epochs)
        return Agreement(tuple(approvals), (), checks)
    estimates = _estimate(trials, prepared, screen)
    known = [estimate for estimate in estimates if estimate is not None]
    at_once = max(1, min(parallel, planned))
    seconds = share * sum(estimate["training_seconds"] for estimate in known) / at_once
    whole = share * sum(estimate["seconds"] + TRIAL_SECONDS for estimate in known) / at_once
    whole += max((_of_winner(estimate, trials[0]) for estimate in known), default=0.0)
    together = f", {at_once} at a time" if at_once > 1 else ""
    screen.stage("estimate", f"{duration(whole)} at most for all {counted(planned, 'trial')}{together}")
    free = shutil.disk_usage(existing_folder(prepared[0].paths.tree.multirun)).free
    needed = share * sum(estimate["disk_bytes"] for estimate in known)
    if needed > free:
        screen.warn(f"the trials will write about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free")
    hours = trials[0].experiment.approval.long_training_hours
    if seconds > hours * 3600:
        question = f"The trials will take about {duration(seconds)}, more than {hours:g} h. Start them?"
        ask(GateName.LONG, question, estimated_seconds=seconds)
    return Agreement(tuple(approvals), tuple(estimates), checks)


def _of_winner(estimate: Mapping[str, Any], trial: PlannedTrial) -> float:
    """Return the seconds that a trial takes when it has won: the test split, the export, and the mAP of both sides."""
    evaluation = float(estimate["evaluation_seconds"])
    return evaluation + (EXPORT_SECONDS + 2 * evaluation if trial.experiment.export.format is not None else 0.0)


def _check_datasets(
    trials: Sequence[PlannedTrial], prepared: Sequence[Prepared], screen: Screen
) -> dict[str, CheckReport]:
    """Check each distinct dataset once."""
    checks: dict[str, CheckReport] = {}
    for trial, item in zip(trials, prepared, strict=True):
        single = trial.experiment.train.single_cls
        needed = needed_splits(trial.experiment)
        imgsz = trial.experiment.train.imgsz
        settings = check_settings(trial.experiment.check, imgsz, item.paths.cache)
        key = check_key(item.dataset, item.task.name, single, needed, settings)
        if key in checks:
            continue
        with screen.counting("images") as progress:
            report = check_dataset(
                item.dataset, item.task.name, progress=progress, single_cls=single, needed=needed, settings=settings
            )
        show_findings(screen, item.dataset_name, report)
        refuse_blocking(report)
        checks[key] = report
    return checks


def _estimate(
    trials: Sequence[PlannedTrial], prepared: Sequence[Prepared], screen: Screen
) -> list[dict[str, Any] | None]:
    """Estimate each trial; what differs in neither model, data, image size, batch nor device is timed once."""
    probes: dict[tuple[Any, ...], Probe | None] = {}
    estimates: list[dict[str, Any] | None] = []
    for trial, item in zip(trials, prepared, strict=True):
        experiment, train = trial.experiment, trial.experiment.train
        size = (experiment.data.subset, train.fraction)
        key = (item.model.model, item.dataset.yaml, size, item.device.id, str([getattr(train, name) for name in _COST]))
        if key not in probes:
            probes[key] = _probe(trial, item, screen)
        probe = probes[key]
        estimates.append(
            None if probe is None else estimate_from(probe, experiment, item, export=False, warm=False).to_json()
        )
    return estimates


def _probe(trial: PlannedTrial, prepared: Prepared, screen: Screen) -> Probe | None:
    """Time a trial's first batches; one that fails already there will be a failed trial, and does not end the sweep."""
    try:
        return probe_experiment(trial.experiment, prepared, screen)
    except JobError as error:
        screen.warn(f"trial {trial.number} cannot be estimated: {error}")
        return None


def save_agreement(sweep: Path, agreement: Agreement) -> None:
    """Write what the parent found and was answered into the sweep's folder."""
    approvals = [approval.to_json() for approval in agreement.approvals]
    write_json(
        SweepFolder(sweep).approvals, {"approvals": approvals, "estimates": agreement.estimates}, APPROVALS_VERSION
    )
    for key, report in agreement.checks.items():
        save_check(sweep / CHECKS / key, report)


def save_rejected(sweep: Path, approvals: Sequence[Approval]) -> None:
    """Write into the folder of a sweep that somebody declined, or that nobody was there to approve, what was asked."""
    content = {"status": Status.REJECTED, "approvals": [approval.to_json() for approval in approvals]}
    write_json(SweepFolder(sweep).approvals, content, APPROVALS_VERSION)


def answered_by_parent(sweep: Path) -> dict[str, str]:
    """Return, for each gate that the parent passed, who answered there."""
    answers: list[dict[str, Any]] = _read(sweep).get("approvals", [])
    return {str(item["gate"]): f"sweep, {item['by']}" for item in answers if item["answer"] == Answer.YES}


def estimated_by_parent(sweep: Path, number: int) -> dict[str, Any] | None:
    """Return the estimate of a trial; None when the parent made none."""
    estimates = _read(sweep).get("estimates", [])
    return estimates[number] if number < len(estimates) else None


def _read(sweep: Path) -> dict[str, Any]:
    """Return the parent's file; empty when there is none."""
    path = SweepFolder(sweep).approvals
    return read_json(path, (APPROVALS_VERSION,)) if path.is_file() else {}

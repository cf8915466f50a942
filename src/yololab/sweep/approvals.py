"""Asking once for all trials: what the parent found, what was answered, and how a trial learns of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yololab.data.check_report import CheckReport
from yololab.data.checks import check_dataset
from yololab.data.kept_check import check_key, keep_check
from yololab.errors import JobError
from yololab.estimating import estimate_from, probe_experiment
from yololab.jsonfiles import read_json, write_json
from yololab.preparation import Prepared, needed_splits
from yololab.runfolder import existing_folder
from yololab.screen import Screen, duration
from yololab.stages.approve import Answer, Approval, Gatekeeper, GateName, declined
from yololab.stages.check import check_settings, refuse_blocking, show_findings
from yololab.sweep.plan import PlannedTrial
from yololab.ultralytics_adapter.probe import Probe

APPROVALS_VERSION = 1
APPROVALS = "approvals.json"
CHECKS = ".checks"
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
    gatekeeper: Gatekeeper,
    screen: Screen,
    *,
    planned: int,
    parallel: int,
    elsewhere: str | None = None,
) -> Agreement:
    """Check each dataset, estimate each trial, and ask at every gate that any trial would meet.

    Args:
        trials: The trials, or when a sampler chooses them, some that span its space.
        prepared: Dataset, model and device of each.
        gatekeeper: Who answers.
        screen: Where to print.
        planned: How many trainings there will be at most.
        parallel: How many run at once.
        elsewhere: The engine whose other machines they run on; None: they run here, and can be timed.

    Raises:
        InputError: A dataset has a problem that blocks a training.
        ApprovalError: Somebody declined, or nobody was there to ask.
    """
    approvals: list[Approval] = []

    def ask(gate: GateName, question: str, **facts: Any) -> None:
        approval = gatekeeper.decide(gate, question, {"trials": planned, **facts})
        screen.stage("approve", f"{gate}: {approval.answer} ({approval.by})")
        if approval.answer is Answer.NO:
            raise declined(approval)
        approvals.append(approval)

    checks = _check_datasets(trials, prepared, screen)
    warnings = sum(len(report.warnings) for report in checks.values())
    share = planned / len(trials)
    epochs = round(share * sum(int(trial.experiment.train["epochs"]) for trial in trials))
    if any(item.device.kind == "cpu" for item in prepared):
        ask(GateName.CPU, f"Train {planned} trials on the CPU, {epochs} epochs in all?", epochs=epochs)
    if warnings:
        ask(
            GateName.DATASET, f"The dataset check has {warnings} warnings. Train on it all the same?", warnings=warnings
        )
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
    whole = share * sum(estimate["seconds"] for estimate in known) / at_once
    together = f", {at_once} at a time" if at_once > 1 else ""
    screen.stage("estimate", f"{duration(whole)} at most for all {planned} trials{together}")
    free = shutil.disk_usage(existing_folder(prepared[0].paths.tree.multirun)).free
    needed = share * sum(estimate["disk_bytes"] for estimate in known)
    if needed > free:
        screen.warn(f"the trials will write about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free")
    hours = trials[0].experiment.approval.long_training_hours
    if seconds > hours * 3600:
        question = f"The trials will take about {duration(seconds)}, more than {hours:g} h. Start them?"
        ask(GateName.LONG, question, estimated_seconds=seconds)
    return Agreement(tuple(approvals), tuple(estimates), checks)


def _check_datasets(
    trials: Sequence[PlannedTrial], prepared: Sequence[Prepared], screen: Screen
) -> dict[str, CheckReport]:
    """Check each distinct dataset once."""
    checks: dict[str, CheckReport] = {}
    for trial, item in zip(trials, prepared, strict=True):
        single = bool(trial.experiment.train["single_cls"])
        needed = needed_splits(trial.experiment)
        imgsz = int(trial.experiment.train["imgsz"])
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
        size = (experiment.data.subset, train["fraction"])
        key = (item.model.model, item.dataset.yaml, size, item.device.id, str([train[name] for name in _COST]))
        if key not in probes:
            probes[key] = _probe(trial, item, screen)
        probe = probes[key]
        estimates.append(None if probe is None else estimate_from(probe, experiment, item, export=False).to_json())
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
    write_json(sweep / APPROVALS, {"approvals": approvals, "estimates": agreement.estimates}, APPROVALS_VERSION)
    for key, report in agreement.checks.items():
        keep_check(sweep / CHECKS / key, report)


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
    path = sweep / APPROVALS
    return read_json(path, (APPROVALS_VERSION,)) if path.is_file() else {}

"""Asking once for all trials: what the parent found, what was answered, and how a trial learns of it."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

from yololab.data.checks.cached_check import check_key, dataset_state, save_check
from yololab.data.checks.check_report import CheckReport
from yololab.data.problems import DataProblem
from yololab.errors import ApprovalError, JobError
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import existing_folder
from yololab.files.record import now
from yololab.files.record_content import Status
from yololab.job.gatekeeper import Answer, Approval, Gatekeeper, GateName, answers_line, reasons, require_yes
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.stages.check import check_settings, checked_dataset, refuse_blocking, show_findings
from yololab.job.stages.estimate import DOING, Estimate, estimate_from, probe_experiment
from yololab.sweep.planning.plan import PlannedTrial
from yololab.sweep.state import APPROVALS_VERSION, SweepFolder
from yololab.terminal.screen import Screen
from yololab.text import counted, duration, size
from yololab.ultralytics_adapter.probe.timing import Probe

# What a trial takes besides its job: a process, Python, PyTorch, its folder; on the machines that we measured.
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


@dataclass
class Gates:
    """Asks at the gates of a sweep, and keeps each answer.

    Attributes:
        gatekeeper: Who answers; None asks nobody, when only the estimate is wanted.
        screen: Where to print.
        facts: What every answer rests on.
        reasons: The gates that the sweep meets, each with its reason.
        approvals: The answers, also those that ended the sweep.
    """

    gatekeeper: Gatekeeper | None
    screen: Screen
    facts: dict[str, Any] = field(default_factory=dict)
    reasons: dict[GateName, str] = field(default_factory=dict)
    approvals: list[Approval] = field(default_factory=list)

    def ask(self, question: str, *, only_refused: bool = False) -> None:
        """Get the answers of the gates that were met, with one question.

        Args:
            question: What a person is asked; the reasons follow.
            only_refused: Ask only where it is known that the answer is no, before anything is spent.

        Raises:
            ApprovalError: Somebody declined, or nobody was there to ask.
        """
        keeper = self.gatekeeper
        gates = [gate for gate in self.reasons if keeper and (keeper.will_refuse(gate) or not only_refused)]
        if keeper is None or not gates:
            return
        try:
            approvals = keeper.decide(gates, f"{question} {reasons(self.reasons[gate] for gate in gates)}", self.facts)
        except ApprovalError:
            self.approvals += [Approval(gate, self.facts, Answer.UNANSWERED, "nobody", now()) for gate in gates]
            raise
        self.approvals += approvals
        self.screen.stage("approve", answers_line(approvals))
        require_yes(approvals)


def agree(
    trials: Sequence[PlannedTrial],
    prepared: Sequence[Prepared],
    gates: Gates,
    *,
    planned: int,
    parallel: int,
    remote: str | None = None,
    timeout_seconds: float | None = None,
    budget_epochs: int | None = None,
) -> Agreement:
    """Check each dataset, estimate each trial, and ask at every gate that any trial would meet.

    Args:
        trials: The trials, or when a sampler chooses them, some that span its space.
        prepared: Dataset, model and device of each.
        gates: Where to ask.
        planned: How many trainings there will be at most.
        parallel: How many run at once.
        remote: The engine on whose machines they run; None: they run here, and can be timed.
        timeout_seconds: From when on no trial is started any more.
        budget_epochs: Epochs of all trainings together at most; None where each may be trained to its end.

    Raises:
        InputError: A dataset has a problem that blocks a training.
        ApprovalError: Somebody declined, or nobody was there to ask.
    """
    screen = gates.screen
    checks = _check_datasets(trials, prepared, screen)
    names = list(dict.fromkeys(item.dataset_name for item in prepared))
    machines = list(dict.fromkeys(name for item in prepared for name in item.device.names))
    images = [{split: found.images for split, found in report.splits.items()} for report in checks.values()]
    gates.facts |= {"trials": planned, "datasets": names, "devices": machines, "images": images}
    share = planned / len(trials)
    epochs = round(share * sum(trial.experiment.train.epochs for trial in trials))
    trained = 1.0 if budget_epochs is None else min(1.0, budget_epochs / epochs)
    epochs = round(trained * epochs)
    if any(item.device.kind == "cpu" for item in prepared):
        gates.reasons[GateName.CPU] = "no GPU: they run on the CPU"
    warnings = len({found for report in checks.values() for found in report.warnings})
    if warnings:
        gates.reasons[GateName.DATASET] = f"the data has {counted(warnings, 'warning')} (shown above)"
    sizes = " or ".join(dict.fromkeys(f"{report.splits['train'].images:,}" for report in checks.values()))
    gates.facts |= {"epochs": epochs, "warnings": warnings}
    plan = f"{counted(planned, 'trial')} on {', '.join(names)} ({sizes} training images), {counted(epochs, 'epoch')}"
    gates.ask(f"Start {plan}?", only_refused=True)
    start = f"Start {counted(planned, 'trial')}?"
    if remote is not None:
        screen.stage("plan", f"{plan}, on machines of {remote}, {parallel} at a time: how long is not known")
        gates.reasons[GateName.LONG] = f"how long they take on {remote} is not known"
        gates.ask(start)
        return Agreement(tuple(gates.approvals), (), checks)
    costs = _estimate(trials, prepared, screen)
    known = [cost for cost in costs if cost is not None]
    at_once = max(1, min(parallel, planned))
    each = [trial for trial, _ in known]
    seconds, whole = _at_most(each, share / at_once, None if budget_epochs is None else trained, timeout_seconds)
    whole += max((winner_seconds for _, winner_seconds in known), default=0.0)
    together = f", {at_once} at a time" if at_once > 1 else ""
    free = shutil.disk_usage(existing_folder(prepared[0].paths.tree.multirun)).free
    needed = share * sum(trial.disk_bytes for trial, _ in known)
    screen.stage("plan", plan)
    screen.stage("estimate", f"{duration(whole)} at most for all {counted(planned, 'trial')}{together}")
    if timeout_seconds is not None:
        screen.detail(f"no trial is started after {duration(timeout_seconds)} (search.timeout_minutes)")
    screen.detail(f"{size(needed)} of {size(free)} free disk")
    screen.place("folder", prepared[0].paths.tree.multirun)
    if needed > free:
        screen.warn(f"the trials will write about {needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free")
    hours = trials[0].experiment.approval.long_training_hours
    if seconds > hours * 3600:
        gates.reasons[GateName.LONG] = f"{duration(seconds)} are more than {hours:g} h"
    gates.facts |= {"estimated_seconds": seconds, "disk_bytes": round(needed)}
    gates.ask(start)
    estimates = tuple(cost and cost[0].to_json() for cost in costs)
    return Agreement(tuple(gates.approvals), estimates, checks)


def _at_most(
    trials: Sequence[Estimate], share: float, trained: float | None, timeout_seconds: float | None
) -> tuple[float, float]:
    """Return the seconds of training, and those of everything, that trials take at most.

    Args:
        trials: What each costs that was timed.
        share: How many trials of the sweep each stands for, over those that run at once.
        trained: The share of their epochs that is trained where trials are paused; None where they are not.
        timeout_seconds: From when on no trial is started any more.
    """
    starts = 1 if trained is None else 2  # one that was paused is started again, but most never are
    training = (1.0 if trained is None else trained) * share * sum(trial.training_seconds for trial in trials)
    rest = share * sum(trial.seconds - trial.training_seconds + starts * TRIAL_SECONDS for trial in trials)
    if timeout_seconds is None:
        return training, training + rest
    # The last one may start just before the end.
    latest = timeout_seconds + max((trial.seconds + TRIAL_SECONDS for trial in trials), default=0.0)
    return min(training, latest), min(training + rest, latest)


def _check_datasets(
    trials: Sequence[PlannedTrial], prepared: Sequence[Prepared], screen: Screen
) -> dict[str, CheckReport]:
    """Check each distinct dataset once, and tell each finding once: folds share their images."""
    checks: dict[str, CheckReport] = {}
    shown: set[DataProblem] = set()
    for trial, item in zip(trials, prepared, strict=True):
        experiment, task, cache = trial.experiment, item.task.name, item.paths.cache
        settings = check_settings(experiment.check, experiment.train.imgsz, cache)
        key = check_key(item.dataset, task, experiment.train.single_cls, needed_splits(experiment), settings)
        if key not in checks:
            report = checks[key] = checked_dataset(experiment, item.dataset, task, cache, screen)
            new = tuple(found for found in report.problems if found not in shown)
            show_findings(screen, item.dataset_name, replace(report, problems=new))
            if known := len(report.problems) - len(new):
                screen.detail(f"and {counted(known, 'finding')} as above")
            shown.update(new)
            refuse_blocking(report)
    return checks


def _estimate(
    trials: Sequence[PlannedTrial], prepared: Sequence[Prepared], screen: Screen
) -> list[tuple[Estimate, float] | None]:
    """Estimate each trial; what differs in neither model, data, image size, batch nor device is timed once.

    Returns:
        For each trial its own cost, and the seconds of what comes after it when it has won: the test split, the export,
        the mAP of both sides. None for one that could not be timed.
    """
    probes: dict[tuple[Any, ...], Probe | None] = {}
    costs: list[tuple[Estimate, float] | None] = []
    for trial, item in zip(trials, prepared, strict=True):
        experiment, train = trial.experiment, trial.experiment.train
        size = (experiment.data.subset, train.fraction, experiment.speed)
        key = (item.model.model, item.dataset.yaml, size, item.device.id, str([getattr(train, name) for name in _COST]))
        if key not in probes:
            probes[key] = _probe(trial, item, screen)
        if (probe := probes[key]) is None:
            costs.append(None)
            continue
        won = estimate_from(probe, experiment, item, export=experiment.export.format is not None, warm=False)
        alone = estimate_from(probe, experiment, item, export=False, warm=False)
        costs.append((alone, won.evaluation_seconds + won.export_seconds))
    return costs


def _probe(trial: PlannedTrial, prepared: Prepared, screen: Screen) -> Probe | None:
    """Time a trial's first batches; one that fails already there will be a failed trial, and does not end the sweep."""
    try:
        return probe_experiment(trial.experiment, prepared, screen, f"{DOING} of trial {trial.number}")
    except JobError as error:
        screen.warn(f"trial {trial.number} cannot be estimated: {error}")
        return None


def save_agreement(sweep: Path, agreement: Agreement) -> None:
    """Write what the parent found and was answered into the sweep's folder."""
    content = {"approvals": [vars(item) for item in agreement.approvals], "estimates": agreement.estimates}
    write_json(SweepFolder(sweep).approvals, content, APPROVALS_VERSION)
    for key, report in agreement.checks.items():
        save_check(SweepFolder(sweep).checks / key, report, dataset_state(report.dataset, report.labels))


def save_rejected(sweep: Path, approvals: Sequence[Approval], arguments: Sequence[str]) -> None:
    """Write into the folder of a sweep that somebody declined, or that nobody was there to approve, what was asked.

    It is all that such a folder holds: `yololab runs status=all` lists it, `yololab clean` removes it.
    """
    content = {
        "status": Status.REJECTED,
        "arguments": list(arguments),
        "approvals": [vars(approval) for approval in approvals],
    }
    write_json(SweepFolder(sweep).approvals, content, APPROVALS_VERSION)


class _Answer(TypedDict):
    """What a gate was answered."""

    gate: str
    answer: str
    by: str


class _Approvals(TypedDict, total=False):
    """What approvals.json holds, as far as trials need it."""

    approvals: list[_Answer]
    estimates: list[dict[str, Any] | None]


def answered_by_parent(sweep: Path) -> dict[str, str]:
    """Return, for each gate that the parent passed, who answered there."""
    answers = _read(sweep).get("approvals", [])
    return {item["gate"]: f"sweep, {item['by']}" for item in answers if item["answer"] == Answer.YES}


def estimated_by_parent(sweep: Path, number: int) -> dict[str, Any] | None:
    """Return the estimate of a trial; None when the parent made none."""
    estimates = _read(sweep).get("estimates", [])
    return estimates[number] if number < len(estimates) else None


def _read(sweep: Path) -> _Approvals:
    """Return the parent's file; empty when there is none."""
    path = SweepFolder(sweep).approvals
    return read_json(path, (APPROVALS_VERSION,), _Approvals) if path.is_file() else {}

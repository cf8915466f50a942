"""Starting a frozen job, or going on with it: the same call does both, however often and wherever it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from yololab.config.frozen import Frozen, thaw
from yololab.config.hydra_text import named_option
from yololab.config.schema import ApprovalConfig, ExperimentConfig
from yololab.errors import InputError, NotContinuedError, Problem
from yololab.files.locks import last_sign, locked, maybe_running_elsewhere, process_of
from yololab.files.paths import RunFolder
from yololab.files.record import Record, Status
from yololab.job.gatekeeper import Answer, Gatekeeper, GateName, terminal_asker
from yololab.job.prepare import prepare_job
from yololab.job.run import Launch, run_job
from yololab.job.stages import after
from yololab.terminal.screen import Screen
from yololab.text import duration


@dataclass(frozen=True)
class Terms:
    """What a frozen job does not bring along itself.

    Attributes:
        screen: Where to print.
        command: The command as it was typed.
        working_directory: Where relative paths start when the folder in which the run was started is gone.
        ask: Puts a question to the person at the terminal; None when nobody is there.
        approval: Who answers at the gates; None for what the job itself says.
        notes: The user's words on this attempt.
        answered: Gates that were passed before, and by whom.
        trial: A trial of a sweep.
        estimate: What the sweep expects it to cost.
        threads: CPU threads of a job that does not say how many.
        kept_checks: Where the sweep has kept its dataset checks; None for a job that makes its own.
        judge: Told the number and the metrics of each epoch, says whether the training is not worth going on with.
        take_over: Go on though the run may still be running on another machine: who asks knows that it is not.
        changed_data: Go on though the dataset has changed.
    """

    screen: Screen
    command: Sequence[str]
    working_directory: Path
    ask: Callable[[str], bool] | None = None
    approval: ApprovalConfig | None = None
    notes: str = ""
    answered: Mapping[str, str] = field(default_factory=dict)
    trial: bool = False
    estimate: dict[str, Any] | None = None
    threads: int | None = None
    kept_checks: Path | None = None
    judge: Callable[[int, Mapping[str, float | None]], bool] | None = None
    take_over: bool = False
    changed_data: bool = False


# The settings that may be given with a resume; any other would make it another experiment.
READ = ("approval", "resuming", "notes")


def resume_run(
    folder: RunFolder, given: ExperimentConfig, command: Sequence[str], working_directory: Path, screen: Screen
) -> int:
    """Resume a run at a user's word.

    Args:
        folder: The run.
        given: What was said now: who answers, what may be done although something stands in the way, and a note.
        command: The command as it was typed.
        working_directory: Where relative paths start when the folder in which the run was started is gone.
        screen: Where to print.

    Returns:
        The exit code of the job; 0 when nothing was missing.

    Raises:
        InputError: The folder is no run's, another setting was given, the run is still running, or its data is gone.
    """
    refuse_other_settings(given, "a run is resumed with its own settings", READ)
    frozen = thaw(folder.path).experiment
    screen.verbose = frozen.train.verbose
    terms = Terms(
        screen=screen,
        command=command,
        working_directory=working_directory,
        ask=terminal_asker(screen.ask),
        approval=answering(given, frozen.approval),
        notes=given.notes,
        take_over=given.resuming.take_over,
        changed_data=given.resuming.changed_data,
    )
    return start_or_continue(folder, terms)


def answering(given: ExperimentConfig, frozen: ApprovalConfig) -> ApprovalConfig:
    """Return who answers in a run that is resumed or made from a frozen config: what was said now goes first."""
    keys = {key.partition(".")[2] for key in given.overridden if key.partition(".")[0] == "approval"}
    return given.approval if "" in keys else replace(frozen, **{key: getattr(given.approval, key) for key in keys})


def refuse_other_settings(given: ExperimentConfig, reason: str, read: Sequence[str]) -> None:
    """Refuse settings that would have to be ignored.

    Args:
        given: What was said with the command.
        reason: Why they cannot be set.
        read: The settings, or groups of settings, that are read.

    Raises:
        InputError: There are some.
    """
    allowed = ", ".join(key if key == "notes" else f"{key}.…" for key in read)
    remedy = "start a new run: yololab … (a longer training is one, too: model=RUN/weights/last.pt)"
    others = sorted(key for key in given.overridden if key.partition(".")[0] not in read)
    if others:
        raise InputError([Problem(key, reason, allowed, remedy) for key in others])


def start_or_continue(folder: RunFolder, terms: Terms) -> int:
    """Start the job that is frozen in a folder, or go on where its last attempt ended.

    Stages whose output is whole are not repeated, and a training goes on after its last saved epoch. A run that is
    complete is left alone.

    Returns:
        The exit code of the job; 0 when there was nothing to do.

    Raises:
        InputError: The folder is no run's, the run is still running, or its dataset or starting point is gone.
    """
    frozen = thaw(folder.path)
    if terms.approval is not None:
        frozen = replace(frozen, experiment=replace(frozen.experiment, approval=terms.approval))
    if terms.threads is not None and frozen.experiment.device.threads is None:
        frozen.experiment.device.threads = terms.threads
    with locked(folder, process_of(Record(folder).read()) if folder.record.is_file() else None):
        earlier = Record(folder).read() if folder.record.is_file() else None
        if earlier is not None:
            missing = what_is_missing(folder, earlier, report=frozen.experiment.report.enabled and not terms.trial)
            if not missing:
                but = "" if folder.best.is_file() or terms.trial else f" but {folder.best}: only a rerun makes it again"
                terms.screen.stage("resume", f"{folder.path.name} is {earlier['status']}: nothing is missing{but}")
                return 0
            if not terms.take_over:
                _refuse_running_elsewhere(folder, earlier)
            terms.screen.stage("resume", f"{folder.path.name}, {earlier['status']}; to do: {', '.join(missing)}")
            if missing == ["report"]:
                after.report(folder, terms.screen, enabled=True)
                return 0
            if terms.notes:
                Record(folder).add_note(terms.notes)
        return run_job(_launch(folder, frozen, earlier, terms))


def what_is_missing(folder: RunFolder, record: Mapping[str, Any], *, report: bool) -> list[str]:
    """Return what a run still lacks, in the order in which it will be made; nothing for one that its sweep has pruned.

    Args:
        folder: The run's folder.
        record: Its record.
        report: Whether it has a page.
    """
    if record["status"] == Status.PRUNED:
        return []
    present = {
        "training": (record.get("training") or {}).get("status") == "complete"
        and (record.get("training") or {}).get("stop_reason") != "interrupted",
        "evaluation": folder.metrics.is_file() and folder.predictions.is_file(),
        "comparison": folder.comparison.is_file() and folder.comparison_markdown.is_file(),
        "verification": bool(record.get("verification")),
        "decision": record["status"] == Status.COMPLETE,
        "report": folder.report.is_file() or not report,
    }
    return [name for name, there in present.items() if not there]


def _launch(folder: RunFolder, frozen: Frozen, earlier: dict[str, Any] | None, terms: Terms) -> Launch:
    """Return what the job is started with."""
    experiment = frozen.experiment
    working_directory = _working_directory(folder, earlier, terms)
    return Launch(
        config=experiment,
        tree=frozen.tree,
        choices=frozen.choices,
        folder=folder,
        working_directory=working_directory,
        command=terms.command,
        screen=terms.screen,
        gatekeeper=Gatekeeper(experiment.approval, terms.ask, {**answered_before(earlier), **terms.answered}),
        # A trial's mistakes belong into its record, a user's before the run is touched.
        prepared=None
        if terms.trial
        else prepare_job(experiment, working_directory, named_option(frozen.choices, "data")),
        trial=terms.trial,
        estimate=terms.estimate,
        kept_checks=terms.kept_checks,
        judge=terms.judge,
        earlier=earlier,
        changed_data=terms.changed_data,
        lock=False,
    )


def answered_before(record: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the gates that an earlier attempt has passed, and by whom; the last answer of each counts."""
    last = {item["gate"]: item for item in (record or {}).get("approvals", ())}
    return {
        str(gate): item["by"] if item["by"].startswith("before, ") else f"before, {item['by']}"
        for gate, item in last.items()
        if item["answer"] == Answer.YES and gate != GateName.PROMOTE
    }


def _working_directory(folder: RunFolder, earlier: Mapping[str, Any] | None, terms: Terms) -> Path:
    """Return where relative paths of the frozen config start: where the run was started."""
    recorded = ((earlier or {}).get("provenance") or {}).get("working_directory")
    if recorded is None and not terms.trial:
        node = yaml.safe_load((folder.hydra / "hydra.yaml").read_text(encoding="utf-8"))
        recorded = node["hydra"]["runtime"].get("cwd")
    return Path(recorded) if recorded and Path(recorded).is_dir() else terms.working_directory


def _refuse_running_elsewhere(folder: RunFolder, record: Mapping[str, Any]) -> None:
    """Refuse a run that may still be running where this machine cannot look.

    Raises:
        InputError: It may.
    """
    process = maybe_running_elsewhere(record)
    if process is None:
        return
    silent = last_sign(folder.path)
    seen = "" if silent is None else f"; it last wrote {duration(silent)} ago"
    raise NotContinuedError(
        Problem(
            str(folder.path),
            f"may still be running as process {process.pid} on {process.host}{seen}",
            "a run that has ended",
            "when that process is gone: resuming.take_over=true",
        )
    )

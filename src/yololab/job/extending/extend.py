"""Training a finished run further, as a new run with its parent in the record: what `yololab extend` does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from yololab.config.frozen import Frozen, refreeze, with_changes
from yololab.config.hydra.grammar import named_option
from yololab.config.schema import DryRun, ExperimentConfig
from yololab.config.settings import setting
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder
from yololab.files.reading import sha256_of
from yololab.files.record import Record
from yololab.files.record_content import RecordContent, Status
from yololab.host.provenance import collect_provenance
from yololab.job.context import Context
from yololab.job.gatekeeper import Gatekeeper, terminal_asker
from yololab.job.lifecycle import start_new
from yololab.job.measure import fingerprint_splits
from yololab.job.prepare import Prepared, prepare_job
from yololab.job.rerun import what_differs
from yololab.job.resume import reopen
from yololab.terminal.screen import Screen, shown_name, shown_path
from yololab.text import counted, number

# The settings that may be given; what else differs would be another experiment than the run's.
READ = ("approval", "notes")
# A trained model is taken up at a tenth of the rate that it was trained from random or general weights with.
_PART_OF_LR0 = 0.1
_WARMUP_EPOCHS = 1.0


@dataclass
class ExtendOptions:
    """How a run is trained further.

    Attributes:
        epochs: How many epochs more.
        weights: From which checkpoint on: last, or best.
        lr0: The learning rate at the start; null for a tenth of the first training's.
        lrf: The share of it that is left at the end; null ends where the first training ended.
        warmup_epochs: Epochs in which the rate comes up; null for 1, or a tenth of `epochs`.
    """

    epochs: int | None = setting(None, at_least=1)
    weights: str = setting("last", choices=("last", "best"))
    lr0: float | None = setting(None, at_least=0)
    lrf: float | None = setting(None, at_least=0)
    warmup_epochs: float | None = setting(None, at_least=0)


@dataclass(frozen=True)
class Schedule:
    """The learning rate of an extension.

    Attributes:
        lr0: At the start.
        lrf: The share of it that is left at the end.
        warmup_epochs: Epochs in which it comes up.
        base_lr0: That of the first training of the chain.
        base_lrf: Its share at the end.
    """

    lr0: float
    lrf: float
    warmup_epochs: float
    base_lr0: float
    base_lrf: float


def schedule_of(record: Mapping[str, Any], epochs: int, options: ExtendOptions) -> Schedule:
    """Return the learning rate of an extension.

    It comes up from nothing to a tenth of the first training's, and falls to where that ended: the whole rate would
    undo much of what was learnt, and the rate at the end alone hardly learns. An extension of an extension does the
    same again, and not a tenth of a tenth.

    Args:
        record: What the record of the parent says.
        epochs: How many epochs more.
        options: What the user sets instead.

    Example:
        >>> schedule_of({"training": {"optimizer": {"lr0": 0.01, "lrf": 0.01}}}, 50, ExtendOptions())
        Schedule(lr0=0.001, lrf=0.1, warmup_epochs=1.0, base_lr0=0.01, base_lrf=0.01)
    """
    before = ((record.get("extends") or {}).get("schedule")) or {}
    optimizer = (record.get("training") or {}).get("optimizer") or {}
    base_lr0, base_lrf = before.get("base_lr0") or optimizer["lr0"], before.get("base_lrf") or optimizer["lrf"]
    lr0 = base_lr0 * _PART_OF_LR0 if options.lr0 is None else options.lr0
    end = min(base_lr0 * base_lrf / lr0, 1.0) if lr0 else 1.0
    warmup = min(_WARMUP_EPOCHS, epochs / 10) if options.warmup_epochs is None else options.warmup_epochs
    lrf = end if options.lrf is None else options.lrf
    return Schedule(float(f"{lr0:.6g}"), float(f"{lrf:.6g}"), warmup, base_lr0, base_lrf)


def extend_run(
    parent: RunFolder,
    options: ExtendOptions,
    given: ExperimentConfig,
    command: Sequence[str],
    working_directory: Path,
    screen: Screen,
) -> tuple[RunFolder, int]:
    """Train a finished run further, in a new folder.

    Args:
        parent: The run.
        options: How.
        given: What was said now: who answers, and a note.
        command: The command as it was typed.
        working_directory: The user's folder.
        screen: Where to print.

    Returns:
        The new run, and its exit code.

    Raises:
        InputError: The run is not finished, its weights are gone, or dataset or settings are not right.
    """
    frozen, started_in = reopen(parent, given, working_directory, "an extension has the settings of its run", READ)
    before = Record(parent).read()
    start = _start_of(parent, before, frozen.experiment, options)
    assert options.epochs is not None
    schedule = schedule_of(before, options.epochs, options)
    frozen = _changed(frozen, start, options.epochs, schedule, before)
    experiment = frozen.experiment
    experiment.notes = given.notes
    prepared = _prepared(frozen, started_in, start)
    screen.verbose = experiment.train.verbose
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train, prepared.task.name)
    gpus = prepared.device.names if prepared.device.kind == "cuda" else ()
    provenance = collect_provenance(started_in, command, experiment.train.seed, gpus)
    lineage = (before.get("model") or {}).get("lineage")
    differences = what_differs(before, provenance, fingerprints, lineage)
    trained = _epochs_of(before)
    chain = (before.get("extends") or {}).get("chain") or []
    extends = {
        "run": str(parent.path),
        "chain": [*chain, parent.path.name],
        "weights": start.name,
        "weights_sha256": sha256_of(start),
        "epochs_before": trained,
        "epochs": options.epochs,
        "total_epochs": trained + options.epochs,
        "optimizer": "starts afresh",
        "schedule": asdict(schedule),
        "differences": differences,
    }
    _introduce(screen, parent, before, extends, schedule)
    stem = re.sub(r"_\d{8}_\d{6}(_\d+)?$", "", parent.path.name)
    name = experiment.train.name or ("extended" if stem.isdigit() else stem)
    gatekeeper = Gatekeeper(experiment.approval, terminal_asker(screen))
    context = Context(parent, frozen, screen, gatekeeper, started_in, command, extends=extends)
    folder, code = start_new(
        context, prepared, str(name), lambda folder, place: refreeze(parent, folder, place, frozen)
    )
    if code == 0:
        # The number of a trial names a run only with its sweep.
        screen.hint(f"did it help? yololab compare {folder.path.name} {shown_name(parent.path)}")
    return folder, code


def _prepared(frozen: Frozen, started_in: Path, start: Path) -> Prepared:
    """Find dataset, model and device.

    Raises:
        InputError: One is not there; of a dataset that has moved, with what else can be done.
    """
    experiment = frozen.experiment
    try:
        return prepare_job(experiment, started_in, named_option(frozen.choices, "data"))
    except InputError as error:
        if Path(experiment.data.source).exists() or not any(item.where == "data.source" for item in error.problems):
            raise
        remedy = f"put it back, or link it there; with the data elsewhere: yololab model={shown_path(start)} data=…"
        moved = (replace(item, remedy=remedy) if item.where == "data.source" else item for item in error.problems)
        raise InputError(moved) from None


def _start_of(parent: RunFolder, before: RecordContent, experiment: ExperimentConfig, options: ExtendOptions) -> Path:
    """Return the checkpoint that an extension starts from.

    Raises:
        InputError: The run is not finished, was no whole training, or its weights are gone.
    """
    problems = []
    if options.epochs is None:
        allowed = "a whole number of at least 1: how many epochs more"
        problems.append(Problem("epochs", "missing", allowed, f"yololab extend {parent.path.name} epochs=50"))
    if before["status"] not in (Status.COMPLETE, Status.REJECTED):
        remedy = f"yololab resume {parent.path.name} finishes it, with the state of its optimizer"
        problems.append(Problem(str(parent.path), f"is {before['status']}", "a run that is complete", remedy))
    elif experiment.dry_run is not DryRun.OFF:
        problems.append(Problem(str(parent.path), "is a dry run", "a whole training"))
    elif not (before.get("training") or {}).get("optimizer"):
        found = "does not say with which learning rate it was trained"
        problems.append(Problem(str(parent.path), found, "a run of yololab's own", "yololab model=RUN/weights/last.pt"))
    start = parent.last if options.weights == "last" else parent.best
    if not problems and not start.is_file():
        other = "best" if start == parent.last else "last"
        there = (parent.best if other == "best" else parent.last).is_file()
        remedy = f"weights={other}" if there else "its weights were cleaned away: start a new run"
        problems.append(Problem(str(start), "no such file", "the checkpoint to start from", remedy))
    if problems:
        raise InputError(problems)
    return start


def _changed(frozen: Frozen, start: Path, epochs: int, schedule: Schedule, before: Mapping[str, Any]) -> Frozen:
    """Return the parent's config with other weights to start from, epochs and learning rate."""
    values: dict[str, Any] = {
        "model.weights": str(start),
        "model.architecture": None,
        "model.pretrained": True,
        "pretrained": None,
        "epochs": epochs,
        "time": None,  # hours, which would count instead of the epochs
        "lr0": schedule.lr0,
        "lrf": schedule.lrf,
        "warmup_epochs": schedule.warmup_epochs,
        # Biases would begin far above the rate of everything else: that is for weights that have learnt nothing.
        "warmup_bias_lr": 0.0,
    }
    optimizer = before["training"]["optimizer"]
    if str(frozen.experiment.train.optimizer).lower() == "auto":  # it would choose a rate of its own
        values |= {"optimizer": optimizer["name"], "momentum": optimizer["momentum"]}
    return with_changes(frozen, values, model=str(start))


def _epochs_of(record: Mapping[str, Any]) -> int:
    """Return how many epochs a run and those that it extends were trained."""
    own = int((record.get("training") or {}).get("epochs_completed") or 0)
    return own + int((record.get("extends") or {}).get("epochs_before") or 0)


def _introduce(
    screen: Screen, parent: RunFolder, before: Mapping[str, Any], extends: Mapping[str, Any], schedule: Schedule
) -> None:
    """Say what an extension is, and what it is not."""
    screen.place("of", parent.path, "extend")
    more, total = counted(extends["epochs"], "epoch"), extends["total_epochs"]
    screen.detail(f"{more} more after {extends['epochs_before']}, {total} in all, as a run of its own")
    screen.detail(f"starts from {extends['weights']}, the optimizer afresh: finished checkpoints have none")
    rate = f"lr0={number(schedule.lr0, 6)} (the first training: {number(schedule.base_lr0, 6)})"
    rate += f", falling to {number(schedule.lr0 * schedule.lrf, 6)}; warmup of {schedule.warmup_epochs:g} epochs"
    screen.detail(f"the schedule starts again: {rate}")
    screen.detail(f"so it is not what one training of {total} epochs would be; lr0, lrf, warmup_epochs set others")
    training = before.get("training") or {}
    if training.get("stop_reason") == "early_stopping":
        screen.warn("the run had stopped early, since it no longer improved: more epochs may not help")
    for line in extends["differences"]:
        if line.startswith("data:"):
            screen.warn(f"changed since then: {line}")
        else:
            screen.detail(f"changed since then: {line}")

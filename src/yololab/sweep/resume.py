"""Going on with a sweep: what is missing is run, what was interrupted continues, what still runs is looked after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yololab.config.schema import ApprovalConfig, Policy
from yololab.errors import ApprovalError
from yololab.files.locks import process_of
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.processes import ProcessIdentity
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import BODY, Executor, JobState
from yololab.sweep.results.outcome import read_outcome
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus
from yololab.sweep.sweeper import run_trials
from yololab.terminal.screen import Screen

ORPHAN_SECONDS = 30


def resume_sweep(path: Path, screen: Screen, approval: ApprovalConfig | None = None, body: Sequence[str] = BODY) -> int:
    """Run what is missing of a sweep, with what it was started with; several may do so at once.

    Nobody is asked again: the sweep was agreed to when it was started.

    Args:
        path: The sweep's folder.
        screen: Where to print.
        approval: What was said now of who answers; `never` refuses to go on.
        body: The command of a trial.

    Returns:
        0 when a trial completed.

    Raises:
        InputError: The folder is not a sweep's.
        ApprovalError: `approval=never` was said now.
        JobError: No trial completed, or with `search.fail_on=any` one has failed.
        InterruptedRunError: The sweep was asked to stop.
    """
    if approval is not None and approval.policy is Policy.NEVER:
        raise ApprovalError("approval=never: the sweep is not gone on with, and nothing was spent")
    folder = SweepFolder(path.resolve())
    settings = folder.read_settings()
    executor = make_executor(settings.engine, settings.engine_settings, settings.resources, body)
    adopted = take_over(folder, executor, settings.objectives)
    entries = folder.trials()
    ended = sum(entry.status.finished for entry in entries)
    waiting = sum(entry.status.startable for entry in entries)
    words = [f"{ended} trials have ended"]
    words += [f"{waiting} were interrupted"] if waiting else []
    words += [f"{len(adopted)} still run"] if adopted else []
    screen.stage("resume", f"{folder.path}: {', '.join(words)}")
    return run_trials(folder, settings, executor, screen, adopted)


def _orphan_lives(run: RunFolder) -> bool:
    """Return whether a trial's process goes on living although its parent is gone; it is given time to notice."""
    for _ in range(ORPHAN_SECONDS):
        process = process_of(Record(run).read()) if run.record.is_file() else None
        if process is None or not process.is_alive():
            return False
        time.sleep(1)
    return True


def take_over(folder: SweepFolder, executor: Executor, objectives: Sequence[Objective]) -> list[TrialEntry]:
    """Look after the trials of a parent that is gone.

    One whose process still runs becomes ours. One that ended meanwhile is recorded. One that was killed with its parent
    waits, and goes on from its last checkpoint.

    Args:
        folder: The sweep's folder.
        executor: The engine.
        objectives: What is sought.

    Returns:
        The trials that still run, as ours.
    """
    adopted = []
    with folder.locked():
        for entry in folder.trials():
            if entry.status is not TrialStatus.RUNNING or folder.has_another_parent(entry):
                continue
            if entry.handle is None and _orphan_lives(folder.trial(entry.number)):
                # Its parent was killed before it wrote down what it had started: nobody can look after that process.
                continue
            states = executor.poll([entry.handle]) if entry.handle else {}
            state = states.get(entry.handle or "", JobState.GONE if entry.handle is None else JobState.RUNNING)
            if state is JobState.GONE:
                found = read_outcome(entry, folder.trial(entry.number), objectives, None, asked=True).entry
            else:
                found = replace(entry, owner=ProcessIdentity.current())
                adopted.append(found)
            folder.write_trial(found)
    return adopted

"""The trials of a parent that is gone: what still runs is watched on, what has ended is recorded."""

import time
from collections.abc import Sequence
from dataclasses import replace

from yololab.files.locks import process_of
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.processes import ProcessIdentity
from yololab.sweep.executor import Executor, JobState
from yololab.sweep.results.outcome import read_outcome
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus

# A body of this machine notices within seconds that its parent is gone, and saves its state.
ORPHAN_SECONDS = 30


def reattach_trials(folder: SweepFolder, executor: Executor, objectives: Sequence[Objective]) -> list[TrialEntry]:
    """Look after the trials of a parent that is gone.

    One whose process still runs becomes ours. One that ended meanwhile is recorded. One that was killed with its parent
    is interrupted, and will be resumed from its last checkpoint.

    Args:
        folder: The sweep's folder.
        executor: The engine.
        objectives: What the sweep is after.

    Returns:
        The trials that still run, as ours.
    """
    running = []
    with folder.locked():
        for entry in folder.trials():
            if entry.status is not TrialStatus.RUNNING or folder.has_another_parent(entry):
                continue
            if entry.handle is None and _orphan_lives(folder.trial(entry.number)):
                # Its parent was killed before it wrote down what it had started: nobody can look after that process.
                continue
            state = JobState.GONE
            if entry.handle is not None:  # of which the engine may know nothing just now: then its last state holds
                state = executor.poll([entry.handle]).get(entry.handle, JobState.RUNNING)
            if state is JobState.GONE:
                found = read_outcome(entry, folder.trial(entry.number), objectives, None, asked=True).entry
            else:
                found = replace(entry, owner=ProcessIdentity.current())
                running.append(found)
            folder.write_trial(found)
    return running


def _orphan_lives(run: RunFolder) -> bool:
    """Return whether a trial's process still lives although its parent is gone; it is given time to notice."""
    for _ in range(ORPHAN_SECONDS):
        process = process_of(Record(run).read()) if run.record.is_file() else None
        if process is None or not process.is_alive():
            return False
        time.sleep(1)
    return True

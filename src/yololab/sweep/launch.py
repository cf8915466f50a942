"""Jobs of a sweeper of Hydra's own, on our engines: all are run, none ends the others, and their records come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig

from yololab.files.paths import RunFolder
from yololab.files.record import Status
from yololab.host.processes import ProcessIdentity
from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor, split_settings
from yololab.sweep.executor import BODY, JobState
from yololab.sweep.loop import TrialLoop
from yololab.sweep.planning.plan import freeze_trial, plan_trials
from yololab.sweep.results.outcome import trial_content
from yololab.sweep.state import SweepFolder, TrialEntry
from yololab.terminal.screen import Screen


@dataclass
class JobList:
    """Trials that are known beforehand.

    Attributes:
        entries: Those that are still to be started.
        screen: Where to print.
    """

    entries: list[TrialEntry]
    screen: Screen = field(default_factory=Screen)

    def next(self) -> TrialEntry | None:
        """Return the next one."""
        return self.entries.pop(0) if self.entries else None

    def environment(self, entry: TrialEntry) -> dict[str, str]:
        """Return none: there is no study."""
        del entry
        return {}

    def ended(self, entry: TrialEntry) -> None:
        """Take no note: the sweeper learns of it from what is returned."""

    def changed(self, entry: TrialEntry) -> None:
        """Print a line."""
        self.screen.stage(f"trial {entry.number}", entry.status.value)

    def tick(self, running: Mapping[int, TrialEntry], states: Mapping[int, JobState]) -> None:
        """Print nothing in between."""


def launch_jobs(
    config: DictConfig,
    engine: str,
    launcher: Mapping[str, Any],
    jobs: Sequence[Sequence[str]],
    first_number: int,
    body: Sequence[str] = BODY,
) -> list[JobReturn]:
    """Run jobs, each in its own folder and process, and wait for all.

    Args:
        config: The master config; its `hydra.sweep.dir` is the sweep's folder.
        engine: The engine's name.
        launcher: Its settings and resources.
        jobs: The overrides of each job.
        first_number: The number of the first one.
        body: The command of a trial.

    Returns:
        One a job: completed with the trial's record, or failed with its error.

    Raises:
        InputError: The config of a job is not right; none was started.
        InterruptedRunError: It was asked to stop; running trials have saved their state.
    """
    folder = SweepFolder(Path(str(config.hydra.sweep.dir)).resolve())
    trials = plan_trials(jobs, first_number)
    entries = []
    for trial in trials:
        freeze_trial(trial, folder.trial(trial.number))
        entry = TrialEntry(trial.number, trial.overrides, {}, owner=ProcessIdentity.current())
        folder.write_trial(entry)
        entries.append(entry)
    own, resources = split_settings(launcher)
    source = JobList(list(entries))
    stop = StopSignal()
    with stop.listening(), stop.waiting_for_batch():
        TrialLoop(folder, source, make_executor(engine, own, resources, body), (), (source,)).run(stop)
    return [_job_return(folder.trial(trial.number), trial.overrides) for trial in trials]


def _job_return(folder: RunFolder, overrides: Sequence[str]) -> JobReturn:
    """Return a trial's end in Hydra's form."""
    content = trial_content(folder)
    job = JobReturn()
    job.overrides = list(overrides)
    job.working_dir = str(folder.path)
    job.status = JobStatus.COMPLETED if content["status"] == Status.COMPLETE else JobStatus.FAILED
    job.return_value = content if job.status is JobStatus.COMPLETED else RuntimeError(str(content.get("error")))
    return job

"""Trials on this machine: a fresh Python process each, which writes its own record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict, read_write

from yololab.config.frozen import freeze
from yololab.config.hydra_text import FREE_PREFIX, decode_free
from yololab.errors import InputError
from yololab.interrupt import StopSignal
from yololab.record import Record, Status
from yololab.runfolder import RunFolder
from yololab.screen import Screen
from yololab.sweep.plan import plan_trials, swept_keys

GRACE_SECONDS = 120
POLL_SECONDS = 0.5


def launch_locally(
    hydra_context: HydraContext, config: DictConfig, jobs: Sequence[Sequence[str]], first_number: int
) -> list[JobReturn]:
    """Run jobs one after another, each in its own folder and process; none ends the others.

    Args:
        hydra_context: Hydra's loader of configs.
        config: The master config; its `hydra.sweep.dir` is the sweep's folder.
        jobs: The overrides of each job.
        first_number: The number of the first one.

    Returns:
        One a job: completed with the trial's record, or failed with its error.

    Raises:
        InterruptedRunError: The sweep was asked to stop; the running trial has saved its state.
    """
    sweep = Path(str(config.hydra.sweep.dir)).resolve()
    trials = plan_trials(hydra_context.config_loader, config, jobs, first_number)
    folders = [RunFolder(sweep / str(trial.number)) for trial in trials]
    # All are frozen before the first one starts: what is edited meanwhile changes none of them.
    for trial, folder in zip(trials, folders, strict=True):
        with read_write(trial.hydra), open_dict(trial.hydra):
            trial.hydra.runtime.output_dir = str(folder.path)
        freeze(folder, trial.tree, trial.hydra, trial.overrides)
    screen = Screen()
    keys = swept_keys(list(config.hydra.overrides.task))
    stop = StopSignal()
    with stop.listening(), stop.waiting_for_batch():
        for trial, folder in zip(trials, folders, strict=True):
            if not stop.requested:
                screen.stage(f"trial {trial.number}", "  ".join(readable(trial.overrides, keys)))
                run_trial_process(folder.path, stop)
    return [_job_return(folder, trial.overrides) for trial, folder in zip(trials, folders, strict=True)]


def readable(overrides: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Return the overrides of the given keys, files and devices decoded."""
    pairs = [word.lstrip("+~").partition("=") for word in overrides]
    return [
        f"{key}={decode_free(value) if value.startswith(FREE_PREFIX) else value}"
        for key, _, value in pairs
        if key in keys
    ]


def run_trial_process(folder: Path, stop: StopSignal) -> int:
    """Run a frozen trial in a process of its own and wait for it.

    A stop is passed on once, as SIGTERM: the trial ends its batch and saves its state.

    Returns:
        Its exit code, negative when a signal ended it.
    """
    command = [sys.executable, "-m", "yololab.sweep.trial", str(folder)]
    # A session of its own: Ctrl-C at the terminal reaches only us, so the trial gets one signal and not two.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ.copy())
    told = False
    while True:
        try:
            return process.wait(timeout=GRACE_SECONDS if told else POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if told:
                process.kill()
                return process.wait()
            if stop.requested:
                process.send_signal(signal.SIGTERM)
                told = True
        except KeyboardInterrupt:
            process.kill()
            process.wait()
            raise


def trial_content(folder: RunFolder) -> dict[str, Any]:
    """Return what a trial says of itself; one that is gone without a final status has failed."""
    try:
        content = Record(folder).read()
    except InputError as error:
        return {"status": Status.FAILED, "error": {"message": str(error), "kind": "NoRecord", "exit_code": 1}}
    if content["status"] == Status.RUNNING:
        gone = {"message": "the process is gone without a final status", "kind": "Killed", "exit_code": 1}
        Record(folder).finish(Status.FAILED, gone)
        return content | {"status": Status.FAILED, "error": gone}
    return content


def _job_return(folder: RunFolder, overrides: Sequence[str]) -> JobReturn:
    """Return a trial's end in Hydra's form."""
    content = trial_content(folder)
    job = JobReturn()
    job.overrides = list(overrides)
    job.working_dir = str(folder.path)
    job.status = JobStatus.COMPLETED if content["status"] == Status.COMPLETE else JobStatus.FAILED
    job.return_value = content if job.status is JobStatus.COMPLETED else RuntimeError(str(content.get("error")))
    return job

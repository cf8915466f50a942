"""The body of a trial: one frozen experiment, run in this process; its record is the only thing it returns.

Started as `python -m yololab.sweep.trial FOLDER` by every engine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from yololab.config.frozen import Frozen, thaw
from yololab.files.paths import RunFolder
from yololab.host.collection import own_process
from yololab.job.context import Context, Permissions, TrialContext
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.lifecycle import start
from yololab.job.prepare import isolate, project_paths
from yololab.sweep.executor import THREADS
from yololab.sweep.planning.approvals import answered_by_parent, estimated_by_parent
from yololab.sweep.planning.trial_env import EpochReporter, TrialEnvironment, read_trial_environment
from yololab.sweep.state import SweepFolder
from yololab.terminal.output import exit_code_of
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.probe.timing import import_early


def run_trial(folder: Path) -> int:
    """Run the trial in `folder`, or resume it: calling it again, after whatever ended it, is always right.

    Returns:
        The exit code of the job; 0 also for a trial that is paused, and at once when it is complete or pruned; 2 when
        it is still running.
    """
    return exit_code_of(lambda: _run(folder))


def warm_up(folder: Path) -> None:
    """Import what a trial will need; all trials of this machine that use no GPU are then forked from this process."""
    frozen, started_in = _thaw(folder)
    _take_share(frozen)
    isolate(project_paths(frozen.experiment, started_in))
    import_early()


def _thaw(folder: Path) -> tuple[Frozen, Path]:
    """Return the frozen config of a trial, and where relative paths in it start."""
    frozen, sweep = thaw(folder), SweepFolder(folder.resolve().parent)
    if not sweep.is_sweep():
        return frozen, Path.cwd()
    # Where the sweep was started, also when somebody resumes it from elsewhere.
    frozen.experiment.paths, started_in = sweep.whereabouts(frozen.experiment.paths)
    return frozen, started_in


def _take_share(frozen: Frozen) -> None:
    """Take the engine's share of the cores: a trial may take fewer, and never more."""
    threads = os.environ.get(THREADS)
    if threads is not None and frozen.experiment.device.threads is None:
        os.environ["OMP_NUM_THREADS"] = threads


def _run(folder: Path) -> int:
    run, (frozen, started_in) = RunFolder(folder.resolve()), _thaw(folder)
    sweep, number = SweepFolder(run.path.parent), run.path.name
    config = frozen.experiment
    _take_share(frozen)
    environment = read_trial_environment()
    context = Context(
        run,
        frozen,
        Screen(verbose=config.train.verbose),
        Gatekeeper(config.approval, None, answered_by_parent(sweep.path)),
        started_in,
        sys.orig_argv,
        trial=TrialContext(
            estimated_by_parent(sweep.path, int(number)) if number.isdigit() else None,
            sweep.checks,
            _should_prune(environment),
            None if environment is None else environment.until,
        ),
        # The engine that starts it again has seen the end of the process before.
        permissions=Permissions(take_over=True),
    )
    return start(context)


def _should_prune(environment: TrialEnvironment | None) -> Callable[[int, Mapping[str, float | None]], bool] | None:
    """Return what decides after each epoch whether to prune; None in a sweep without a pruner."""
    if environment is None or environment.trial_id is None:
        return None

    @cache
    def reporter() -> EpochReporter:
        # Made in the first epoch: a study that cannot be reached then costs a warning, not the training.
        return EpochReporter(environment)

    return lambda epoch, metrics: reporter().should_prune(epoch, metrics.get(environment.metric))


if __name__ == "__main__":
    own_process()
    raise SystemExit(run_trial(Path(sys.argv[1])))

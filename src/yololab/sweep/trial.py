"""The body of a trial: one frozen experiment, run in this process; its record is the only thing it returns.

Started as `python -m yololab.sweep.trial FOLDER` by every engine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from yololab.config.frozen import thaw
from yololab.files.paths import RunFolder
from yololab.job.context import Context, Permissions, TrialContext
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.lifecycle import start
from yololab.sweep.executor import THREADS
from yololab.sweep.planning.approvals import answered_by_parent, estimated_by_parent
from yololab.sweep.planning.trial_env import EpochReporter, read_trial_environment
from yololab.sweep.state import SweepFolder
from yololab.terminal.output import exit_code_of
from yololab.terminal.screen import Screen


def run_trial(folder: Path) -> int:
    """Run the trial in `folder`, or resume it: calling it again, after whatever ended it, is always right.

    Returns:
        The exit code of the job; 0 at once when the trial is complete or pruned, 2 when it is still running.
    """
    return exit_code_of(lambda: _run(folder))


def _run(folder: Path) -> int:
    run, frozen = RunFolder(folder.resolve()), thaw(folder)
    sweep, number = SweepFolder(run.path.parent), run.path.name
    config, threads = frozen.experiment, os.environ.get(THREADS)
    if threads is not None and config.device.threads is None:
        os.environ["OMP_NUM_THREADS"] = threads  # its share of the cores: it may take fewer, and never more
    # Relative paths start where the sweep was started, also when somebody resumes it from elsewhere.
    started_in = Path.cwd()
    if sweep.is_sweep():
        config.paths, started_in = sweep.whereabouts(config.paths)
    context = Context(
        run,
        frozen,
        Screen(verbose=config.train.verbose),
        Gatekeeper(config.approval, None, answered_by_parent(sweep.path)),
        started_in,
        sys.orig_argv,
        trial=TrialContext(
            estimated_by_parent(sweep.path, int(number)) if number.isdigit() else None, sweep.checks, _should_prune()
        ),
        # The engine that starts it again has seen the end of the process before.
        permissions=Permissions(take_over=True),
    )
    return start(context)


def _should_prune() -> Callable[[int, Mapping[str, float | None]], bool] | None:
    """Return what decides after each epoch whether to prune; None in a sweep without a pruner."""
    environment = read_trial_environment()
    if environment is None or environment.trial_id is None:
        return None

    @cache
    def reporter() -> EpochReporter:
        # Made in the first epoch: a study that cannot be reached then costs a warning, not the training.
        return EpochReporter(environment)

    return lambda epoch, metrics: reporter().should_prune(epoch, metrics.get(environment.metric))


if __name__ == "__main__":
    raise SystemExit(run_trial(Path(sys.argv[1])))

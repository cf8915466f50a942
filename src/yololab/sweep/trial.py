"""The body of a trial: one frozen experiment, run in this process; its record is the only thing it returns.

Started as `python -m yololab.sweep.trial FOLDER` by every engine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from yololab.config.frozen import thaw
from yololab.errors import YololabError
from yololab.experiment import Launch, run_job
from yololab.runfolder import RunFolder
from yololab.screen import Screen, show_error
from yololab.stages.approve import Gatekeeper
from yololab.sweep.approvals import answered_by_parent, estimated_by_parent
from yololab.sweep.executor import THREADS
from yololab.sweep.handover import Handover, read_handover
from yololab.sweep.trials import SweepFolder

if TYPE_CHECKING:
    from yololab.sweep.pruning import EpochReporter


def run_trial(folder: Path) -> int:
    """Run the trial in `folder` and return its exit code."""
    try:
        frozen = thaw(folder)
        sweep = SweepFolder(folder.resolve().parent)
        # Relative paths start where the sweep was started, also when somebody resumes it from elsewhere.
        working_directory = Path(sweep.read_settings().working_directory) if sweep.is_sweep() else Path.cwd()
        threads = os.environ.get(THREADS)
        if threads is not None and frozen.experiment.device.threads is None:
            frozen.experiment.device.threads = int(threads)
        screen = Screen(verbose=bool(frozen.experiment.train["verbose"]))
        launch = Launch(
            config=frozen.experiment,
            tree=frozen.tree,
            choices=frozen.choices,
            folder=RunFolder(folder.resolve()),
            working_directory=working_directory,
            command=sys.orig_argv,
            screen=screen,
            gatekeeper=Gatekeeper(frozen.experiment.approval, None, answered_by_parent(folder.parent)),
            trial=True,
            estimate=estimated_by_parent(folder.parent, int(folder.name)) if folder.name.isdigit() else None,
            judge=_judge(read_handover()),
        )
        return run_job(launch)
    except YololabError as error:
        show_error(error)
        return error.exit_code


def _judge(handover: Handover | None) -> Callable[[int, Mapping[str, float | None]], bool] | None:
    """Return who judges each epoch; None in a sweep without a pruner."""
    if handover is None or handover.trial_id is None:
        return None

    @cache
    def reporter() -> EpochReporter:
        # Made in the first epoch: a study that cannot be reached then costs a warning, not the training.
        from yololab.sweep.pruning import EpochReporter

        return EpochReporter(handover)

    return lambda epoch, metrics: reporter().hopeless(epoch, metrics.get(handover.metric))


if __name__ == "__main__":
    raise SystemExit(run_trial(Path(sys.argv[1])))

"""The body of a trial: one frozen experiment, run in this process; its record is the only thing it returns.

Started as `python -m yololab.sweep.trial FOLDER` by every engine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from yololab.config.frozen import thaw
from yololab.errors import YololabError
from yololab.experiment import Launch, run_job
from yololab.runfolder import RunFolder
from yololab.screen import Screen, show_error
from yololab.stages.approve import Gatekeeper
from yololab.sweep.approvals import answered_by_parent, estimated_by_parent


def run_trial(folder: Path) -> int:
    """Run the trial in `folder` and return its exit code."""
    try:
        frozen = thaw(folder)
        screen = Screen(verbose=bool(frozen.experiment.train["verbose"]))
        launch = Launch(
            config=frozen.experiment,
            tree=frozen.tree,
            choices=frozen.choices,
            folder=RunFolder(folder.resolve()),
            working_directory=Path.cwd(),
            command=sys.orig_argv,
            screen=screen,
            gatekeeper=Gatekeeper(frozen.experiment.approval, None, answered_by_parent(folder.parent)),
            trial=True,
            estimate=estimated_by_parent(folder.parent, int(folder.name)) if folder.name.isdigit() else None,
        )
        return run_job(launch)
    except YololabError as error:
        show_error(error)
        return error.exit_code


if __name__ == "__main__":
    raise SystemExit(run_trial(Path(sys.argv[1])))

"""`yololab track RUN_OR_SWEEP`: send experiment trackers what they do not know yet of a run or a sweep."""

from contextlib import nullcontext
from dataclasses import asdict

from yololab.cli.request import Request
from yololab.errors import InputError, Problem
from yololab.files.locks import locked
from yololab.files.paths import OutputTree, RunFolder, TrackingStore, project_of
from yololab.tracking.contents import subject_of
from yololab.tracking.launch import feed_again, tracked_by


def run(request: Request) -> int:
    """Feed the trackers that are named, else those that know the run; return 0, or 1 when one failed."""
    path = request.path.resolve()
    subject = subject_of(path)
    names = request.experiment.tracking or tracked_by(path)
    if not names:
        raise InputError(Problem("tracking", "no tracker was named, and none knows it", remedy="add tracking=mlflow"))
    tree = project_of(path, request.tree) or OutputTree(request.tree.root)
    with nullcontext() if subject.kind == "sweep" else locked(RunFolder(path)):  # while it runs, it is fed already
        states = feed_again(path, names, TrackingStore(tree.tracking), request.screen.warn)
    for name, state in states.items():
        if state.error is None:
            request.screen.stage("track", f"{name}: {state.place}")
    request.print_json({name: asdict(state) for name, state in states.items()})
    return int(any(state.error for state in states.values()))

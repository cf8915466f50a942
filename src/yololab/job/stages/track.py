"""Experiment trackers: fed beside the training from the run's folder, and never in its way."""

from dataclasses import asdict

from yololab.files.paths import TrackingStore
from yololab.job.context import Context, Results, Stage
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.text import shortened
from yololab.tracking.launch import Trackers


class Tracked(Trackers):
    """The trackers that the run is fed to, which may be none."""


def run(context: Context, prepared: Prepared, checked: Checked) -> Tracked:
    """Start the trackers that the config names; a rehearsal is no result that belongs there."""
    tracked = Tracked(context.folder.path, TrackingStore(prepared.paths.tree.tracking), context.screen.warn)
    tracked.start([] if checked.inputs.rehearsal else context.config.tracking)
    return tracked


STAGE = Stage("track", run, always=True)


def finish(context: Context, results: Results) -> None:
    """Let the trackers send the rest, say where each keeps the run, and record it."""
    tracked = results.get(Tracked)
    states = {} if tracked is None else tracked.finish("run" if context.trial is None else "trial")
    for name, state in states.items():
        if state.error is None:
            context.screen.detail(f"{name}: {shortened(state.place, 300)}")
    if states:
        context.record.update(tracking={name: asdict(state) for name, state in states.items()})

"""`yololab promote RUN_OR_SWEEP`: make a run, or the winner of a sweep, the baseline of its dataset and task."""

from yololab.cli.request import Request
from yololab.files.paths import TrackingStore
from yololab.job.standalone.promote import promote_model
from yololab.sweep.results.summary import winner_of
from yololab.sweep.state import SweepFolder
from yololab.tracking.launch import feed_again, tracked_by


def run(request: Request) -> int:
    """Promote a run, a sweep's winner, an evaluation, or a plain folder of Ultralytics; return 0."""
    sweep = SweepFolder(request.path)
    path = winner_of(sweep) if sweep.is_sweep() else request.path
    baseline, version = promote_model(path, request.experiment, request.working_directory, request.screen)
    request.screen.place("now the baseline", baseline.path, "promote")
    request.screen.detail(f"version {version.name}; earlier ones stay in {baseline.history}")
    names = tracked_by(path) if path.is_dir() else []
    if names:
        feed_again(path, names, TrackingStore(request.tree.tracking), request.screen.warn)
    request.print_json({"baseline": str(baseline.path), "version": version.name})
    return 0

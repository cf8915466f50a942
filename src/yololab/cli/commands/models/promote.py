"""`yololab promote RUN_OR_SWEEP`: make a run, or the winner of a sweep, the baseline of its dataset and task."""

from __future__ import annotations

from pathlib import Path

from yololab.cli.commands.models.compare import measured
from yololab.cli.request import Request, tree_of
from yololab.comparison.dataset_name import dataset_of
from yololab.comparison.run_reference import origin_of, read_reference
from yololab.errors import InputError, Problem
from yololab.files.baseline import baseline_of
from yololab.files.baseline import promote as promote_baseline
from yololab.files.paths import RunFolder
from yololab.sweep.results.summary import winner_of
from yololab.sweep.state import SweepFolder

USAGE = 'promote RUN_OR_SWEEP [notes="…"]'


def run(request: Request) -> int:
    """Promote a run, a sweep's winner, an evaluation, or a plain folder of Ultralytics; earlier ones are kept.

    Returns:
        0.
    """
    (word,) = request.expect_operands(USAGE, 1, 1)
    composed = request.compose()
    word = str(request.path_of(word))
    sweep = SweepFolder(Path(word))
    if sweep.is_sweep():
        word = str(winner_of(sweep))
    reference = read_reference(word, request.working_directory)
    metrics = measured(reference, reference, composed, request)
    name = dataset_of(reference, metrics)
    if name is None:
        remedy = (
            "compare with it directly (baseline.path=…), or evaluate its checkpoint: yololab evaluate model=… data=…"
        )
        raise InputError(Problem(str(reference.path), "does not say which dataset it belongs to", USAGE, remedy))
    tree = tree_of(composed, request.working_directory)
    baseline = baseline_of(tree, name, metrics.task, metrics.fingerprint)
    predictions = reference.predictions or metrics.path.parent / "predictions.npz"
    origin = origin_of(RunFolder(reference.path)) if reference.path.is_dir() else {"run": str(reference.path)}
    version = promote_baseline(baseline, metrics, predictions, origin, composed.experiment.notes)
    screen = request.screen()
    screen.stage("promote", f"now the baseline: {baseline.folder}")
    screen.detail(f"version {version.name}; earlier ones stay in {baseline.history}")
    if request.as_json:
        request.print_json({"baseline": str(baseline.folder), "version": version.name})
    return 0

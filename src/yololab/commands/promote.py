"""`yololab promote RUN_OR_SWEEP`: make a run, or the winner of a sweep, the baseline of its dataset and task."""

from __future__ import annotations

from pathlib import Path

from yololab.baseline import baseline_of
from yololab.baseline import promote as promote_baseline
from yololab.commands.compare import measured
from yololab.commands.naming import dataset_of
from yololab.commands.request import Request, tree_of
from yololab.errors import InputError, Problem
from yololab.runfolder import RunFolder
from yololab.stages.operands import origin_of, read_operand
from yololab.sweep.summary import winner_of
from yololab.sweep.trials import SweepFolder

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
    operand = read_operand(word, request.working_directory)
    metrics = measured(operand, operand, composed, request)
    name = dataset_of(operand, metrics)
    if name is None:
        remedy = (
            "compare with it directly (baseline.path=…), or evaluate its checkpoint: yololab evaluate model=… data=…"
        )
        raise InputError(Problem(str(operand.path), "does not say which dataset it belongs to", USAGE, remedy))
    tree = tree_of(composed, request.working_directory)
    baseline = baseline_of(tree, name, metrics.task, metrics.fingerprint)
    predictions = operand.predictions or metrics.path.parent / "predictions.npz"
    origin = origin_of(RunFolder(operand.path)) if operand.path.is_dir() else {"run": str(operand.path)}
    version = promote_baseline(baseline, metrics, predictions, origin, composed.experiment.notes)
    screen = request.screen()
    screen.stage("promote", f"now the baseline: {baseline.folder}")
    screen.detail(f"version {version.name}; earlier ones stay in {baseline.history}")
    if request.as_json:
        request.print_json({"baseline": str(baseline.folder), "version": version.name})
    return 0

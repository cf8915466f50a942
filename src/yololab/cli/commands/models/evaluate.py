"""`yololab evaluate`: measure a checkpoint under the pinned protocol."""

from yololab.cli.request import Request
from yololab.job.standalone.evaluate import evaluate_checkpoint
from yololab.terminal.tables import metrics_tables


def run(request: Request) -> int:
    """Evaluate a checkpoint and print its numbers; return 0."""
    metrics = evaluate_checkpoint(request.composed, request.working_directory, request.screen)
    metrics_tables(request.screen, metrics)
    request.print_json({**metrics.content, "path": str(metrics.path)})
    return 0

"""`yololab compare CURRENT [BASELINE]`: two models beside each other, and a gate for scripts."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.cli.request import Request, tree_of
from yololab.comparison.comparison_file import write_comparison
from yololab.comparison.result import Comparison
from yololab.comparison.run_reference import RunReference
from yololab.comparison.sides import compare_sides
from yololab.config.compose import Composed
from yololab.config.schema import Gate
from yololab.errors import GateError
from yololab.files.json_files import write_text_atomically
from yololab.files.metrics import MetricsFile
from yololab.files.paths import RunFolder, create_folder
from yololab.report.comparison_markdown import comparison_markdown
from yololab.terminal.tables import comparison_table

USAGE = "compare CURRENT [BASELINE]  (run folders, metrics.json files, baselines, or patterns of runs: 'multirun/x/*')"


def run(request: Request) -> int:
    """Compare, print the table, write comparison.json and comparison.md.

    Returns:
        0, or 4 when the gate stops.
    """
    result = compare_operands(request)
    screen = request.screen()
    comparison_table(screen, result.comparison)
    screen.detail(f"written: {result.path} and comparison.md beside it")
    if request.as_json:
        request.print_json(result.content | {"path": str(result.path)})
    if result.content["gate"]["passed"]:
        return 0
    screen.warn(f"the gate baseline.gate={result.content['gate']['policy']} stops here: exit code 4")
    return GateError.exit_code


@dataclass(frozen=True)
class CompareResult:
    """What `yololab compare` found.

    Attributes:
        comparison: The comparison.
        content: The content of comparison.json.
        path: The file.
    """

    comparison: Comparison
    content: dict[str, Any]
    path: Path


def compare_operands(request: Request) -> CompareResult:
    """Compare the operands of a command and write comparison.json and comparison.md.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    operands = request.expect_operands(USAGE, 1, 2)
    composed = request.compose()
    settings, tree = composed.experiment.baseline, tree_of(composed, request.working_directory)
    comparison = compare_sides(
        [_path_or_pattern(operand, request) for operand in operands],
        settings,
        tree,
        request.working_directory,
        lambda reference, other: measured(reference, other, composed, request),
    )
    folder = RunFolder(create_folder(tree.comparisons, ""))
    content = write_comparison(folder.comparison, comparison, settings.gate or Gate.DEGRADED)
    write_text_atomically(folder.comparison_markdown, comparison_markdown(content))
    return CompareResult(comparison, content, folder.comparison)


def _path_or_pattern(operand: str, request: Request) -> str:
    """Return the path of an operand; a pattern of runs stays as it is."""
    path = request.path_of(operand)
    return str(path) if path.exists() else operand


def measured(reference: RunReference, other: RunReference, composed: Composed, request: Request) -> MetricsFile:
    """Return the numbers of a reference; a plain folder of Ultralytics is evaluated first, under our protocol.

    Args:
        reference: The reference.
        other: The other side; its protocol and data are used where the reference has none of its own.
        composed: The command's config.
        request: The command.
    """
    if reference.metrics is not None:
        return reference.metrics
    # Evaluating imports PyTorch; two metrics.json files are compared without.
    from yololab.cli.commands.models.plain_run import measure_plain_run

    with tempfile.TemporaryDirectory() as scratch:
        return measure_plain_run(reference, other, composed, request, Path(scratch))

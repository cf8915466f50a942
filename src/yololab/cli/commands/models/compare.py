"""`yololab compare CURRENT [BASELINE]`: two models side by side, and a gate for scripts."""

from yololab.cli.request import Request
from yololab.errors import GateError
from yololab.files.paths import RunFolder
from yololab.job.standalone.compare import compare_models
from yololab.terminal.tables import comparison_table


def run(request: Request) -> int:
    """Compare, print the table, write comparison.json, comparison.md and a page; return 0, or 4 when the gate stops."""
    screen = request.screen
    result = compare_models(request.operands, request.experiment, request.working_directory, screen)
    comparison_table(screen, result.comparison)
    screen.place("report", RunFolder(result.path.parent).report)
    request.print_json(result | {"path": str(result.path)})
    if result.passes:
        return 0
    screen.warn(f"the gate baseline.gate={result['gate']['policy']} stops here: exit code {GateError.exit_code}")
    return GateError.exit_code

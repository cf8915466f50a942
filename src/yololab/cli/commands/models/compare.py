"""`yololab compare CURRENT [BASELINE]`: two models side by side, and a gate for scripts."""

from yololab.cli.request import Request
from yololab.comparison.arms import read_arms
from yololab.comparison.groups import absolute_group
from yololab.comparison.planning.false_alarms import false_alarms, with_seeds
from yololab.errors import GateError
from yololab.files.paths import RunFolder
from yololab.files.run_names import path_or_pattern
from yololab.job.standalone.compare import compare_models
from yololab.terminal.tables import comparison_table, false_alarms_table
from yololab.text import counted


def run(request: Request) -> int:
    """Compare, print the table, write comparison.json, comparison.md and a page; return 0, or 4 when the gate stops."""
    screen = request.screen
    if "--null" in request.flags:
        return _null(request)
    result = compare_models(request.operands, request.experiment, request.working_directory, screen)
    comparison_table(screen, result.comparison)
    screen.place("report", RunFolder(result.path.parent).report)
    request.print_json(result | {"path": str(result.path)})
    if result.passes:
        return 0
    screen.warn(f"the gate baseline.gate={result['gate']['policy']} stops here: exit code {GateError.exit_code}")
    return GateError.exit_code


def _null(request: Request) -> int:
    """Print how often equal recipes are told apart; return 0."""
    here, settings, screen = request.working_directory, request.experiment, request.screen
    named = [path_or_pattern(request.tree, text, here) for text in request.operands]
    every = [arm for text in named for arm in read_arms(text, here)]
    arms = with_seeds(every)
    group = absolute_group(settings.evaluation.group, here)
    with screen.counting("compare", "pairs") as progress:
        found = false_alarms(arms, settings.baseline.tolerance, group, progress)
    false_alarms_table(screen, arms, found)
    if len(arms) < len(every):
        screen.detail(f"{counted(len(every) - len(arms), 'recipe')} of one seed left out")
    request.print_json(
        {"runs": [str(run.path) for arm in arms for run in arm.runs], "rates": [f.to_json() for f in found]}
    )
    return 0

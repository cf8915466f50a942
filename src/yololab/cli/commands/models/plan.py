"""`yololab plan RUN drop=0.01 [power=0.8]`: how many images and seeds it takes to find a drop."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from yololab.cli.request import Request
from yololab.comparison.arms import read_arms
from yololab.comparison.groups import absolute_group
from yololab.comparison.planning.plan import Plan, plan_comparison
from yololab.config.arguments.values import read_value
from yololab.config.reading import read_group
from yololab.config.schema import PathsConfig
from yololab.config.special import read_group as read_group_of_images
from yololab.errors import InputError, Problem, noting
from yololab.files.paths import OutputTree
from yololab.files.run_names import path_or_pattern
from yololab.terminal.screen import Screen
from yololab.text import number, share

_BAR = 20


def run(request: Request) -> int:
    """Print the plan; return 0."""
    given = [text for text in request.operands if re.match(r"[\w.]+=", text)]
    names = [text for text in request.operands if text not in given]
    wanted = _read(given)
    if len(names) != 1:
        raise InputError(Problem("command line", f"{len(names)} runs", "one: yololab plan RUN drop=0.01"))
    here = request.working_directory
    tree = OutputTree.of_project(wanted.paths.root, here, to_write=False)
    arms = read_arms(path_or_pattern(tree, names[0], here), here)
    if len(arms) > 1:
        found = f"{len(arms)} configurations that differ in more than the seed"
        raise InputError(Problem(names[0], found, "one run, or the seeds of one recipe", "use a narrower pattern"))
    plan = plan_comparison(arms[0], wanted.drop, wanted.power, absolute_group(wanted.group, here))
    _show(request.screen, plan)
    request.print_json(plan.to_json())
    return 0


@dataclass(frozen=True)
class _Wanted:
    """What the command line asks for."""

    drop: float
    power: float
    group: str | None
    paths: PathsConfig


def _read(texts: Sequence[str]) -> _Wanted:
    """Read `drop=`, `power=`, and the settings of the project."""
    problems: list[Problem] = []
    found, group, places, paths = {"power": 0.8}, None, {}, PathsConfig()
    limits = {"drop": (0.0, 1e9, "above 0, such as drop=0.01"), "power": (0.05, 1.0, "between 0.05 and 1: power=0.8")}
    for text in texts:
        key, _, value = text.partition("=")
        if key.startswith("paths."):
            places[key.removeprefix("paths.")] = value
        elif key == "evaluation.group":
            with noting(problems):
                group = read_group_of_images(key, read_value(value))
        elif key in limits:
            low, high, allowed = limits[key]
            try:
                found[key] = float(value)
            except ValueError:
                found[key] = -1.0
            if not low < found[key] < high:
                problems.append(Problem(key, repr(value), f"a number {allowed}"))
        else:
            read = "drop=0.01, power=0.8, evaluation.group, paths.…"
            problems.append(Problem(key, "`yololab plan` does not read it", read))
    with noting(problems):
        paths = read_group(PathsConfig, "paths", places)
    if "drop" not in found and not problems:
        remedy = "yololab plan RUN drop=0.01"
        problems.append(Problem("drop", "missing", "the loss that must not pass unseen, such as drop=0.01", remedy))
    if problems:
        raise InputError(problems)
    return _Wanted(found["drop"], found["power"], group, paths)


def _show(screen: Screen, plan: Plan) -> None:
    """Print the plan for people."""
    unit, drop = plan.unit, f"{plan.drop:g}"
    screen.stage("plan", f"{plan.metric}: a drop of {drop}, found with a power of {share(plan.power)}")
    error = f"standard error of a difference {number(plan.standard_error)} with {plan.units:,} {unit}"
    screen.detail(f"{error}, {plan.basis}")
    screen.detail(f"these show a drop of {number(plan.smallest_drop)} or more")
    ruled_out = f"about {plan.to_rule_out:,} rule it out where the models are equal"
    screen.detail(f"about {plan.to_show:,} {unit} show a drop of {drop}; {ruled_out}")
    if plan.seed_sd is not None:
        needed = f"{plan.seeds} seeds an arm show it between recipes, on the {unit} there are"
        too_few = f"no number of seeds shows it between recipes: {plan.units:,} {unit} are too few"
        screen.detail(f"SD between seeds {number(plan.seed_sd)}: {needed if plan.seeds else too_few}")
    rows = [
        (f"{point.units:,}", share(point.show), share(point.rule_out), "█" * round(_BAR * point.show))
        for point in plan.curve
    ]
    screen.table((unit, "shown", "ruled out", "power to show it"), rows)

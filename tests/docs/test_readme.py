"""The README says what is true: its commands are understood, its files and options exist, its Python runs."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from yololab.cli.table import COMMANDS, SYNTAX
from yololab.config.arguments.translate import translate
from yololab.config.folders import group_options
from yololab.files.paths import RunFolder
from yololab.tasks import TASKS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


LINES = [
    line.split("  #")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if re.match(r"(\.venv/bin/)?yololab\b", line)
]


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_understood(line, tmp_path):
    (tmp_path / "experiment.yaml").write_text("epochs: 3\n")
    _, *words = shlex.split(line)
    translation = translate(words, SYNTAX, group_options(tmp_path), tmp_path)
    assert not translation.problems
    assert translation.command in COMMANDS


def test_there_are_commands_and_every_command_is_shown():
    assert len(LINES) > 10
    shown = " ".join(LINES)
    for name in COMMANDS:
        assert f"yololab {name}" in shown, name


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([\w-]+)", "\n".join(blocks("sh")), flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_files_of_a_run_are_named_right(tmp_path):
    folder = RunFolder(tmp_path)
    (listing,) = [block for block in blocks("text") if "experiment_log.json" in block]
    for path in (folder.best, folder.metrics, folder.dataset_report, folder.comparison, folder.record, folder.report):
        assert path.name in listing


def test_the_python_example_uses_what_there_is():
    import yololab
    from yololab.api import Experiment

    (example,) = [block for block in blocks("python") if "run_experiment" in block]
    tree = ast.parse(example)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported <= set(yololab.__all__)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("run", "again"):
            assert hasattr(Experiment, node.attr) or node.attr in Experiment.__dataclass_fields__, node.attr


def test_every_recipe_tells_its_command_and_its_measured_score():
    measured = json.loads((ROOT / "tests/benchmarks/recipes.json").read_text(encoding="utf-8"))
    recipes = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "conf/experiment").glob("*.yaml")}
    assert set(measured) == set(recipes)
    for name, text in recipes.items():
        assert f"# yololab experiment={name}\n" in text
        found = measured[name]
        spread = f" ± {found['sd']:.3f}" if found["sd"] is not None else ""
        assert f"{found['metric']} {found['mean']:.3f}{spread} ({len(found['runs'])} seed" in text, name
        assert f"# About {found['seconds']} s on" in text, name


def test_the_table_of_tasks_is_the_one_of_the_package():
    rows = dict(re.findall(r"^\| (\w+) \| `yolo26n[^|]*\|[^|]*\| `([^`]+)` \|", README, flags=re.MULTILINE))
    assert rows == {name: task.primary_metric for name, task in TASKS.items()}
    for recipe in (ROOT / "conf/experiment").glob("*.yaml"):
        assert f"`{recipe.stem}`" in README or f"`experiment={recipe.stem}`" in README


def test_figures_come_from_their_results():
    """Each figure of the comparison's section is the one in the results file that it names."""
    results = {
        name: json.loads((ROOT / f"tests/benchmarks/{name}.json").read_text()) for name in ("calibration", "exact_ap")
    }
    for name, rates in results["calibration"]["settings"].items():
        keys = ("bare_rule_degraded", "verdict_degraded", "verdict_improved", "interval_excludes_truth")
        cells = [f"{rates[key]['rate']:.1%}" for key in (*keys, "permutation_below_0.05")]
        assert f"| {name} | {' | '.join(cells)} |" in README
    for name, rates in results["calibration"]["power"].items():
        difference = name.split()[-1].replace("-", "−")
        assert f"{difference} in {rates['verdict_degraded']['rate']:.0%}" in README
    cost = results["exact_ap"]["coco"]
    assert f"takes {cost['seconds']} s on two cores" in README
    assert f"{cost['plain_seconds_extrapolated']:,} s" in README


def test_what_a_search_costs_comes_from_its_result():
    found = json.loads((ROOT / "tests/benchmarks/search_cost.json").read_text())
    text = " ".join(README.split())
    tune, grid = found["against"]["tune"], found["against"]["grid"]
    assert f"Ultralytics' `tune()`, {tune['target_mAP50-95']:.3f}, after {tune['ratio']:.2f} of its CPU seconds" in text
    assert f"its own best, {grid['target_mAP50-95']:.3f}, after {grid['ratio']:.2f} of what a grid took" in text
    assert f"in all it took {tune['ratio_of_the_whole']:.2f} and {grid['ratio_of_the_whole']:.2f} of theirs" in text
    assert f"The grid's best was {found['best']['grid']:.3f} in the end" in text
    assert f"A trial costs {found['overhead']['ratio']:.2f} of a bare" in text
    assert f"{found['trials']} trials each" in text


def test_the_calibration_meets_its_limits():
    results = json.loads((ROOT / "tests/benchmarks/calibration.json").read_text())
    for rates in results["settings"].values():
        assert rates["simulations"] >= 1000
        assert rates["interval_excludes_truth"]["rate"] <= 0.08
        assert rates["permutation_below_0.05"]["rate"] <= 0.07
        assert rates["verdict_degraded_or_improved"]["rate"] <= 0.05

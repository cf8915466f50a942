"""The README says what is true: its commands are understood, its files and options exist, its Python runs."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from yololab.config.argv import translate
from yololab.config.commands import COMMANDS
from yololab.config.folders import group_options
from yololab.runfolder import RunFolder

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
    translation = translate(words, group_options(tmp_path), tmp_path)
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


def test_the_recipe_tells_the_measured_score():
    found = json.loads((ROOT / "tests/benchmarks/demo_seeds.json").read_text(encoding="utf-8"))["mAP50"]
    recipe = (ROOT / "conf/experiment/demo.yaml").read_text(encoding="utf-8")
    assert f"mAP50 {found['mean']:.3f} ± {found['sd']:.3f}" in recipe
    assert f"worst {found['worst']:.3f}" in recipe

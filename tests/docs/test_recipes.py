"""The recipes of conf/experiment: their heads are a manual, and true."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from yololab.config.schema import USER_ARGUMENTS

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "tests/benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import recipes  # noqa: E402

RESULTS = json.loads((BENCHMARKS / "recipes.json").read_text(encoding="utf-8"))


def head_of(name: str) -> list[str]:
    lines = (recipes.FOLDER / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    return [line for line in lines[: lines.index("defaults:")] if line.startswith("#")]


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_head_says_command_and_what_was_measured(name):
    head = head_of(name)
    assert head[0] == "# @package _global_"
    assert head[1].startswith("# yololab ")
    assert f"experiment={name}" in "\n".join(head)
    assert recipes.head_line(RESULTS[name], name) in "\n".join(head)


@pytest.mark.parametrize("name", sorted(recipes.SHORT))
def test_a_recipe_for_work_says_when_and_at_what_cost(name):
    head = "\n".join(head_of(name))
    assert "data=path/" in head
    assert "\n# When: " in head
    assert "\n# Cost: " in head
    assert recipes.page_row(name, RESULTS[name]) in recipes.PAGE.read_text(encoding="utf-8")
    assert {*recipes.SHORT[name].more} - {"model=yolo26n"} <= {*RESULTS[name]["command"].split()}


@pytest.mark.parametrize("name", sorted(recipes.SHORT))
def test_hyperparameters_stand_in_a_file_of_their_own(name):
    """Scalars of a recipe win over the groups that a user chooses beside it (`hparams=…`)."""
    content = yaml.safe_load((recipes.FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    assert not {*content} & {*USER_ARGUMENTS}

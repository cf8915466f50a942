"""What a setting is, and that every one of ours is set by a test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest

from yololab.config.defaults import known_keys
from yololab.config.schema import GROUP_CLASSES
from yololab.config.settings import Kind, Setting, meanings_of, same_as, setting, settings_of
from yololab.config.train_arguments.arguments import USER_ARGUMENTS, TrainArguments

TESTS = Path(__file__).parents[2]


class Shade(StrEnum):
    DARK = "dark"


@dataclass
class Lamp:
    """A lamp.

    Attributes:
        watts: What it takes, in watts;
            more is brighter.
        shade: Its shade.
        tags: What is said of it.
        lr0: A learning rate.
    """

    watts: int | None = setting(3, at_least=1)
    shade: Shade = Shade.DARK
    tags: list[str] = field(default_factory=list)
    lr0: float = same_as(USER_ARGUMENTS["lr0"])


def test_annotation_default_and_rules_make_a_setting():
    found = settings_of(Lamp)
    assert found["watts"] == Setting("watts", int, 3, optional=True, at_least=1)
    assert found["shade"] == Setting("shade", Shade, Shade.DARK)
    assert found["tags"] == Setting("tags", list, [])
    assert found["lr0"] == Setting("lr0", Kind.FLOAT, 0.01, at_least=0.0, at_most=1.0)


def test_meanings_stand_in_the_docstring():
    assert meanings_of(Lamp)["watts"] == "What it takes, in watts; more is brighter."
    assert list(meanings_of(Lamp)) == ["watts", "shade", "tags", "lr0"]


@pytest.mark.parametrize("cls", [*TrainArguments.__bases__, *GROUP_CLASSES.values()])
def test_every_setting_has_a_meaning_and_nothing_else_has(cls):
    assert list(meanings_of(cls)) == list(vars(cls)["__annotations__"])


# `test_validation.py` sets every argument of Ultralytics; these have no test of their own, we only hand them on.
HANDED_ON = {"save_conf", "show_conf", "warmup_momentum"}


@pytest.mark.heavy
def test_every_setting_is_set_by_a_test():
    """By its dotted name, or as a key of its group: `name=…` or "name"."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py") if path != Path(__file__))
    groups = {*GROUP_CLASSES, "baseline.guards"}
    settings = [key for key in known_keys() if key not in groups and not key.startswith("check.severity.")]
    assert [key for key in settings if key not in HANDED_ON and not is_set(key, text)] == []


def is_set(key: str, text: str) -> bool:
    """A plain search first: it is a hundred times as fast as an expression."""
    group, _, name = key.rpartition(".")
    if group and (f'"{name}"' in text or f"'{name}'" in text):
        return True
    words = (rf"\b{re.escape(key)}\b", key), *([(rf"\b{name}=", f"{name}=")] if group else [])
    return any(plain in text and re.search(pattern, text) for pattern, plain in words)


def test_a_setting_that_no_test_sets_is_found():
    text = """compose(["search.seeds=3"]); SearchConfig(trials=2); tree["check"]["decode"]"""
    keys = ("search.seeds", "search.trials", "check.decode", "search.keep", "evaluation.deco")
    assert [key for key in keys if not is_set(key, text)] == ["search.keep", "evaluation.deco"]

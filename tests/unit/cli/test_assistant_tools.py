"""Tools of an assistant: what they offer, the command line that they stand for, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.cli.assistant_tools import Tools, schema
from yololab.cli.table import COMMANDS, Autonomy
from yololab.errors import InputError

PROJECT = Path("/home/u/project")


def test_only_what_may_be_run_unasked_is_offered():
    offered = Tools(PROJECT).commands
    assert {name for name, command in COMMANDS.items() if command.autonomy == Autonomy.FREE} == set(offered)
    assert not {"train", "promote", "clean", "resume", "mcp"} & set(offered)
    assert set(Tools(PROJECT, ("train",)).commands) - set(offered) == {"train"}
    for command in COMMANDS.values():
        assert schema(command)["type"] == "object"


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("check", {"settings": {"data": "data/data.yaml", "check.near_duplicates": False}},
         ["check", "data=data/data.yaml", "check.near_duplicates=false", "--json"]),
        ("compare", {"current": "latest", "baseline": ["a.json", "'multirun/x/*'"], "settings": {"truth": "i.json"}},
         ["compare", "latest", "a.json", "'multirun/x/*'", "truth=i.json", "--json"]),
        ("plan", {"run": "latest", "settings": {"drop": 0.01}}, ["plan", "latest", "drop=0.01", "--json"]),
        ("note", {"run": "latest", "text": "see ../there and ${this}, -- http://x"},
         ["note", "latest", "see ../there and ${this}, -- http://x", "--json"]),
        ("estimate", {"multirun": True, "settings": {"lr0": "0.1,0.2", "data": "builtin://shapes"}},
         ["estimate", "-m", "lr0=0.1,0.2", "data=builtin://shapes", "--json"]),
        ("compare", {"current": "/data/run"}, ["compare", "/data/run", "--json"]),
        ("guide", {}, ["guide"]),
    ],
)  # fmt: skip
def test_a_call_is_a_command_line(name, given, words):
    assert Tools(PROJECT, folders=(Path("/data"),)).command_line(name, given) == words


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("train", {}, "yololab mcp allow=train"),
        ("mcp", {}, "no tool of this server"),
        ("check", {"data": "x"}, "settings go into `settings`"),
        ("compare", {}, "current: missing"),
        ("compare", {"current": "../other/run"}, "outside the project"),
        ("compare", {"current": "~/run"}, "outside the project"),
        ("compare", {"current": "a", "baseline": ["/etc/passwd"]}, "outside the project"),
        ("compare", {"current": "--help"}, "is an option"),
        ("check", {"settings": {"data": "[a.yaml,/etc/b.yaml]"}}, "'/etc/b.yaml' lies outside"),
        ("check", {"settings": {"data": "${oc.env:TOKEN}"}}, "would be filled in"),
        ("evaluate", {"settings": {"model": "https://x/y.pt"}}, "fetched from a network"),
        ("check", {"settings": {"data.allow_download": True}}, "not to be set by an assistant"),
        ("evaluate", {"settings": {"paths.root": "x"}}, "not to be set by an assistant"),
        ("estimate", {"settings": {"approval": "auto"}}, "not to be set by an assistant"),
        ("estimate", {"settings": {"+hydra.x": "1"}}, "no name of a setting"),
        ("check", {"settings": "data=x"}, "an object of setting"),
    ],
)
def test_what_is_refused_says_why(name, given, says):
    with pytest.raises(InputError) as caught:
        Tools(PROJECT).command_line(name, given)
    assert says in str(caught.value)


def test_a_persons_yes_is_passed_on_where_a_training_is_allowed():
    words = Tools(PROJECT, ("train",)).command_line("train", {"settings": {"approval": "auto"}})
    assert words == ["train", "approval=auto", "--json"]
    with pytest.raises(InputError):
        Tools(PROJECT, ("train",)).command_line("train", {"settings": {"hydra.run.dir": "x"}})

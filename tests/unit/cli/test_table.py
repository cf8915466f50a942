"""The table of commands: every command is in it, and what it says of one is true."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

import yololab.cli.commands
from yololab.cli.commands.runs.resume import READ_OF_SWEEPS
from yololab.cli.help import setting_summary
from yololab.cli.table import COMMANDS, EXIT_CODES, SYNTAX
from yololab.config.arguments.translate import translate
from yololab.config.folders import group_options
from yololab.config.schema import GROUP_CLASSES, ExperimentConfig
from yololab.config.train_arguments.arguments import USER_ARGUMENTS
from yololab.job import rerun, resume

FOLDER = Path(yololab.cli.commands.__file__).parent
NAMES = list(COMMANDS)


def test_every_module_is_the_handler_of_one_command():
    modules = {".".join(path.relative_to(FOLDER).with_suffix("").parts) for path in FOLDER.rglob("[a-z]*.py")}
    assert modules == {command.module for command in COMMANDS.values()}
    assert len(modules) == len(COMMANDS)


@pytest.mark.parametrize("name", NAMES)
def test_the_handler_runs_what_the_table_says(name):
    module = import_module(f"yololab.cli.commands.{COMMANDS[name].module}")
    assert callable(module.run)
    assert hasattr(module, "run_multirun") is COMMANDS[name].multirun


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_exists_and_has_a_meaning(name):
    experiment = {item.name for item in fields(ExperimentConfig)}
    for key in COMMANDS[name].settings:
        group, _, inner = key.partition(".")
        assert group in experiment | USER_ARGUMENTS.keys(), key
        assert not inner or inner in {item.name for item in fields(GROUP_CLASSES[group])}, key
        assert setting_summary(key), key


def test_a_training_reads_every_setting_but_those_of_a_resume():
    read = set(COMMANDS["train"].settings)
    assert {item.name for item in fields(ExperimentConfig)} - read == {
        "resume",
        "overridden",
        "truth",
    }  # truth: of a comparison


def test_what_a_resume_and_a_rerun_read_is_what_the_job_takes():
    of_sweeps = {name for name in READ_OF_SWEEPS if name.partition(".")[0] not in resume.READ}
    assert set(COMMANDS["resume"].settings) == {*resume.READ, *resume.PERMISSIONS, *of_sweeps}
    assert set(COMMANDS["rerun"].settings) == {*rerun.READ, *resume.PERMISSIONS}


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_understood(name, tmp_path):
    assert COMMANDS[name].examples or name == "runs"
    for line, meaning in COMMANDS[name].examples:
        assert meaning
        read = translate([name, *shlex.split(line)], SYNTAX, group_options(tmp_path), tmp_path)
        assert not read.problems
        assert read.command == name


@pytest.mark.parametrize("name", NAMES)
def test_exit_codes_are_those_of_the_program(name):
    assert COMMANDS[name].exit_codes.keys() <= EXIT_CODES.keys()


@pytest.mark.parametrize(
    ("name", "usage", "operands"),
    [
        ("train", "yololab train [key=value …]", None),
        ("compare", "yololab compare CURRENT [BASELINE …]", (1, sys.maxsize)),
        ("runs", "yololab runs [FILTER …]", (0, sys.maxsize)),
        ("note", 'yololab note RUN "text"', (2, 2)),
        ("promote", "yololab promote RUN_OR_SWEEP", (1, 1)),
        ("report", "yololab report RUN_OR_SWEEP", (1, 1)),
    ],
)
def test_usage_and_number_of_operands_follow_from_the_arguments(name, usage, operands):
    assert (SYNTAX[name].usage, SYNTAX[name].operands) == (usage, operands)
    assert SYNTAX[name].text_operand == (1 if name == "note" else None)

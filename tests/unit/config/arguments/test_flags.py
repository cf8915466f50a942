"""Flags, separated from the rest of a command line."""

from __future__ import annotations

import pytest

from yololab.config.arguments.flags import answered_by_hydra, config_dirs, take_flags


@pytest.mark.parametrize(
    ("argv", "hydra", "tokens"),
    [
        (["--cfg", "job", "lr0=0.1"], ["--cfg", "job"], ["lr0=0.1"]),
        (["-c", "hydra"], ["--cfg", "hydra"], []),
        (["--cfg=all"], ["--cfg", "all"], []),
        (["--cfg", "mine.yaml"], [], ["--cfg", "mine.yaml"]),
        (["--info"], ["--info"], []),
        (["--info", "plugins"], ["--info", "plugins"], []),
        (["--info", "lr0=0.1"], ["--info"], ["lr0=0.1"]),
        (["-cd", "my conf", "x=1"], ["--config-dir", "my conf"], ["x=1"]),
        (["--run", "--", "x=1"], [], ["x=1"]),
    ],
)
def test_hydras_flags_take_their_values_and_leave_the_rest(argv, hydra, tokens):
    found = take_flags(argv)
    assert (found.hydra, found.tokens, found.problems) == (hydra, tokens, [])


def test_our_own_flags_may_stand_anywhere():
    found = take_flags(["runs", "--json", "x=1", "-m", "--help"])
    assert (found.json, found.multirun, found.help, found.version) == (True, True, True, False)
    assert found.tokens == ["runs", "x=1"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--config-name", "mine"], "experiment=<recipe>"),
        (["--experimental-rerun", "x"], "yololab rerun RUN"),
        (["-ms"], "did you mean"),
        (["--config-dir"], "no value"),
        (["--cfg=mine.yaml", "--package"], "no value"),
    ],
)
def test_a_flag_that_is_not_taken_says_what_is(argv, says):
    assert any(says in str(problem) for problem in take_flags(argv).problems)


def test_folders_are_known_before_anything_else_is_read():
    assert config_dirs(["train", "--config-dir", "a", "x=1", "-cd=b"]) == ["a", "b"]


def test_some_flags_start_no_job():
    assert answered_by_hydra(take_flags(["--cfg", "job"]).hydra)
    assert not answered_by_hydra(take_flags(["-m", "--config-dir", "a"]).hydra)

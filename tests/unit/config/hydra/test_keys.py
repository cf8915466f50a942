"""Every setting of the installed Hydra is obeyed, or refused with what to use instead."""

from __future__ import annotations

import pytest
from hydra.conf import HydraConf
from omegaconf import OmegaConf

from yololab.config.hydra.compose import compose_experiment
from yololab.config.hydra.grammar import quote
from yololab.config.hydra.keys import OBEYED, REFUSED, asked_folder, row_of, sweep_only
from yololab.errors import InputError
from yololab.text import flattened

TREE = OmegaConf.to_container(OmegaConf.structured(HydraConf), enum_to_str=True)
KEYS = [key for key, _ in flattened(TREE)]
# What a user would write there; else a word.
VALUES = {
    "verbose": "true",
    "job.chdir": "true",
    "mode": "MULTIRUN",
    "searchpath": "[file:///x]",
    "job.env_copy": "[HOME]",
    "job.config.override_dirname.exclude_keys": "[a]",
    "job.num": "3",
    "overrides.task": "[a]",
    "overrides.hydra": "[a]",
    "runtime.config_sources": "[]",
    "hydra_logging": "{a: 1}",
    "job_logging": "{a: 1}",
    "sweeper": "{_target_: a.B}",
    "job.env_set": "{A: b}",
    "runtime.choices": "{a: b}",
    "defaults": "[a: b]",
    "callbacks": "{a: {_target_: pathlib.Path}}",
    "launcher": "{cpus: 2}",
}


def test_the_table_knows_every_key_of_the_installed_hydra_and_no_other():
    assert len(KEYS) > 30
    assert [key for key in KEYS if row_of(key) is None] == []
    groups = {"output", "env", "help", "hydra_help", "launcher", "sweeper", "callbacks", "hydra_logging", "job_logging"}
    of_plug_ins = {"sweeper.params"}
    rows = {*OBEYED, *REFUSED}
    assert {row for row in rows if not any(f"{key}.".startswith(f"{row}.") for key in KEYS)} <= groups | of_plug_ins
    assert not OBEYED.keys() & REFUSED.keys()


def composed_with(key, text, tmp_path, monkeypatch):
    """Compose a recipe of the user's that sets one key of Hydra's."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/experiment/mine.yaml"
    file.parent.mkdir(parents=True)
    *groups, name = key.split(".")
    lines = ["# @package _global_", "hydra:"]
    lines += [f"{'  ' * depth}{group}:" for depth, group in enumerate(groups, 1)]
    lines += [f"{'  ' * (len(groups) + 1)}{name}: {text}"]
    file.write_text("\n".join(lines) + "\n")
    return compose_experiment(["experiment=mine"])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.heavy
def test_a_recipe_that_sets_it_is_obeyed_or_told_what_to_use_instead(key, tmp_path, monkeypatch):
    text = VALUES.get(key, "abc")
    if row_of(key) in OBEYED:
        node = composed_with(key, text, tmp_path, monkeypatch).hydra
        assert OmegaConf.select(node, key) is not None
        return
    if key.startswith(("runtime", "overrides", "defaults")) or key in (
        "job.id",
        "job.num",
        "job.override_dirname",
        "job.config_name",
    ):
        pytest.skip("Hydra sets it itself after a file was read")
    with pytest.raises(InputError) as caught:
        composed_with(key, text, tmp_path, monkeypatch)
    (problem,) = caught.value.problems
    if key == "searchpath":  # Hydra takes it from config.yaml alone
        assert "hydra.searchpath" in problem.found
        return
    assert problem.where == f"hydra.{row_of(key)}"
    assert problem.remedy == REFUSED[row_of(key)]


@pytest.mark.parametrize("key", [key for key in KEYS if row_of(key) in REFUSED])
def test_a_command_line_that_sets_it_is_told_what_to_use_instead(key):
    text = VALUES.get(key, "abc").replace(": ", ":")
    with pytest.raises(InputError) as caught:
        compose_experiment([f"++hydra.{key}={text if text[0] in '[{' else quote(text)}"])
    assert REFUSED[row_of(key)] in str(caught.value)


@pytest.mark.parametrize(
    "group", ["hydra_logging", "job_logging", "help", "hydra_help", "output", "env", "sweeper", "callbacks"]
)
def test_no_option_of_hydras_own_groups_is_taken_without_a_word(group):
    options = {"sweeper": "basic", "callbacks": "x", "output": "x", "env": "x"}
    with pytest.raises(InputError) as caught:
        compose_experiment([f"hydra/{group}={options.get(group, 'disabled')}"])
    assert group in str(caught.value)


@pytest.mark.parametrize(
    "override", ["~hydra.run.dir", "~hydra.sweep", "~hydra.job.name", "~hydra", "hydra=1", "hydra={a:1}"]
)
@pytest.mark.heavy
def test_nothing_of_it_can_be_taken_away(override):
    with pytest.raises(InputError, match="hydra"):
        compose_experiment([override])


def test_a_default_option_of_the_users_is_held_against_the_shipped_ones(tmp_path, monkeypatch):
    file = tmp_path / "conf/model/yolo26n.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\nmodel: {weights: yolo26n.pt}\nhydra: {verbose: true}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"hydra\.verbose"):
        compose_experiment([])


def test_a_callback_that_is_not_there_is_named_before_anything_starts():
    with pytest.raises(InputError, match=r"hydra\.callbacks\.mine: no such class"):
        compose_experiment(["+hydra.callbacks.mine._target_=nowhere.Mine"])


def test_a_single_run_takes_no_setting_of_a_sweep():
    keys = {
        "search",
        "search.trials",
        "hydra/launcher",
        "hydra.launcher.jobs",
        "hydra.sweep.dir",
        "lr0",
        "hydra.run.dir",
    }
    found = {problem.where for problem in sweep_only(keys)}
    assert found == {"search.trials", "hydra/launcher", "hydra.launcher.jobs", "hydra.sweep.dir"}


@pytest.mark.parametrize(("kind", "folder"), [("run", "outputs/training"), ("sweep", "multirun")])
def test_a_folder_is_made_where_hydra_is_asked_to(kind, folder, tmp_path):
    parent = tmp_path / folder
    config = compose_experiment([]).config
    assert asked_folder(config, kind, parent, tmp_path) is None
    config = compose_experiment([f"hydra.{kind}.dir={folder}/a_${{hydra.job.name}}"]).config
    assert asked_folder(config, kind, parent, tmp_path) == parent / "a_yololab"
    (parent / "a_yololab").mkdir(parents=True)
    with pytest.raises(InputError, match="is there already"):
        asked_folder(config, kind, parent, tmp_path)
    for elsewhere in ("mine", f"{folder}/a/b", "/", "..", folder):
        config = compose_experiment([f"hydra.{kind}.dir={elsewhere}"]).config
        with pytest.raises(InputError, match=r"paths\.root"):
            asked_folder(config, kind, parent, tmp_path)

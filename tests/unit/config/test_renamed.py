"""Settings under the names that they had: read everywhere, with one notice."""

from __future__ import annotations

import pytest
import yaml

from yololab.config import renamed
from yololab.config.arguments.overrides import Assignment, override_of
from yololab.config.defaults import default_tree, known_keys
from yololab.config.frozen import freeze, thaw
from yololab.config.hydra.compose import compose_experiment, plain_settings
from yololab.config.renamed import RENAMED, current_name, current_override, current_tree
from yololab.files.paths import RunFolder
from yololab.sweep.engines.registry import ENGINES, split_settings


@pytest.fixture(autouse=True)
def _no_notice_yet(monkeypatch):
    monkeypatch.setattr(renamed, "_noticed", set())


def test_new_names_are_settings_and_old_ones_are_not():
    launcher = {key.rpartition(".")[0] for key in RENAMED.values()} - set(default_tree())
    assert launcher == {"hydra.launcher"}
    for old, new in RENAMED.items():
        assert old not in known_keys()
        assert new in known_keys() or new.startswith("hydra.launcher.")


def test_the_notice_comes_once_and_names_both(capsys):
    assert [current_name("resuming.take_over") for _ in range(3)] == ["resume.even_if_running"] * 3
    assert capsys.readouterr().err == "notice: the setting resuming.take_over is now called resume.even_if_running\n"
    assert current_name("lr0") == "lr0"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("resuming.take_over=true", "resume.even_if_running=true"),
        ("++resuming.changed_data=true", "++resume.changed_data=true"),
        ("~resuming.changed_data", "~resume.changed_data"),
        ("notes='resuming.take_over=true'", "notes='resuming.take_over=true'"),
    ],
)
def test_an_override_gets_todays_name(old, new):
    assert current_override(old) == new


def test_the_command_line_takes_the_old_name():
    assert override_of(Assignment("resuming.take_over", "true"), {}, multirun=False) == "resume.even_if_running=true"


def test_composing_takes_the_old_name():
    composed = compose_experiment(["resuming.changed_data=true"])
    assert composed.experiment.resume.changed_data
    assert composed.experiment.overridden == {"resume.changed_data"}


def test_a_file_of_the_users_takes_the_old_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/experiment").mkdir(parents=True)
    (tmp_path / "conf/experiment/mine.yaml").write_text("# @package _global_\nresuming: {changed_data: true}\n")
    assert compose_experiment(["experiment=mine"]).experiment.resume.changed_data
    assert "resume.changed_data" in capsys.readouterr().err
    said = compose_experiment(["experiment=mine", "resume.changed_data=false"])
    assert not said.experiment.resume.changed_data
    assert "resuming" not in said.tree


def test_a_frozen_config_of_0_1_0_is_read_without_a_word(tmp_path, capsys):
    composed = compose_experiment([])
    folder = RunFolder(tmp_path)
    tree = composed.tree | {"resuming": {"take_over": False, "changed_data": False}}
    freeze(folder, {key: value for key, value in tree.items() if key != "resume"}, plain_settings(composed.hydra), [])
    assert "resuming" in yaml.safe_load(folder.config.read_text())
    named_then = {"even_if_running": False, "changed_data": False}
    assert thaw(tmp_path).tree == composed.tree | {"resume": named_then}
    assert capsys.readouterr().err == ""


def test_what_is_unknown_beside_an_old_name_stays_and_is_refused_later():
    assert current_tree({"resuming": {"take_over": True, "other": 1}}) == {
        "resuming": {"other": 1},
        "resume": {"even_if_running": True},
    }


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_launcher_of_an_older_sweep_is_read(engine):
    assert split_settings({"settle_seconds": 3, "cpus": 2})[0] == {"late_records_seconds": 3}

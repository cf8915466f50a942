"""The frozen config of a folder that may be anybody's: read within bounds, refused in words, without permissions."""

from __future__ import annotations

import os

import pytest
import yaml

from yololab.config.defaults import default_tree
from yololab.config.frozen import freeze, frozen_working_directory, refreeze, thaw
from yololab.config.hydra.compose import compose_experiment, plain_settings
from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.masking import mask_secrets


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.hydra.mkdir(parents=True)
    folder.config.write_text(yaml.safe_dump(default_tree()))
    folder.overrides.write_text("- epochs=3\n")
    node = {"run": {"dir": "there"}, "runtime": {"cwd": "/home/ann", "choices": {"model": "yolo26n"}}}
    folder.hydra_settings.write_text(yaml.safe_dump({"hydra": node}))
    return folder


def test_what_was_frozen_is_read(run):
    frozen = thaw(run.path)
    assert (frozen.overrides, frozen.choices) == (("epochs=3",), {"model": "yolo26n"})
    assert frozen.experiment.overridden == {"epochs"}
    assert str(frozen_working_directory(run)) == "/home/ann"


def test_a_permission_of_the_folder_is_none(run):
    tree = default_tree()
    tree["data"]["allow_download"] = True
    run.config.write_text(yaml.safe_dump(tree))
    run.overrides.write_text("- data.allow_download=true\n")
    assert thaw(run.path).experiment.data.allow_download is False


@pytest.mark.parametrize("name", ["config", "overrides", "hydra_settings"])
@pytest.mark.parametrize(
    "content", ["3", "null", "- [1]\n", "{a: 1}", "{hydra: 3}", "{hydra: {runtime: {}}}", "a: [", "\x00", "é: &a [*a]"]
)
def test_what_is_not_ours_is_refused_by_its_name(run, name, content):
    path = getattr(run, name)
    path.write_text(content)
    if name == "overrides" and content == "- [1]\n":
        content = "no override"
    with pytest.raises(InputError) as caught:
        thaw(run.path)
    assert any(str(path) in problem.where or name == "config" for problem in caught.value.problems)


@pytest.mark.parametrize("name", ["config", "overrides", "hydra_settings"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_what_is_no_file_is_not_waited_for(run, name, make):
    path = getattr(run, name)
    path.unlink()
    make(path)
    with pytest.raises(InputError):
        thaw(run.path)


@pytest.mark.parametrize("choices", [3, ["a"], None])
def test_choices_that_are_none_are_left_out(run, choices):
    node = {"run": {}, "runtime": {"choices": choices, "cwd": 3}}
    run.hydra_settings.write_text(yaml.safe_dump({"hydra": node}))
    assert thaw(run.path).choices == {}
    assert frozen_working_directory(run) is None


def test_a_repetition_has_its_own_place(run, tmp_path):
    again = RunFolder(tmp_path / "again")
    refreeze(run, again, tmp_path / "place")
    node = yaml.safe_load(again.hydra_settings.read_text())["hydra"]
    assert node["run"]["dir"] == node["runtime"]["output_dir"] == str(tmp_path / "place")
    assert thaw(again.path).tree == thaw(run.path).tree


def test_the_files_are_those_that_the_whole_content_gives(tmp_path):
    """Section by section, as each is written once for thousands of trials."""
    composed = compose_experiment(["lr0=0.02", "notes='a long note with: colons, and words that go on beyond a line'"])
    hydra = plain_settings(composed.hydra)
    hydra["job"]["env_set"] = {"API_KEY": "secret", "TEXT": "words " * 40}
    tree = composed.tree | {"password": "secret", "empty": {}, "list": [1, [2.0, None]], "yes": "yes"}
    for _ in range(2):
        freeze(RunFolder(tmp_path), tree, hydra, composed.overrides)
        for file, content in (("config", tree), ("hydra", {"hydra": hydra}), ("overrides", list(composed.overrides))):
            whole = yaml.dump(mask_secrets(content), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
            assert (tmp_path / f".hydra/{file}.yaml").read_text() == whole
            assert "secret" not in whole

"""Where Hydra finds options: files as options, and a user's groups."""

from __future__ import annotations

import os

import pytest
from hydra.plugins.config_source import ConfigLoadError

from yololab.config.folders import group_options
from yololab.config.hydra.compose import compose_experiment
from yololab.config.hydra.grammar import encode_free
from yololab.config.hydra.sources import FreeSource, GroupFolderSource, free_option
from yololab.errors import InputError


@pytest.mark.parametrize(("group", "key"), [("model", "weights"), ("data", "source"), ("device", "id")])
def test_a_free_value_arrives_as_it_was_written(group, key):
    source = FreeSource("yololab", "free://")
    path = f"{group}/{encode_free('./a b/${x}.pt')}"
    assert source.is_config(path)
    found = source.load_config(path)
    assert found.header == {"package": group}
    assert found.config[key] == "./a b/${x}.pt"


def test_anything_else_is_left_to_the_other_sources():
    source = FreeSource("yololab", "free://")
    for path in ("model/yolo26n", "hparams/free+x", "config"):
        assert not source.is_config(path)
        with pytest.raises(ConfigLoadError):
            source.load_config(path)
    assert source.list("model", None) == []
    assert not source.is_group("model")


def test_a_device_is_its_id():
    assert free_option("device", "cpu") == {"id": "cpu"}
    assert free_option("device", "0") == {"id": "0"}


def test_of_a_users_folder_only_the_groups_are_served(tmp_path):
    (tmp_path / "hparams").mkdir()
    (tmp_path / "hparams" / "ours.yaml").write_text("lr0: 0.1\n")
    (tmp_path / "config.yaml").write_text("lr0: 9\n")
    source = GroupFolderSource("user", f"groups://{tmp_path}")
    assert source.is_config("hparams/ours")
    assert not source.is_config("config")


HEAD = b"# @package _global_\ndefaults: [default, _self_]\n"


def doubled(levels: int) -> bytes:
    """Return YAML in which each line holds the one before ten times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return HEAD + "\n".join(lines).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (doubled(5), "values"),
        (doubled(12), "values"),
        (HEAD + b"a: " + b"[" * 5000 + b"]" * 5000, "levels"),
        (HEAD + b"a: " + b"{a: " * 200 + b"1" + b"}" * 200, "levels"),
        (HEAD + b"a: &a [*a]\n", "holds itself"),
        (HEAD + b"# " + b"x" * 2**20, "bytes"),
        (HEAD + b"# caf\xe9\n", "line 3"),
        (HEAD + b"lr0: 0.1\0\n", "control characters"),
        (HEAD + b"lr0: !!python/object/apply:os.getcwd []\n", "tag"),
        (HEAD + b"? [a, b]\n: 1\n", "unhashable"),
        (HEAD + b"1: 2\n", "1: unknown key"),
        (HEAD + b"lr0: ${lrf}\nlrf: ${lr0}\n", "Recursive"),
        (b"# @package _global_\ndefaults: [mine, _self_]\n", "refers to itself"),
        (b"# @package _global_\ndefaults: 3\n", "defaults"),
        (b"# @package _global_\ndefaults: [override /hparms: default]\n", "did you mean hparams"),
        (b"# @package _global_\ndefaults: [override /augmentation: heavy]\n", "a recipe in conf/experiment can"),
        (b"- a\n", "top level"),
    ],
)
@pytest.mark.heavy
def test_an_option_file_without_bounds_or_sense_is_refused_before_it_takes_memory(content, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/hparams/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(InputError, match=says):
        compose_experiment(["hparams=mine"])


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "nowhere"])
def test_what_is_no_file_is_no_option_and_nobody_waits_for_it(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/hparams/mine.yaml"
    file.parent.mkdir(parents=True)
    {
        "pipe": lambda: os.mkfifo(file),
        "device": lambda: file.symlink_to("/dev/zero"),
        "folder": file.mkdir,
        "nowhere": lambda: file.symlink_to(tmp_path / "gone"),
    }[kind]()
    assert "mine" not in group_options(tmp_path)["hparams"]
    with pytest.raises(InputError, match=r"mine\.yaml: no regular file"):
        compose_experiment(["hparams=mine"])


def test_an_option_may_have_a_name_that_is_no_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "conf/hparams"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"caf\xe9.yaml")).write_bytes(HEAD + b"lr0: 0.2\n")
    assert "caf\udce9" in group_options(tmp_path)["hparams"]
    assert compose_experiment(["hparams='caf\udce9'"]).experiment.train.lr0 == 0.2


def test_a_recipe_that_names_an_option_that_is_not_there_is_told_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "conf/experiment/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\ndefaults:\n  - override /augmentation: hevy\n")
    with pytest.raises(InputError, match=r"experiment=mine: [^\n]*augmentation/hevy'\n    did you mean heavy"):
        compose_experiment(["experiment=mine"])

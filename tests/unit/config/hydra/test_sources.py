"""Where Hydra finds options: files as options, and a user's groups."""

from __future__ import annotations

import pytest
from hydra.plugins.config_source import ConfigLoadError

from yololab.config.hydra.grammar import encode_free
from yololab.config.hydra.sources import FreeSource, GroupFolderSource, free_option


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


def test_a_cpu_has_no_mixed_precision():
    assert free_option("device", "cpu") == {"id": "cpu", "amp": False}
    assert free_option("device", "0") == {"id": "0"}


def test_of_a_users_folder_only_the_groups_are_served(tmp_path):
    (tmp_path / "hparams").mkdir()
    (tmp_path / "hparams" / "ours.yaml").write_text("lr0: 0.1\n")
    (tmp_path / "config.yaml").write_text("lr0: 9\n")
    source = GroupFolderSource("user", f"groups://{tmp_path}")
    assert source.is_config("hparams/ours")
    assert not source.is_config("config")

"""Datasets are fetched only when asked for, and never without the network."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare
from yololab.ultralytics_adapter.models.download import fetch_class_folders, fetch_dataset

pytestmark = pytest.mark.torch


@pytest.fixture
def _offline(tmp_path):
    prepare(Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=True))


@pytest.mark.usefixtures("_offline")
def test_offline_it_says_what_to_do_and_runs_nothing(tmp_path):
    yaml = tmp_path / "data.yaml"
    yaml.write_text(
        f"path: {tmp_path / 'gone'}\nval: images\nnames: [a]\ndownload: |\n  open({str(tmp_path / 'ran')!r}, 'w')\n"
    )
    with pytest.raises(InputError, match="network is off"):
        fetch_dataset(yaml)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(InputError, match="network is off"):
        fetch_class_folders("imagenet10")


def test_a_script_that_fails_is_told_in_one_line(tmp_path):
    prepare(Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=False))
    yaml = tmp_path / "data.yaml"
    yaml.write_text(
        f"path: {tmp_path / 'gone'}\ntrain: images\nval: images\nnames: [a]\n"
        "download: |\n  raise ZeroDivisionError('of the author')\n"
    )
    with pytest.raises(InputError, match="of the author"):
        fetch_dataset(yaml)

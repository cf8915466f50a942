"""Checking a dataset without a run."""

from __future__ import annotations

import json

import pytest
from tiny import make_dataset

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.check import check_data
from yololab.terminal.screen import Screen


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_dataset(tmp_path / "tiny")


def check(tmp_path, data, *overrides: str, task: str | None = None):
    composed = compose_experiment([f"data.source='{data}'", *overrides])
    return check_data(composed, task, tmp_path, Screen(quiet=True))[2]


def test_the_report_the_manifest_and_the_page_are_written(tmp_path, data):
    report = check(tmp_path, data)
    (folder,) = (tmp_path / "outputs/checks").iterdir()
    assert not report.blocking
    content = json.loads((folder / "dataset_report.json").read_text())
    assert set(content["fingerprint"]) == {"train", "val"}
    assert (folder / "dataset_manifest.json.gz").is_file()
    assert (folder / "report.html").is_file()


def test_a_broken_image_blocks(tmp_path, data):
    image = sorted(data.parent.rglob("*.png"))[0]
    image.write_bytes(b"no image")
    assert check(tmp_path, data).blocking


def test_a_dataset_of_another_task_leaves_nothing(tmp_path, data):
    with pytest.raises(InputError, match="pose"):
        check(tmp_path, data, task="pose")
    assert not (tmp_path / "outputs").exists()

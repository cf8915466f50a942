"""`yololab labels` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from yololab.cli.main import main

FIXTURE = Path(__file__).parents[4] / "data/v0_1_0"


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = shutil.copytree(FIXTURE, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def test_a_list_for_people_and_for_programs(project, capsys):
    assert main(["labels", "classify", "limit=3", "score=0"]) == 0
    printed = capsys.readouterr()
    assert "wrong class" in printed.out + printed.err
    assert main(["labels", "detect_2", "score=0", "limit=4", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert len(content["listed"]) == 4
    assert content["weak"]
    assert Path(content["list"]).is_file()
    assert Path(content["page"]).parent == Path(content["folder"])


def test_all_mistakes_at_once(project, capsys):
    assert main(["labels", "detect_2", "kind=lost", "limit=0", "clas=a"]) == 2
    told = capsys.readouterr().err
    assert all(text in told for text in ("kind", "one of missing", "limit", "did you mean class?"))
    assert main(["labels", "limit=3"]) == 2
    assert "RUN" in capsys.readouterr().err

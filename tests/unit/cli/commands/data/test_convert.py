"""`yololab convert` as it is typed."""

from __future__ import annotations

import json

import pytest
from label_sources import NAMES, coco

from yololab.cli.main import main


@pytest.fixture
def source(tmp_path, monkeypatch):
    (tmp_path / "boxes").mkdir()
    coco(tmp_path / "boxes")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "boxes"


@pytest.mark.heavy
def test_it_converts_and_says_what_is_next(source, capsys):
    assert main(["convert", "boxes", "out=cells"]) == 0
    printed = capsys.readouterr().out
    assert f"train {len(NAMES)} images" in printed
    assert "yololab split data=cells/data.yaml out=cells_split ratios=0.8,0.2 group=folder" in printed
    assert main(["convert", "out=more", "boxes", "--json", "images=copy"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["images"]["written"], found["blocking"]) == ({"train": len(NAMES)}, 0)


def test_every_mistake_of_the_line_is_told_at_once(source, capsys):
    assert main(["convert", "boxs", "format=yolo", "task=classify", "out=a", "colour=red"]) == 2
    told = capsys.readouterr().err
    for text in ("did you mean boxes", "format: 'yolo'", "task: 'classify'", "colour=red: neither"):
        assert text in told
    assert main(["convert", "boxes", "out=boxes"]) == 2
    assert "holds something already" in capsys.readouterr().err

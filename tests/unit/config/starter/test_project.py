"""A project to begin with: it works at once, and nothing that was there is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from coco_samples import labels_of, write_dataset

from yololab.cli.main import main
from yololab.config.folders import group_options
from yololab.config.hydra.compose import compose_experiment
from yololab.config.starter.project import EXAMPLE, SHAPES, start_project
from yololab.errors import InputError


@pytest.mark.heavy
def test_its_recipe_composes_with_every_option_of_it(tmp_path, monkeypatch):
    started = start_project(tmp_path / "cells", None, "yolo26n.pt")
    assert started.kept == ()
    assert {".gitignore", ".github/workflows/yololab.yml", "README.md", "data/data.yaml"} <= set(started.written)
    assert (tmp_path / "cells/README.md").read_text().startswith("# cells\n")
    workflow, action = (
        yaml.safe_load(file.read_text())
        for file in (tmp_path / "cells/.github/workflows/yololab.yml", Path(__file__).parents[4] / "action.yml")
    )
    (step,) = (step for step in workflow["jobs"]["gate"]["steps"] if step.get("id") == "yololab")
    assert set(step["with"]) <= set(action["inputs"])
    assert step["with"]["data"] == (
        "${{ hashFiles('data/**/*.jpg', 'data/**/*.png') != '' && 'data/data.yaml' || '' }}"
    )
    monkeypatch.chdir(tmp_path / "cells")
    assert all(
        EXAMPLE in group_options(tmp_path / "cells")[name] for name in ("data", "experiment", "hparams", "model")
    )
    config = compose_experiment([f"experiment={EXAMPLE}"]).experiment
    assert (config.data.source, config.model.weights) == (SHAPES, "yolo26n.pt")
    assert (config.train.optimizer, config.train.lr0, config.train.epochs) == ("AdamW", 0.001, 50)


def test_what_is_there_stays_as_it_is(tmp_path):
    (tmp_path / "README.md").write_text("mine\n")
    (tmp_path / ".gitignore").symlink_to(tmp_path / "nowhere")
    started = start_project(tmp_path, "data 1/ü#.yaml", "a.pt")
    assert started.kept == ("README.md", ".gitignore")
    assert (tmp_path / "README.md").read_text() == "mine\n"
    assert not (tmp_path / "nowhere").exists()
    assert yaml.safe_load((tmp_path / "conf/data/mine.yaml").read_text()) == {"source": "data 1/ü#.yaml"}
    assert not (tmp_path / "data").exists()  # there is one already, elsewhere
    assert (
        "'data 1/ü#.yaml'"
        in yaml.safe_load((tmp_path / ".github/workflows/yololab.yml").read_text())["jobs"]["gate"]["steps"][2]["with"][
            "data"
        ]
    )
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert start_project(tmp_path, None, "b.pt").written == ("data/data.yaml",)
    assert {path: path.read_bytes() for path in before} == before


def test_a_place_that_is_none_is_told(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="a folder, or nothing"):
        start_project(tmp_path / "a", None, "a.pt")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/conf").touch()
    with pytest.raises(InputError, match="a folder, or nothing"):
        start_project(tmp_path / "b", None, "a.pt")


@pytest.mark.heavy
def test_the_command_takes_the_dataset_and_its_task(tmp_path, monkeypatch, capsys):
    write_dataset(tmp_path / "data", labels_of(2))
    monkeypatch.chdir(tmp_path)
    assert main(["init", "project", "data=data/data.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"] == str(tmp_path / "data/data.yaml")
    assert main(["init", ".", "data=data/data.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"] == "data/data.yaml"  # one that lies in the project moves with it
    assert main(["init", "a", "b", "data=nowhere.yaml"]) == 2
    assert main(["init", "data/data.yaml"]) == 2

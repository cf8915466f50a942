"""Starting a run: its name, and what is refused before there is a folder."""

from __future__ import annotations

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.config.hydra.grammar import encode_free
from yololab.errors import InputError
from yololab.job.start import run_name, start_run
from yololab.terminal.screen import Screen


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "yolo26n"),
        (["model=yolo26s"], "yolo26s"),
        ([f"model={encode_free('runs/my best.pt')}"], "my best"),
        (["name=exp1"], "exp1"),
        (["name=exp1", "dry_run=true"], "exp1_dry_run"),
    ],
)
def test_a_run_is_named_by_its_name_or_its_model(overrides, name):
    assert run_name(compose_experiment(overrides)) == name


@pytest.mark.parametrize("typed", ["search=tpe", "experiment=kfold"])
def test_a_search_needs_trials(tmp_path, typed):
    composed = compose_experiment([typed, f"paths.root={tmp_path}"])
    with pytest.raises(InputError, match=rf"-m is missing: yololab -m {typed} "):
        start_run(composed, None, ("yololab",), tmp_path, Screen(quiet=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.torch
def test_a_dataset_that_is_not_there_leaves_no_folder(tmp_path):
    overrides = [f"data={encode_free('./gone.yaml')}", "model.pretrained=false", f"paths.root={tmp_path}"]
    with pytest.raises(InputError, match=r"gone\.yaml"):
        start_run(compose_experiment(overrides), None, ("yololab",), tmp_path, Screen(quiet=True))
    assert not (tmp_path / "outputs").exists()

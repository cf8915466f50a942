"""`yololab evaluate` refuses what has learnt nothing, before a folder is made."""

from __future__ import annotations

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.evaluate import evaluate_checkpoint
from yololab.terminal.screen import Screen


@pytest.mark.torch
def test_an_architecture_without_weights_cannot_be_measured(tmp_path):
    composed = compose_experiment(["model.pretrained=false", "device=cpu", f"paths.root={tmp_path}"])
    with pytest.raises(InputError, match="has no weights"):
        evaluate_checkpoint(composed, tmp_path, Screen(quiet=True))
    assert not (tmp_path / "outputs").exists()

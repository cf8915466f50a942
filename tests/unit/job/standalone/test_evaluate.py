"""`yololab evaluate`: what it refuses before it looks at model or data."""

from __future__ import annotations

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.evaluate import evaluate_checkpoint
from yololab.terminal.screen import Screen


def test_the_definition_is_that_of_the_training(tmp_path):
    composed = compose_experiment(("evaluation.definition=coco",))
    with pytest.raises(InputError, match=r"yololab compare RUN … evaluation\.definition=coco"):
        evaluate_checkpoint(composed, tmp_path, Screen(quiet=True))
    assert not list(tmp_path.iterdir())

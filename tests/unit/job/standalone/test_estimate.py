"""What is refused before anything is timed; what is timed is in the integration tests."""

from __future__ import annotations

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.estimate import estimate_run
from yololab.terminal.screen import Screen


def test_settings_of_a_sweep_have_no_place_in_an_estimate_of_one_run(tmp_path):
    with pytest.raises(InputError, match=r"search\.trials"):
        estimate_run(compose_experiment(["search.trials=3"]), tmp_path, Screen(quiet=True))
    assert list(tmp_path.iterdir()) == []

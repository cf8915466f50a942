"""A sweep that cannot be right is refused before Hydra starts, and leaves nothing."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.start import start_sweep
from yololab.terminal.screen import Screen


@pytest.mark.heavy
def test_mistakes_of_the_first_trial_are_told_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        start_sweep(["lr0=0.1,0.2", "epochs=-3", "baseline.tolerance=much"], tmp_path, Screen(quiet=True))
    named = " ".join(str(problem) for problem in caught.value.problems)
    assert "epochs" in named
    assert "baseline.tolerance" in named
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("launcher", ["local", "basic"])
def test_hydras_own_sweeper_is_refused(launcher, tmp_path, monkeypatch):
    """It would end with the first trial that fails."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="hydra/sweeper"):
        start_sweep(["lr0=0.1,0.2", "hydra/sweeper=basic", f"hydra/launcher={launcher}"], tmp_path, Screen(quiet=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_values_that_contradict_a_search_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="lr0"):
        start_sweep(["lr0=interval(0.1,0.2)", "search=none"], tmp_path, Screen(quiet=True))
    assert list(tmp_path.iterdir()) == []

"""What a trial's process gets from its sweep."""

from __future__ import annotations

from yololab.sweep.planning.trial_env import TrialEnvironment, read_trial_environment


def test_the_trial_environment_survives_the_environment(monkeypatch):
    environment = TrialEnvironment("journal:///x y/study.log", "demo", 3, "mAP50", "percentile", {"percentile": 25.0})
    assert read_trial_environment() is None
    for name, text in environment.variables().items():
        monkeypatch.setenv(name, text)
    assert read_trial_environment() == environment

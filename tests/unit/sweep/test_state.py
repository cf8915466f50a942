"""The persisted state of a sweep, and who a process is."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from yololab.errors import InputError
from yololab.host.processes import ProcessIdentity
from yololab.sweep.executor import Resources
from yololab.sweep.planning.trial_env import TrialEnvironment, read_trial_environment
from yololab.sweep.state import Objective, SweepFolder, SweepSettings, TrialEntry, TrialState

SETTINGS = SweepSettings(
    name="demo",
    storage=None,
    arguments=("lr0=0.1,0.2", "epochs=1"),
    keys=("lr0",),
    objectives=(Objective("mAP50-95", "maximize"), Objective("speed_ms.inference", "minimize")),
    search={"sampler": "grid", "seed": 0},
    budget=2,
    engine="local",
    engine_settings={"jobs": 2},
    resources=Resources(cpus=1, time_minutes=0.5),
    working_directory="/somewhere",
    task="detect",
    epochs=3,
    seed=0,
    created="2026-01-17T14:30:00+00:00",
)


def test_settings_and_trials_are_read_as_they_were_written(tmp_path):
    folder = SweepFolder(tmp_path)
    assert not folder.is_sweep()
    folder.write_settings(SETTINGS)
    assert folder.is_sweep()
    assert folder.read_settings() == SETTINGS
    entry = TrialEntry(10, ("lr0=0.1",), {"lr0": 0.1}, owner=ProcessIdentity.current(), attempts=1, handle="x")
    ended = replace(entry, number=2, state=TrialState.COMPLETE, owner=None, objectives=(0.5, 3.25))
    folder.write_trial(entry)
    folder.write_trial(ended)
    assert folder.trials() == [ended, entry]
    assert entry.state.finished is False
    assert ended.state.finished is True


def test_a_newer_version_is_refused(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.write_settings(SETTINGS)
    text = folder.settings_file.read_text()
    folder.settings_file.write_text(text.replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(InputError, match="schema_version"):
        folder.read_settings()


def test_the_trial_environment_survives_the_environment():
    environment = TrialEnvironment("journal:///x y/study.log", "demo", 3, "mAP50", "percentile", {"percentile": 25.0})
    assert read_trial_environment(environment.variables()) == environment
    assert read_trial_environment({}) is None


def test_a_process_is_known_by_more_than_its_number():
    me = ProcessIdentity.current()
    assert me.is_alive() is True
    assert ProcessIdentity.from_json(me.to_json()) == me
    assert replace(me, started="another boot:1").is_alive() is False
    assert replace(me, host="elsewhere").is_alive() is None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(child.pid)
    assert identity.is_alive() is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert identity.is_alive() is False, "a zombie does not live"
    child.wait()
    assert identity.is_alive() is False

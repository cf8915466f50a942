"""Sweeps with real trainings: a search that reports its epochs, and one that is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import time

import command_line
import optuna
from command_line import finish, start
from sweeps import assert_only_the_winner_was_finished, sweep_of

from yololab.sweep.planning.storage import journal_url, open_storage
from yololab.sweep.state import TrialStatus

QUICK = ("model=./micro.yaml", "approval=auto", *command_line.QUICK)
SETTINGS = ("data=pictures/data.yaml", *QUICK, "evaluation.plots=false", "hydra.launcher.jobs=2")


def test_a_search_over_numbers_and_groups_gives_up_what_is_worse(project):
    options = "search.pruner_options={n_startup_trials:1,n_warmup_steps:0}"
    space = ("lr0=tag(log,interval(1e-4,1e-1))", "augmentation=none,default")
    words = ("epochs=3", "name=searched", "search=tpe", "search.trials=3", "search.pruner=median", options)
    output = finish(start(project, "-m", *SETTINGS, *words, *space))
    folder = sweep_of(project, "searched")
    entries = folder.trials()
    assert len(entries) == 3
    assert {str(entry.status) for entry in entries} <= {"complete", "pruned"}
    assert entries[0].status is TrialStatus.COMPLETE
    assert "search: tpe" in output
    assert entries[0].params == {"lr0": 0.01, "augmentation": "default"}, "the config's own values come first"
    assert "first point: the config's own lr0=0.01, augmentation=default" in output
    study = optuna.load_study(study_name=folder.path.name, storage=open_storage(journal_url(folder.study_file)))
    for entry in entries:
        trial, run = study.trials[entry.study_trial], folder.trial(entry.number)
        record = json.loads(run.record.read_text())
        assert trial.state.name.lower() == record["status"] == str(entry.status)
        assert record["config"]["lr0"] == entry.params["lr0"]
        assert record["config"]["mosaic"] == {"none": 0.0, "default": 1.0}[entry.params["augmentation"]]
        epochs = record["training"]["epochs_completed"]
        assert list(trial.intermediate_values) == list(range(1, epochs + 1))
        assert epochs == 3 if entry.status is TrialStatus.COMPLETE else epochs < 3
        assert run.best.is_file()
        assert run.metrics.is_file() == (entry.status is TrialStatus.COMPLETE), "a pruned one is not evaluated"
        assert (run.path / "output.log").is_file()
    assert folder.summary.is_file()
    assert folder.best.resolve().parent == folder.path
    assert_only_the_winner_was_finished(folder)
    plain = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(folder.study_file)))
    assert len(optuna.load_study(study_name=folder.path.name, storage=plain).trials) == 3, "without any help of ours"


def test_a_sweep_killed_with_its_trials_is_finished_by_resume(project):
    words = ("epochs=8", "patience=0", "name=killed", "lr0=0.001,0.01", "export=none", "val=false")
    process = start(project, "-m", *SETTINGS, *words)
    deadline = time.monotonic() + 200
    while not any((project / "multirun").glob("killed_*/[01]/weights/last.pt")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    folder = sweep_of(project, "killed")
    trials = [entry.handle for entry in folder.trials() if entry.handle]
    for pid in [process.pid, *(json.loads(handle)["pid"] for handle in trials)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate(timeout=60)
    before = {entry.number: entry for entry in folder.trials()}
    assert any(entry.status is TrialStatus.RUNNING for entry in before.values())
    finish(start(project.parent, "resume", str(folder.path)))
    entries = folder.trials()
    assert [entry.number for entry in entries] == [0, 1]
    assert {str(entry.status) for entry in entries} == {"complete"}
    assert [entry.params["lr0"] for entry in entries] == [0.001, 0.01]
    records = [json.loads(folder.trial(number).record.read_text()) for number in range(2)]
    assert {record["results"]["final_epoch"] for record in records} == {8}
    for number, entry in before.items():
        if entry.status is TrialStatus.COMPLETE:
            assert entries[number] == entry
        elif (folder.trial(number).results).is_file():
            assert entries[number].attempts == 2

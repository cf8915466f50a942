"""Resuming a sweep whose trials have all ended: only the answer is left to give."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from record_samples import records_of, write_run
from sweep_samples import write_sweep, write_trial

from yololab.cli.commands.runs.resume import READ_OF_SWEEPS
from yololab.cli.table import COMMANDS
from yololab.config.defaults import default_tree
from yololab.config.folders import copy_config
from yololab.config.schema import ApprovalConfig, DataConfig, Policy, ResumeConfig
from yololab.config.validation import validate
from yololab.errors import ApprovalError, InputError, JobError
from yololab.files.record_content import Status
from yololab.sweep import run
from yololab.sweep.executor import JobState
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.results import finalize
from yololab.sweep.run import resume_sweep, run_trials
from yololab.sweep.state import TrialStatus
from yololab.terminal.screen import Screen

SEARCH = {"seeds": 1, "retries": 0, "timeout_minutes": None, "fail_on": "all", "pruner": "none", "pruner_options": None,
          "sampler_options": None}  # fmt: skip


def given_now(**groups):
    """Return what a user says with `resume`."""
    return replace(validate(default_tree()), **groups)


@pytest.fixture
def screen():
    return Screen(quiet=True)


def sweep_of(path, *ends: TrialStatus, **search):
    folder = write_sweep(path, budget=len(ends), search=SEARCH | search)
    copy_config(folder.config, path)
    settings = folder.read_settings()
    space = read_space(settings.arguments, discrete=True)
    source = StudySource(folder, settings, space, lambda number, overrides: folder.trial(number).path.mkdir())
    for status in ends:
        entry = source.next()
        found = 0.5 if status is TrialStatus.COMPLETE else None
        error = None if found else "boom"
        write_trial(folder, entry.number, entry.params, found, noted=status, status=Status(status.value), error=error)
    return folder


@pytest.mark.process
def test_it_is_summarised_and_nothing_is_run_again(tmp_path, screen):
    folder = sweep_of(tmp_path / "sweep", TrialStatus.COMPLETE, TrialStatus.FAILED)
    before = [folder.trial(number).record.read_bytes() for number in (0, 1)]
    assert resume_sweep(folder.path, screen) == 0
    assert folder.summary.is_file()
    assert [folder.trial(number).record.read_bytes() for number in (0, 1)] == before


@pytest.mark.process
def test_any_failure_counts_when_it_is_asked_to(tmp_path, screen):
    folder = sweep_of(tmp_path / "sweep", TrialStatus.COMPLETE, TrialStatus.FAILED, fail_on="any")
    with pytest.raises(JobError, match=r"search\.fail_on=any, and of 2 trials these have failed: 1"):
        resume_sweep(folder.path, screen)


class OneAtATime:
    """An engine whose jobs are over at once."""

    capacity = 1

    def __init__(self):
        self.submitted = []

    def submit(self, folder, environment):
        self.submitted.append(folder.name)
        return folder.name

    def poll(self, handles):
        return dict.fromkeys(handles, JobState.GONE)

    def cancel(self, handle):
        pass

    def reason(self, handle):
        return None

    def close(self):
        pass


@pytest.mark.process
@pytest.mark.parametrize(("minutes", "started"), [(None, ["1"]), (60, ["1"]), (0, [])])
def test_after_search_timeout_minutes_no_trial_is_started(tmp_path, screen, monkeypatch, minutes, started):
    folder = sweep_of(tmp_path / "sweep", TrialStatus.COMPLETE, timeout_minutes=minutes)
    folder.write_settings(replace(folder.read_settings(), budget=2))
    monkeypatch.setattr(run, "freeze_trial", lambda planned, trial: trial.path.mkdir())
    engine = OneAtATime()
    assert run_trials(folder, folder.read_settings(), engine, screen) == 0
    assert engine.submitted == started
    assert len(folder.trials()) == 1 + len(started)


class Trained(OneAtATime):
    """An engine that trains at once: half the rate finds most of the objects, the other few."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def submit(self, folder, environment):
        params = self.folder.known_trial(int(folder.name)).params
        found, seed = (0.9, 1) if params["lr0"] == 0.1 else (0.3, 2)
        seed = 10 * int(params["seed"]) + seed
        write_run(folder, records_of(found, seed, images=40), {"seed": params["seed"]})
        return super().submit(folder, environment)


@pytest.mark.process
@pytest.mark.heavy
def test_seeds_of_recipes_end_when_it_is_clear_which_is_best(tmp_path, monkeypatch):
    folder = write_sweep(tmp_path / "sweep", ("lr0", "seed"), budget=10, search=SEARCH | {"sequential": True})
    folder.write_settings(replace(folder.read_settings(), arguments=("lr0=0.1,0.2", "seed=range(0,5)")))
    copy_config(folder.config, tmp_path)
    monkeypatch.setattr(run, "freeze_trial", lambda planned, trial: trial.path.mkdir())
    monkeypatch.setattr(finalize, "finish_through_engine", lambda summary, screen: None)
    said = io.StringIO()
    assert run_trials(folder, folder.read_settings(), Trained(folder), Screen(stream=said)) == 0
    assert len(folder.trials()) == 6
    assert "after 3 seeds of each recipe lr0=0.1 is best" in said.getvalue()
    assert json.loads(folder.summary.read_text())["finished"]
    assert folder.best.resolve().name in {"0", "2", "4"}
    assert resume_sweep(folder.path, Screen(quiet=True)) == 0
    assert len(folder.trials()) == 6


def test_nothing_complete_is_a_failed_job(tmp_path, screen):
    folder = sweep_of(tmp_path / "sweep", TrialStatus.FAILED, TrialStatus.FAILED)
    with pytest.raises(JobError, match="none of 2 trials completed"):
        resume_sweep(folder.path, screen)


def test_never_means_never(tmp_path, screen):
    with pytest.raises(ApprovalError):
        resume_sweep(tmp_path, screen, given_now(approval=ApprovalConfig(policy=Policy.NEVER)))


def test_a_folder_that_is_no_sweep_is_refused(tmp_path, screen):
    with pytest.raises(InputError, match="no such file"):
        resume_sweep(tmp_path, screen)


@pytest.mark.process
@pytest.mark.parametrize("allowed", [False, True])
def test_only_the_parent_downloads_and_only_with_the_present_users_permission(allowed, tmp_path, screen, monkeypatch):
    folder = sweep_of(tmp_path / "multirun/sweep", TrialStatus.COMPLETE, TrialStatus.FAILED)
    folder.write_settings(replace(folder.read_settings(), arguments=("lr0=0.1,0.2", "data.allow_download=true")))
    copy_config(folder.config, tmp_path)
    fetched = []
    monkeypatch.setattr(run, "prepare_dataset", lambda config, paths, *_, **__: fetched.append((config.data, paths)))
    assert resume_sweep(folder.path, screen, given_now(data=DataConfig(allow_download=allowed))) == 0
    assert len(fetched) == (2 if allowed else 0)
    assert all(data.allow_download for data, _ in fetched)
    assert {paths.tree.root for _, paths in fetched} <= {tmp_path}


def test_what_a_resumed_sweep_reads_passes_the_table_of_commands():
    named = COMMANDS["resume"].settings
    assert all(any(read == name or read.startswith(f"{name}.") for name in named) for read in READ_OF_SWEEPS)


@pytest.mark.parametrize("named", [{"setup": ["touch /tmp/mine"]}, {"env": {"PYTHONSTARTUP": "theirs.py"}}])
def test_what_a_folder_would_run_needs_a_permission_given_now(tmp_path, screen, named, monkeypatch):
    folder = sweep_of(tmp_path / "sweep", TrialStatus.COMPLETE)
    settings = folder.read_settings()
    monkeypatch.setattr(type(folder), "read_settings", lambda _: replace(settings, engine_settings=named))
    monkeypatch.setattr(run, "make_executor", lambda *_: pytest.fail("permitted"))
    for given in (None, given_now()):
        with pytest.raises(InputError, match=r"resume\.launcher_commands=true"):
            resume_sweep(folder.path, screen, given)
    with pytest.raises(pytest.fail.Exception):
        resume_sweep(folder.path, screen, given_now(resume=ResumeConfig(launcher_commands=True)))

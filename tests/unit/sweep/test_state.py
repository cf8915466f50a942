"""The persisted state of a sweep, and who a process is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from yololab.config.schema import PathsConfig
from yololab.config.search import Sampler, SearchConfig
from yololab.errors import InputError
from yololab.files.record import Record
from yololab.host.processes import ProcessIdentity
from yololab.sweep.executor import Resources
from yololab.sweep.state import Objective, SweepFolder, SweepSettings, TrialEntry, TrialStatus, failure, trial_status

SETTINGS = SweepSettings(
    name="demo",
    storage=None,
    arguments=("lr0=0.1,0.2", "epochs=1"),
    keys=("lr0",),
    objectives=(Objective("mAP50-95", "maximize"), Objective("speed_ms.inference", "minimize")),
    search=SearchConfig(sampler=Sampler.GRID),
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
    ended = replace(entry, number=2, status=TrialStatus.COMPLETE, owner=None, objectives=(0.5, 3.25))
    folder.write_trial(entry)
    folder.write_trial(ended)
    assert folder.trials() == [ended, entry]
    assert entry.status.finished is False
    assert ended.status.finished is True


def test_a_newer_version_is_refused(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.write_settings(SETTINGS)
    text = folder.settings_file.read_text()
    folder.settings_file.write_text(text.replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(InputError, match="schema_version"):
        folder.read_settings()


RECORD = {"status": "running", "provenance": {"process": ProcessIdentity.current().to_json()}}
KILLED = {"status": "running", "provenance": {"process": {"host": ProcessIdentity.current().host, "pid": 2**22 + 1}}}
ELSEWHERE = {"status": "running", "provenance": {"process": {"host": "node7", "pid": 1, "started": "x:1"}}}


@pytest.mark.parametrize(
    ("noted", "record", "gone", "found"),
    [
        ("not started", None, False, "not started"),
        ("running", None, False, "running"),  # submitted, and its own process has written nothing yet
        ("running", None, True, "not started"),
        ("running", RECORD, False, "running"),
        ("running", RECORD, True, "interrupted"),
        ("running", KILLED, False, "interrupted"),
        ("running", {"status": "running"}, False, "interrupted"),
        ("running", ELSEWHERE, False, "running"),
        ("running", {"status": "interrupted"}, True, "interrupted"),
        ("running", {"status": "complete"}, True, "complete"),
        ("running", {"status": "pruned"}, True, "pruned"),
        ("running", {"status": "rejected"}, True, "failed"),
        ("failed", RECORD, False, "failed"),  # what the sweep has noted at the end counts
        ("interrupted", {"status": "failed"}, False, "failed"),
    ],
)
def test_the_status_follows_from_entry_record_and_process(noted, record, gone, found):
    entry = TrialEntry(0, (), {}, TrialStatus(noted), owner=ProcessIdentity.current())
    assert trial_status(entry, record, gone=gone) == found


def test_a_run_of_no_sweep_is_known_by_its_record():
    assert trial_status(None, RECORD) == "running"
    assert trial_status(None, KILLED) == "interrupted"
    assert trial_status(None, None) == "not started"


@pytest.mark.parametrize(("attempts", "status"), [(0, "not started"), (1, "interrupted")])
def test_a_trial_that_waits_as_the_first_version_wrote_it(attempts, status, tmp_path):
    folder = SweepFolder(tmp_path)
    folder.write_trial(TrialEntry(3, ("lr0=1",), {"lr0": 1}, attempts=attempts))
    file = tmp_path / "3/trial.json"
    content = json.loads(file.read_text())
    assert content["state"] == "not started"
    file.write_text(json.dumps(content | {"state": "waiting"}))
    assert folder.read_trial(3).status == status
    assert folder.entry_of(tmp_path / "3") == folder.read_trial(3)
    assert folder.entry_of(tmp_path / "4") is None


def test_only_a_trial_without_a_record_is_left_one(tmp_path):
    folder = SweepFolder(tmp_path)
    entry = TrialEntry(0, (), {}).ended(TrialStatus.FAILED, error=failure("boom", "JobError"))
    assert entry.finished is not None
    folder.leave_record(entry)
    assert Record(folder.trial(0)).read()["error"] == {"message": "boom", "kind": "JobError", "exit_code": 1}
    folder.leave_record(replace(entry, error=failure("another", "JobError")))
    assert Record(folder.trial(0)).read()["error"]["message"] == "boom"


def sweep_in(project, started_in, root="."):
    """Write a sweep into a project, as it was started in `started_in`."""
    folder = SweepFolder(project / "multirun/s")
    folder.path.mkdir(parents=True)
    folder.write_settings(replace(SETTINGS, working_directory=str(started_in)))
    return folder, PathsConfig(root=root)


@pytest.mark.parametrize("what", ["left", "moved", "copied", "copied, results apart", "results apart"])
def test_a_sweep_belongs_to_the_project_that_it_lies_in(what, tmp_path, monkeypatch):
    here, there, user = tmp_path / "a", tmp_path / "b", tmp_path / "user"
    user.mkdir()
    monkeypatch.chdir(user)
    apart = what.endswith("apart")
    _, frozen = sweep_in(here, user if apart else here, str(here) if apart else ".")
    if what == "moved":
        here.rename(there)
    elif what.startswith("copied"):
        shutil.copytree(here, there)
    copied = what.startswith(("copied", "moved"))
    lies_in = there if copied else here
    paths, started_in = SweepFolder(lies_in / "multirun/s").whereabouts(frozen)
    assert (started_in / paths.root).resolve() == lies_in
    assert started_in == (user if what == "results apart" else lies_in)

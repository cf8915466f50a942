"""What a parent knows of the trials of its sweep: what the files say, without reading them for each trial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yololab.host.processes import ProcessIdentity
from yololab.sweep.planning.known_trials import KnownTrials
from yololab.sweep.state import SweepFolder, TrialEntry, TrialStatus

OURS = ProcessIdentity.current()
DEAD = replace(OURS, pid=2**22 - 5)


@pytest.fixture
def folder(tmp_path):
    return SweepFolder(tmp_path)


def write(folder: SweepFolder, number: int, status: TrialStatus, **changes) -> TrialEntry:
    """Write a trial as another parent would."""
    folder.trial(number).path.mkdir(exist_ok=True)
    entry = replace(TrialEntry(number, (), {}, study_trial=number, owner=DEAD), status=status, **changes)
    folder.write_trial(entry)
    return entry


@pytest.fixture
def reads(monkeypatch):
    """Return the numbers of the trials whose file is read."""
    found, read = [], SweepFolder.read_trial
    monkeypatch.setattr(SweepFolder, "read_trial", lambda self, number: found.append(number) or read(self, number))
    return found


def test_our_own_are_not_read_while_we_know_them(folder, reads):
    trials = KnownTrials(folder)
    for number in range(4):
        folder.trial(number).path.mkdir()
        trials.write(TrialEntry(number, (), {}, TrialStatus.RUNNING, study_trial=number // 2, owner=OURS))
    for number in (0, 1, 2):
        trials.write(trials.all()[number].ended(TrialStatus.COMPLETE, (0.5,)))
    trials.catch_up()
    trials.refresh()
    assert reads == []
    assert trials.all() == folder.trials()
    assert (trials.startable(), trials.idle, trials.free_number()) == (None, {0}, 4)
    assert [entry.number for entry in trials.of_point(1)] == [2, 3]


def test_what_other_parents_begin_is_known_at_once_and_its_end_now_and_then(folder):
    now = [0.0]
    trials = KnownTrials(folder, lambda: now[0])
    write(folder, 0, TrialStatus.RUNNING)
    trials.catch_up()
    assert [entry.status for entry in trials.all()] == ["running"]
    trials._sparing._due = 5.0  # as after a look that took a quarter of a second
    write(folder, 0, TrialStatus.COMPLETE)
    write(folder, 1, TrialStatus.RUNNING)
    trials.catch_up()
    assert [entry.status for entry in trials.all()] == ["running", "running"]
    assert [entry.status for entry in trials.of_point(0)] == ["complete"], "whoever asks for it is told what is true"
    write(folder, 1, TrialStatus.FAILED)
    now[0] = 5.0
    trials.catch_up()
    assert trials.all() == folder.trials()


def test_a_trial_is_offered_as_its_file_is_now(folder):
    write(folder, 0, TrialStatus.INTERRUPTED)
    write(folder, 1, TrialStatus.INTERRUPTED)
    trials = KnownTrials(folder)
    write(folder, 0, TrialStatus.COMPLETE)
    assert trials.startable() == folder.read_trial(1)
    write(folder, 1, TrialStatus.RUNNING)
    assert trials.startable() is None


def test_a_damaged_file_is_looked_at_again_until_it_can_be_read(folder):
    write(folder, 0, TrialStatus.COMPLETE)
    whole = folder.trial(0).trial.read_bytes()
    folder.trial(0).trial.write_bytes(b"{")
    trials = KnownTrials(folder)
    assert trials.all()[0].damaged
    folder.trial(0).trial.write_bytes(whole)
    trials.refresh()
    assert trials.all()[0].status is TrialStatus.COMPLETE


@pytest.mark.parametrize(("left", "number"), [("", 1), ("experiment_log.json", 2)])
def test_a_folder_without_its_trial_json_keeps_its_number_when_a_run_lies_there(folder, left, number):
    write(folder, 0, TrialStatus.COMPLETE)
    folder.trial(1).path.mkdir()
    if left:
        (folder.trial(1).path / left).write_text("{}")
    trials = KnownTrials(folder)
    trials.catch_up()
    assert trials.free_number() == number

"""What a user reads of a sweep while it runs."""

from __future__ import annotations

import pytest
from sweep_contract import settings_of

from yololab.sweep.progress import SweepProgress
from yololab.sweep.state import SweepFolder, TrialEntry, TrialStatus
from yololab.terminal.screen import Screen

COMPLETE, PRUNED, FAILED = TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED


def ended(number, status, value=None):
    objectives = None if value is None else (value,)
    return TrialEntry(number=number, overrides=(), params={}, status=status, objectives=objectives)


@pytest.fixture
def progress(tmp_path):
    (tmp_path / "s").mkdir()
    return SweepProgress(SweepFolder(tmp_path / "s"), settings_of("s", budget=6), Screen(quiet=True), 6, 2)


def test_the_line_counts_what_has_ended_and_names_the_best(progress):
    assert progress.overview() == "0/6"
    for entry in (ended(0, COMPLETE, 0.3), ended(1, PRUNED, 0.9), ended(2, COMPLETE, 0.5), ended(3, FAILED)):
        progress.changed(entry)
    progress.changed(ended(4, COMPLETE, 0.4))
    assert progress.overview() == "5/6, 1 pruned, 1 failed, best 0.5000 (trial 2)"


def test_a_trial_that_ends_again_is_counted_once(progress):
    progress.changed(ended(0, FAILED))
    progress.changed(ended(0, COMPLETE, 0.2))
    assert progress.overview() == "1/6, best 0.2000 (trial 0)"

"""The answer of a sweep claims what was tested, and no more."""

from __future__ import annotations

import re

import pytest
from sweep_samples import LATENCY, write_comparison, write_sweep, write_trial

from yololab.files.record_content import Status
from yololab.sweep.results.ranking import rank_trials
from yololab.sweep.results.ranking_text import ranking_notes, ranking_text
from yololab.sweep.results.rows import RowCache, with_adjusted_p
from yololab.sweep.state import Objective, TrialStatus


@pytest.fixture
def folder(tmp_path):
    return write_sweep(tmp_path / "sweep", budget=4)


def said(folder, *, finished: bool = True, test=None) -> tuple[str, str]:
    settings = folder.read_settings()
    rows = with_adjusted_p(RowCache(folder, settings.objectives).read())
    ranking = rank_trials(rows, settings.objectives)
    return ranking_text(rows, ranking, finished=finished), " ".join(ranking_notes(rows, ranking, test))


def test_nothing_measured(folder):
    write_trial(folder, 0, {"lr0": 1}, noted=TrialStatus.FAILED, status=Status.FAILED, error="boom")
    answer, notes = said(folder, finished=False)
    assert answer == "None of 1 trials has been measured to its end so far."
    assert notes == ""


def test_a_clear_winner_is_called_better(folder):
    write_trial(folder, 0, {"lr0": 1}, 0.2, images=200)
    write_trial(folder, 1, {"lr0": 2}, 0.9, images=200)
    answer, notes = said(folder)
    assert answer.startswith("Trial 1")
    assert "better than each of the others by more than chance" in answer
    assert "winner's curse" in notes
    assert "not measured on a test split" in notes


def test_seeds_of_one_recipe_have_a_mean_and_no_rival(folder):
    for number, found in enumerate((0.6, 0.7, 0.8)):
        write_trial(folder, number, {"seed": number}, found)
    answer, notes = said(folder)
    assert re.fullmatch(r"The recipe has mean mAP50-95 0\.\d{4} ± 0\.\d{4} \(SD\) over 3 seeds\.", answer)
    assert f"as many seeds of that one, and `yololab compare '{folder.path.parent.name}/sweep/*' '" in notes


def test_indistinguishable_trials_are_not_ranked_in_the_text(folder):
    for number in range(3):
        write_trial(folder, number, {"lr0": number}, 0.6)
    assert "cannot distinguish it from any of the others" in said(folder)[0]


def test_without_records_nothing_is_claimed(folder):
    for number in range(2):
        write_trial(folder, number, {"lr0": number}, 0.5 + 0.3 * number, records=False)
    assert said(folder)[0].endswith("whether that is more than chance is not known.")


def test_several_objectives_have_compromises(tmp_path):
    folder = write_sweep(tmp_path / "two", objectives=(Objective("mAP50-95", "maximize"), LATENCY), budget=2)
    write_trial(folder, 0, {"lr0": 1}, 0.8, speed_ms={"inference": 9.0})
    write_trial(folder, 1, {"lr0": 2}, 0.4, speed_ms={"inference": 3.0})
    assert said(folder)[0].startswith("2 of 2 trials are beaten by no other in all objectives")


def test_a_lucky_winner_may_be_chance_after_correction(folder):
    for number, (delta, p) in enumerate([(0.03, 0.02), (0.0, 0.9), (0.01, 0.5)]):
        write_comparison(write_trial(folder, number, {"lr0": number}, 0.8 - 0.2 * number), "IMPROVED", delta, p)
    assert "after correction for 3 trials, which chance may explain" in said(folder)[1]


def test_the_test_split_is_told_with_its_baseline(folder):
    for number in range(2):
        write_trial(folder, number, {"lr0": number}, 0.5)
    test = {"split": "test", "metrics": {"mAP50-95": 0.4321}, "baseline": None}
    assert "mAP50-95 0.4321; there is no baseline on that split." in said(folder, test=test)[1]


def test_a_pruned_trial_is_said_to_be_shown_with_what_its_training_has_shown(folder):
    write_trial(folder, 0, {"lr0": 0.1}, 0.9)
    write_trial(folder, 1, {"lr0": 0.2}, noted=TrialStatus.PRUNED, status=Status.PRUNED, epochs=2)
    assert "1 pruned trial is not evaluated and has the best value of the validations in training." in said(folder)[1]

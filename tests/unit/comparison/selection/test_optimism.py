"""From how many checkpoints each side was chosen, and what that explains."""

import numpy as np
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.comparison.selection.optimism import Excess, explains
from yololab.files.metrics import read_metrics
from yololab.statistics.inference.optimism import Optimism
from yololab.statistics.inference.verdict import Verdict


def side(folder, epochs, found, seed, **selection):
    curve = list(0.5 + np.random.default_rng(epochs).normal(0, 0.03, epochs))
    chosen = {"metric": "fitness", "select": "best", "epochs": epochs, "curve": curve} | selection
    return read_metrics(write_evaluation(folder, records_of(found, seed, images=40), selection=chosen))


def test_different_numbers_of_checkpoints_are_told_with_what_they_give(tmp_path):
    many, few = side(tmp_path / "a", 100, 0.8, 1), side(tmp_path / "b", 10, 0.8, 2)
    found = compare_metrics(many, few, 0.01)
    (warning,) = [text for text in found.warnings if "different numbers" in text]
    assert "100 (best) now, 10 (best) before" in warning
    assert "favours the current model" in warning
    assert any("chosen from 100 checkpoints" in note and "±" in note for note in found.notes)
    assert 0.01 < found.analysis["selection"]["bias"] < 0.09
    same = compare_metrics(many, side(tmp_path / "c", 100, 0.8, 3), 0.01)
    assert not [text for text in same.warnings if "different numbers" in text]


def test_a_gain_that_the_choice_explains_is_no_claim(tmp_path):
    few = side(tmp_path / "b", 10, 0.6, 2)
    plain = compare_metrics(side(tmp_path / "a", 10, 0.95, 1), few, 0.01)
    assert plain.verdict is Verdict.IMPROVED
    wild = list(np.random.default_rng(0).normal(0.5, 0.4, 100))
    found = compare_metrics(side(tmp_path / "c", 100, 0.95, 1, curve=wild), few, 0.01)
    assert found.verdict is not Verdict.IMPROVED
    assert "evaluation.split=test" in found.text


def test_of_a_few_epochs_nobody_knows_what_is_chance(tmp_path):
    """The curve of a training that was a wild one in its warm-up, and learnt all the same."""
    ours = side(tmp_path / "a", 5, 0.95, 1, curve=[0.08, 0.03, 0.0, 0.27, 0.34])
    theirs = side(tmp_path / "b", 5, 0.6, 2, curve=[0.03, 0.16, 0.2, 0.3, 0.32])
    found = compare_metrics(ours, theirs, 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert found.analysis["selection"]["bias"] is None
    assert any(
        note.startswith("The current model was chosen from 5 checkpoints on this split.") for note in found.notes
    )


def test_only_what_favours_the_claim_is_held_against_it():
    favoured = Excess(None, None, Optimism(0.03, 0.01), Optimism(0.01, 0.01))
    assert explains(favoured, Verdict.IMPROVED, (0.01, 0.05), lower_is_better=False)
    assert not explains(favoured, Verdict.IMPROVED, (0.03, 0.05), lower_is_better=False)
    assert not explains(favoured, Verdict.DEGRADED, (-0.05, -0.01), lower_is_better=False)
    assert explains(favoured, Verdict.IMPROVED, (-0.05, -0.01), lower_is_better=True)
    against = Excess(None, None, Optimism(0.01, 0.01), Optimism(0.03, 0.01))
    assert explains(against, Verdict.DEGRADED, (-0.05, -0.01), lower_is_better=False)
    assert not explains(Excess(None, None, None, Optimism(0.1, 0)), Verdict.DEGRADED, (-1, -0.1), lower_is_better=False)

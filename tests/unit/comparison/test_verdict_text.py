"""A verdict in one sentence claims what was tested, and no more."""

from __future__ import annotations

import doctest

import pytest

from yololab.comparison import verdict_text as module
from yololab.comparison.verdict_text import exact_test_text, verdict_text
from yololab.statistics.inference.paired_models import ExactTest
from yololab.statistics.inference.verdict import Verdict

TESTED = [verdict for verdict in Verdict if verdict is not Verdict.NO_BASELINE]


def test_the_examples_are_true():
    assert doctest.testmod(module).attempted
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("verdict", TESTED)
def test_every_verdict_says_metric_difference_and_interval(verdict):
    text = verdict_text(verdict, "mAP50-95", -0.0123, (-0.02, 0.001), 0.01)
    assert "mAP50-95 -0.0123" in text
    assert "±0.01" in text if verdict is Verdict.EQUIVALENT else "-0.0200 to +0.0010" in text
    assert text.endswith(".")


@pytest.mark.parametrize("verdict", TESTED)
def test_without_a_test_nothing_is_claimed_of_chance(verdict):
    assert "was not tested" in verdict_text(verdict, "mAP50-95", -0.02, None, 0.01)


def test_only_a_confirmed_loss_is_wholly_beyond_the_tolerance():
    confirmed = verdict_text(Verdict.DEGRADED, "mAP50-95", -0.05, (-0.07, -0.03), 0.01, confirmed=True)
    open_ended = verdict_text(Verdict.DEGRADED, "mAP50-95", -0.02, (-0.04, -0.001), 0.01)
    assert "all of it beyond the tolerance" in confirmed
    assert "all of it" not in open_ended


def test_an_error_says_that_lower_is_better():
    assert "(lower is better)" in verdict_text(
        Verdict.IMPROVED, "rmse", -0.1, (-0.2, -0.05), 0.01, lower_is_better=True
    )


def test_an_exact_test_counts_the_images():
    text = exact_test_text(ExactTest("McNemar", "top1", 12, 3, 0.035))
    assert "12 images are right only now, 3 only in the baseline" in text
    assert "0.035" in text

"""A verdict in one sentence claims what was tested, and no more."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest
from record_samples import detection_pair, records_of

from yololab.comparison import verdict_text as module
from yololab.comparison.verdict_text import exact_test_text, paired_text, verdict_text
from yololab.statistics.inference import paired_comparison
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


@pytest.mark.parametrize(
    ("verdict", "delta", "ci95", "text"),
    [
        (
            Verdict.IMPROVED,
            0.03,
            (0.01, 0.05),
            "Better: mAP50-95 +0.0300, more than chance; the 95 % interval over images is +0.0100 to +0.0500.",
        ),
        (
            Verdict.NOT_WORSE,
            0.004,
            (-0.008, 0.02),
            "Not worse: mAP50-95 +0.0040; a loss of more than 0.01 is ruled out, a gain not shown: "
            "the 95 % interval over images is -0.0080 to +0.0200.",
        ),
        (
            Verdict.DEGRADED,
            -0.02,
            (-0.03, -0.005),
            "Worse: mAP50-95 -0.0200, beyond the tolerance of 0.01 and more than chance; "
            "the 95 % interval over images is -0.0300 to -0.0050.",
        ),
        (
            Verdict.INCONCLUSIVE,
            -0.001,
            (-0.05, 0.05),
            "Inconclusive: mAP50-95 -0.0010; a loss of more than 0.01 is not ruled out: "
            "the 95 % interval over images is -0.0500 to +0.0500.",
        ),
        (Verdict.IMPROVED, 0.02, None, "Better: mAP50-95 +0.0200; whether it is more than chance was not tested."),
        (
            Verdict.NOT_WORSE,
            -0.002,
            None,
            "Not worse: mAP50-95 -0.0020, within the tolerance of 0.01; whether it is more than chance was not tested.",
        ),
    ],
)
def test_each_verdict_says_its_interval_or_that_there_is_none(verdict, delta, ci95, text):
    assert verdict_text(verdict, "mAP50-95", delta, ci95, 0.01) == text


def test_an_inconclusive_one_says_what_the_images_can_show(monkeypatch):
    monkeypatch.setattr(paired_comparison, "MANY_REPLICATES", 200)
    result = paired_comparison.compare_pair(detection_pair(records_of(0.9, 1), records_of(0.9, 2)), 0.01)
    open_one = replace(result, verdict=Verdict.INCONCLUSIVE, detectable_drop=0.1234, images_needed=4321)
    text = paired_text(open_one, "mAP50-95", 0.01, lower_is_better=False)
    assert text.endswith(" 60 images can show a loss of 0.123; one of 0.01 needs about 4,321 images.")
    without_tolerance = replace(open_one, images_needed=None)
    assert paired_text(without_tolerance, "mAP50-95", 0.0, lower_is_better=False).endswith("a loss of 0.123.")

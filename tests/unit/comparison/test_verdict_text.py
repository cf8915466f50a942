"""A verdict in one sentence claims what was tested, and no more."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest
from record_samples import detection_pair, records_of

from yololab.comparison import verdict_text as module
from yololab.comparison.verdict_text import exact_test_text, paired_text, verdict_text
from yololab.statistics.inference import paired_comparison
from yololab.statistics.inference.paired_comparison import MetricDifference
from yololab.statistics.inference.paired_models import ExactTest
from yololab.statistics.inference.verdict import Verdict

TESTED = [verdict for verdict in Verdict if verdict is not Verdict.NO_BASELINE]


def test_the_examples_are_true():
    assert doctest.testmod(module).attempted
    assert doctest.testmod(module).failed == 0


def row_of(delta, ci95=None, ci90=None, p=0.5, metric="mAP50-95"):
    return MetricDifference(metric, 0.5 + delta, 0.5, ci95, ci90 or ci95, 0.01, p)


@pytest.mark.parametrize("verdict", TESTED)
def test_every_verdict_says_metric_difference_and_interval(verdict):
    text = verdict_text(verdict, row_of(-0.0123, (-0.02, 0.001)), 0.01)
    assert "mAP50-95 -0.0123" in text
    assert "±0.01" in text if verdict is Verdict.EQUIVALENT else "-0.0200 to +0.0010" in text
    assert text.endswith(".")


@pytest.mark.parametrize("verdict", TESTED)
def test_without_a_test_nothing_is_claimed_of_chance(verdict):
    assert "was not tested" in verdict_text(verdict, MetricDifference("mAP50-95", 0.48, 0.5), 0.01)


def test_only_a_confirmed_loss_is_beyond_the_tolerance():
    confirmed = verdict_text(Verdict.DEGRADED, row_of(-0.05, (-0.07, -0.03), p=0.001), 0.01, confirmed=True)
    open_ended = verdict_text(Verdict.DEGRADED, row_of(-0.02, (-0.04, -0.001), p=0.01), 0.01)
    assert "by more than the tolerance of 0.01, and more than chance" in confirmed
    assert "whether by more than the tolerance of 0.01 is open" in open_ended


def test_an_error_says_that_lower_is_better():
    better = row_of(-0.1, (-0.2, -0.05), p=0.01, metric="rmse")
    assert "(lower is better)" in verdict_text(Verdict.IMPROVED, better, 0.01, lower_is_better=True)
    shown = verdict_text(Verdict.EQUIVALENT, row_of(-0.003, (-0.005, -0.001), p=0.01), 0.01, lower_is_better=True)
    assert "better by 0.0030, less than the tolerance" in shown


def test_an_exact_test_counts_the_images():
    text = exact_test_text(ExactTest("McNemar", "top1", 12, 3, 0.035))
    assert "12 images are right only now, 3 only in the baseline" in text
    assert "0.035" in text


@pytest.mark.parametrize(
    ("verdict", "row", "text"),
    [
        (
            Verdict.IMPROVED,
            row_of(0.03, (0.01, 0.05), p=0.01),
            "Better: mAP50-95 +0.0300, more than chance; the 95 % interval over images is +0.0100 to +0.0500.",
        ),
        (
            Verdict.EQUIVALENT,
            row_of(-0.003, (-0.005, -0.001), p=0.01),
            "Equivalent: mAP50-95 -0.0030; worse by 0.0030, less than the tolerance; "
            "the 90 % interval lies within ±0.01.",
        ),
        (
            Verdict.EQUIVALENT,
            row_of(-0.003, (-0.005, -0.001), p=0.06),
            "Equivalent: mAP50-95 -0.0030; the 90 % interval lies within ±0.01; borderline: the 95 % interval over "
            "images is -0.0050 to -0.0010 and excludes 0, the test does not (p = 0.060).",
        ),
        (
            Verdict.NOT_WORSE,
            row_of(0.004, (-0.012, 0.02), (-0.008, 0.016)),
            "Not worse: mAP50-95 +0.0040; a loss of more than 0.01 is ruled out (90 % interval -0.0080 to "
            "+0.0160), a gain not shown: the 95 % interval over images is -0.0120 to +0.0200.",
        ),
        (
            Verdict.DEGRADED,
            row_of(-0.02, (-0.03, -0.005), p=0.01),
            "Worse: mAP50-95 -0.0200, more than chance; whether by more than the tolerance of 0.01 is open: "
            "the 95 % interval over images is -0.0300 to -0.0050.",
        ),
        (
            Verdict.INCONCLUSIVE,
            row_of(-0.001, (-0.05, 0.05)),
            "Inconclusive: mAP50-95 -0.0010; a loss of more than 0.01 is not ruled out: "
            "the 95 % interval over images is -0.0500 to +0.0500.",
        ),
        (
            Verdict.INCONCLUSIVE,
            row_of(-0.03, (-0.062, 0.002), p=0.04),
            "Inconclusive: mAP50-95 -0.0300; a loss of more than 0.01 is not ruled out; borderline: the 95 % interval "
            "over images is -0.0620 to +0.0020 and holds 0, the test excludes it (p = 0.040).",
        ),
        (  # a claim that a series of looks, or images too few, forbid: what forbids it is said after it
            Verdict.INCONCLUSIVE,
            row_of(-0.03, (-0.05, -0.01), p=0.01),
            "Inconclusive: mAP50-95 -0.0300; nothing is claimed, although the 95 % interval over images is "
            "-0.0500 to -0.0100 and excludes 0.",
        ),
        (
            Verdict.NOT_WORSE,
            row_of(0.02, (0.001, 0.039), (0.003, 0.036), p=0.02),
            "Not worse: mAP50-95 +0.0200; a loss of more than 0.01 is ruled out (90 % interval +0.0030 to +0.0360); "
            "more is not claimed, although the 95 % interval over images is +0.0010 to +0.0390 and excludes 0.",
        ),
        (
            Verdict.IMPROVED,
            MetricDifference("mAP50-95", 0.52, 0.5),
            "Better: mAP50-95 +0.0200; whether it is more than chance was not tested.",
        ),
        (
            Verdict.NOT_WORSE,
            MetricDifference("mAP50-95", 0.498, 0.5),
            "Not worse: mAP50-95 -0.0020, within the tolerance of 0.01; whether it is more than chance was not tested.",
        ),
    ],
)
def test_each_verdict_says_its_interval_or_that_there_is_none(verdict, row, text):
    assert verdict_text(verdict, row, 0.01) == text


def test_an_inconclusive_one_says_what_would_settle_it(monkeypatch):
    monkeypatch.setattr(paired_comparison, "MANY_REPLICATES", 200)
    result = paired_comparison.compare_pair(detection_pair(records_of(0.9, 1), records_of(0.9, 2)), 0.01)
    open_one = replace(result, verdict=Verdict.INCONCLUSIVE, images_needed=4321, images_to_show=1234)
    text = paired_text(open_one, "mAP50-95", 0.01, lower_is_better=False)
    assert "The standard error is 0.0" in text
    assert text.endswith("would rule out a loss of 0.01 if there is none, about 1,234 would show one of 0.02.")
    without_tolerance = replace(open_one, images_needed=None, refused=("Only 4 images tell them apart.",))
    text = paired_text(without_tolerance, "mAP50-95", 0.0, lower_is_better=False)
    assert "Only 4 images tell them apart. The standard error is" in text
    assert text.endswith("with 60 images.")

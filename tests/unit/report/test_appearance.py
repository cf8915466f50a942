"""Every verdict and every status has its appearance."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from yololab.files.record_content import Status
from yololab.report.appearance import STATUSES, VERDICTS, Tone, gain_word, status_appearance, verdict_appearance
from yololab.statistics.inference.verdict import Verdict


def test_none_is_missing_and_none_is_too_many():
    assert VERDICTS.keys() == {str(verdict) for verdict in Verdict}
    assert STATUSES.keys() == {str(status) for status in Status}


def test_what_we_do_not_know_is_shown_by_its_name():
    assert verdict_appearance("NEWER_VERDICT").headline == "Newer verdict"
    assert status_appearance("newer").headline == "Newer"
    assert status_appearance("").headline == "No record of this run"


def test_only_bad_news_is_bad():
    assert [name for name, shown in VERDICTS.items() if shown.tone is Tone.BAD] == ["DEGRADED"]
    assert [name for name, shown in STATUSES.items() if shown.tone is Tone.BAD] == ["failed"]


@pytest.mark.parametrize(
    ("delta", "direction", "word"),
    [
        (0.1, "higher", "better"),
        (-0.1, "higher", "worse"),
        (-0.1, "lower", "better"),
        (0.0, "lower", ""),
        (None, "", ""),
    ],
)
def test_a_gain_goes_the_metrics_way(delta, direction, word):
    assert gain_word(delta, direction) == word


@pytest.mark.parametrize("module", ["appearance", "charts.scales", "charts.svg", "sections.record"])
def test_the_examples_in_the_docs_are_true(module):
    result = doctest.testmod(import_module(f"yololab.report.{module}"))
    assert result.attempted
    assert not result.failed

"""The section of the verdict."""

from __future__ import annotations

import pytest
from report_samples import record_of, run_with

from yololab.report.sections.verdict import check_head, verdict


def test_the_verdict_stands_for_a_complete_run_only():
    comparison = {"verdict": "IMPROVED", "sentence": "It is better.", "baseline": {"path": "b"}}
    shown = verdict(run_with(record=record_of(), comparison=comparison))
    assert (shown["tag"], shown["sentence"], shown["shown"].tone) == ("IMPROVED", "It is better.", "good")
    shown = verdict(run_with(record=record_of(status="interrupted"), comparison=comparison))
    assert (shown["tag"], shown["shown"].tone) == ("INTERRUPTED", "warn")
    assert shown["sentence"] != "It is better."


@pytest.mark.parametrize(
    ("word", "tone"),
    [
        ("EQUIVALENT", "good"),
        ("NOT_WORSE", "good"),
        ("INCONCLUSIVE", "warn"),
        ("DEGRADED", "bad"),
        ("NO_BASELINE", "neutral"),
        ("SOMETHING_NEW", "neutral"),
    ],
)
def test_each_verdict_has_its_tone_and_words(word, tone):
    shown = verdict(run_with(comparison={"verdict": word}))["shown"]
    assert shown.tone == tone
    assert shown.headline
    assert "_" not in shown.headline


def test_only_a_run_without_support_says_so():
    comparison = {"verdict": "IMPROVED", "baseline": {"path": "b"}, "statistical_support": False}
    assert verdict(run_with(comparison=comparison))["unsupported"]
    assert not verdict(run_with(comparison=comparison | {"statistical_support": True}))["unsupported"]
    assert not verdict(run_with(comparison=comparison | {"baseline": None, "verdict": "NO_BASELINE"}))["unsupported"]


def test_the_checklist_badge_counts_what_is_undecided():
    badges = [text for _, _, text in verdict(run_with(record=record_of()))["badges"]]
    assert "Checklist: 4 of 5 passed, 1 undecided" in badges


@pytest.mark.parametrize(
    ("counts", "headline", "tone"),
    [
        ({}, "Nothing to complain about", "good"),
        ({"note": 3}, "Nothing to complain about", "good"),
        ({"warning": 1, "note": 3}, "1 warning to look at", "warn"),
        ({"blocking": 2, "warning": 1}, "2 blocking problems to mend before a training", "bad"),
    ],
)
def test_the_page_of_a_check_begins_with_its_result(counts, headline, tone):
    summary = [{"severity": severity, "count": number} for severity, number in counts.items()]
    report = {"dataset": "C:\\data\\cells\\data.yaml", "summary": summary, "splits": {"val": {"images": 7}}}
    head = check_head(run_with(dataset_report=report))
    assert (head["shown"].headline, head["shown"].tone) == (headline, tone)
    assert dict(head["facts"]) == {"Dataset": "cells/data.yaml", "Task": None, "val": "7 images"}

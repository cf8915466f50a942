"""What a sweep's sections prepare from its summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_samples import tables_in

from yololab.report.section import render
from yololab.report.sweep.sections import SECTIONS, failures, head, ranking, settings
from yololab.report.sweep.sweep_files import SweepFiles

ROWS = [
    {"trial": 0, "status": "complete", "objectives": [0.5], "values": {"lr0": 0.01}, "behind": 0.02, "p": 0.2,
     "behind_ci": [-0.01, 0.05]},
    {"trial": 1, "status": "complete", "objectives": [0.52], "values": {"lr0": 0.1}, "behind": 0.0},
    {"trial": 2, "status": "failed", "values": {"lr0": 1.0}, "error": None},
]  # fmt: skip


def sweep_of(**summary) -> SweepFiles:
    content = {
        "objectives": [{"metric": "mAP50-95", "direction": "maximize"}],
        "trials": ROWS,
        "counts": {"complete": 2, "failed": 1},
        "ranking": {"order": [1, 0]},
        "winner": {"trial": 1},
        "finished": True,
    }
    return SweepFiles(Path("/sweeps/demo"), content | summary, {})


@pytest.mark.parametrize(
    ("summary", "headline"),
    [
        ({"winner": None}, "No trial completed"),
        ({"finished": False}, "Trial 1 leads so far"),
        ({"ranking": {"order": [1, 0], "could_be_best": [1]}}, "Trial 1 is the best one"),
        (
            {"ranking": {"order": [1, 0], "could_be_best": [0, 1]}},
            "Trial 1 came out first, statistically indistinguishable from 1 other",
        ),
        ({"ranking": {"order": [1, 0], "pareto": [0, 1]}}, "2 best compromises"),
        ({}, "Trial 1 came out first"),
    ],
)
def test_the_headline_claims_what_was_found(summary, headline):
    assert head(sweep_of(**summary))["shown"].headline == headline


def test_a_winner_that_chance_may_explain_is_no_good_news():
    lucky = ROWS[1] | {"baseline": {"path": "b", "verdict": "IMPROVED", "p": 0.02, "p_adjusted": 0.2}}
    clear = ROWS[1] | {"baseline": {"path": "b", "verdict": "IMPROVED", "p": 0.002, "p_adjusted": 0.02}}
    (tone, _, text), _ = head(sweep_of(trials=[ROWS[0], lucky, ROWS[2]]))["badges"]
    assert (tone, "chance" in text) == ("warn", True)
    (tone, _, text), _ = head(sweep_of(trials=[ROWS[0], clear, ROWS[2]]))["badges"]
    assert (tone, "chance" in text) == ("good", False)


def test_how_far_a_trial_lies_behind_is_shown_as_a_loss():
    sweep = sweep_of(ranking={"order": [1, 0], "statistical_support": True})
    assert [row["trial"] for row, *_ in ranking(sweep)["rows"]] == [1, 0]
    (_, first, second), _ = tables_in(render("sweep", SECTIONS, sweep))
    assert (first[1], first[4:6]) == ("1", ["", ""])
    assert second[4:6] == ["−0.0200 −0.0500 … +0.0100", "0.200"]


def test_recipes_are_listed_with_what_their_seeds_say():
    one = {"values": {"lr0": 0.1, "model": "n"}, "trials": [0, 1], "mean": 0.5, "behind": 0.02, "behind_ci": [0, 0.05]}
    sweep = sweep_of(recipes=[one | {"p": 0.04, "could_be_best": False}, {"trials": [2], "mean": 0.4}])
    (_, first, second), *_ = tables_in(render("sweep", SECTIONS, sweep))
    assert first == ["lr0=0.1, model=n", "0, 1", "0.5000", "—", "−0.0200", "−0.0500 … 0.0000", "0.040", "no"]
    assert second == ["the only one", "2", "0.4000", "—", "", "", "", "—"]


def test_a_failure_without_a_message_says_so(tmp_path):
    sweep = SweepFiles(tmp_path, sweep_of().summary, {})
    ((row, values, *_),) = failures(sweep)["rows"]
    assert (row["trial"], values) == (2, "lr0=1.0")
    assert "<pre>no message was recorded</pre>" in render("sweep", SECTIONS, sweep)


def test_sections_without_content_are_left_out():
    empty = SweepFiles(Path("/sweeps/empty"), {}, {})
    left = [section.template for section in SECTIONS if section.prepare(empty) is not None]
    assert left == ["sections/01_verdict"]
    assert settings(empty) is None

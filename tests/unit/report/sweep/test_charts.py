"""The drawings of a sweep's page, from the rows of its summary."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from yololab.report.sweep.charts import history, importance_bars, pareto, settings_chart
from yololab.report.sweep.sweep_files import SweepFiles


def sweep_of(rows, objectives=(("mAP50-95", "maximize"),), **summary) -> SweepFiles:
    content = {
        "objectives": [{"metric": name, "direction": direction} for name, direction in objectives],
        "trials": [{"trial": number, "status": "complete", **row} for number, row in enumerate(rows)],
        "ranking": {"order": list(range(len(rows)))},
        "winner": {"trial": 0},
    }
    return SweepFiles(Path("/sweeps/demo"), content | summary, {})


def drawn(markup: str, kind: str) -> list[ElementTree.Element]:
    return [item for item in ElementTree.fromstring(markup).iter("g") if kind in item.get("class", "").split()]


@pytest.mark.parametrize(("direction", "corners"), [("maximize", 3), ("minimize", 2)])
def test_the_line_follows_the_best_so_far(direction, corners):
    rows = [{"objectives": [value]} for value in (0.5, 0.6, 0.7, 0.4)]
    markup = history(sweep_of(rows, [("mAP50-95", direction)]))
    (line,) = drawn(markup, "series")
    assert line.find("path").get("d").count("H") == corners
    assert len([item for item in drawn(markup, "dot") if item.get("data-trial")]) == 4


def test_failed_and_pruned_trials_differ_in_form_and_word_and_those_without_a_score_are_not_drawn():
    rows = [
        {"objectives": [0.5]},
        {"objectives": None},
        {"objectives": [0.9], "status": "failed"},
        {"objectives": [0.2], "status": "pruned"},
    ]
    markup = history(sweep_of(rows))
    shown = [item for item in drawn(markup, "dot") if item.get("data-trial")]
    assert [item.get("data-trial") for item in shown] == ["0", "2", "3"]
    forms = [item.find("path").get("d") if item.find("path") is not None else "disc" for item in shown]
    assert len(set(forms)) == 3
    for word in ("complete", "failed", "pruned"):
        assert f"</svg>{word}</span>" in markup


def test_a_pruned_trial_is_no_best_one():
    rows = [{"objectives": [0.5]}, {"objectives": [0.9], "status": "pruned"}]
    (line,) = drawn(history(sweep_of(rows)), "series")
    assert line.find("path").get("d").count("H") == 1


def test_the_front_is_ringed():
    objectives = [("mAP50-95", "maximize"), ("speed_ms.inference", "minimize")]
    rows = [{"objectives": [0.5, 9.0], "pareto": True}, {"objectives": [0.4, 9.5], "pareto": False}]
    dots = drawn(pareto(sweep_of(rows, objectives)), "dot")
    assert [len(dot.findall("circle")) for dot in dots] == [2, 1]
    assert not pareto(sweep_of(rows))


def test_a_setting_that_chance_explains_says_so():
    items = [{"key": "lr0", "share": 0.8, "p": 0.01, "more_than_chance": True}, {"key": "box", "share": 0.2, "p": 0.6}]
    markup = importance_bars(sweep_of([], importance={"settings": items}))
    assert "box (chance?)" in markup
    assert "lr0 (chance?)" not in markup


def test_each_complete_trial_is_a_way_and_one_alone_is_none():
    rows = [{"objectives": [0.5 + n / 10], "values": {"lr0": f"1e-{n}", "model": "n"}} for n in range(1, 4)]
    assert len(drawn(settings_chart(sweep_of(rows)), "series")) == 3
    assert not settings_chart(sweep_of(rows[:1]))

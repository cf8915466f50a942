"""The section of the config."""

from __future__ import annotations

from report_samples import run_with

from yololab.report.sections.settings import settings


def test_a_setting_that_is_null_false_or_zero_is_shown_as_such():
    effective = {"values": {"freeze": None, "amp": False, "seed": 0, "classes": [0, 2]}, "differences": []}
    shown = settings(run_with(record={"effective_config": effective}))
    assert shown["effective"] == [("freeze", "null"), ("amp", "false"), ("seed", "0"), ("classes", "[0, 2]")]
    assert shown["differences"] == []

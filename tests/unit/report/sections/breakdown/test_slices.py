"""The section of the slices: one chart a property, one axis for all."""

from __future__ import annotations

from types import SimpleNamespace

from record_samples import records_of

from yololab.comparison.slices.slices import Asked, slices_of_one, slices_of_two
from yololab.report.section import Section, render
from yololab.report.sections.breakdown.slices import slices
from yololab.statistics.inference.resampling import Units


def test_what_is_worse_is_said_drawn_and_listed():
    good, bad = records_of(0.95, seed=1, images=100), records_of(0.4, seed=2, images=100)
    found = slices_of_two(bad, good, Units(good.keys), Asked(("crowding", "folder")))
    run = SimpleNamespace(comparison={"slices": found}, metrics={"slices": {"weak": ["size: small"]}})
    page = render("name", [Section("Slices", "sections/06_slices", slices)], run)
    assert f"Worse than the baseline in {', '.join(found['worse'])}.".replace(">", "&gt;") in page
    assert "Weak, against the rest of the set, in size: small." in page
    assert page.count("<figcaption><span>Crowding</span>") == 1
    assert page.count("<tr><th scope=") == len(found["rows"]) == 3
    assert "folder: there is one folder, or each is rare." in page
    assert slices(SimpleNamespace(comparison={}, metrics={})) is None


def test_a_run_without_a_baseline_shows_where_it_is_weak():
    records = records_of(0.6, images=100)
    found = slices_of_one(records, Units(records.keys), Asked(("crowding",)))
    run = SimpleNamespace(comparison={}, metrics={"slices": found | {"weak": ["crowding: many"]}})
    page = render("name", [Section("Slices", "sections/06_slices", slices)], run)
    assert "Weak, against the rest of the set, in crowding: many." in page
    assert "<th>In the slice</th><th>Elsewhere</th>" in page
    assert "baseline" not in page.partition("<section")[2].lower()

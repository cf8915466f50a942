"""The types of error and the sizes, as the page shows them."""

from __future__ import annotations

from report_samples import complete_run, html_of, tables_in

from yololab.report.run_files import load_run
from yololab.report.sections.breakdown.errors import EXPLAINED, errors
from yololab.statistics.diagnosis.error_types import TYPES


def test_every_type_is_explained():
    assert tuple(EXPLAINED) == TYPES


def test_both_sides_of_each_type_are_shown(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    types, _ = tables_in(html_of("Errors", run))
    assert [row[0].lower() for row in types[1:]] == list(EXPLAINED)
    assert types[2][2:] == ["10", "13", "0.0200"]
    assert "localisation: 0.0200, baseline 0.0500" in errors(run)["chart"]


def test_a_size_without_labels_has_no_number(tmp_path):
    _, (_, small, medium, _) = tables_in(html_of("Errors", load_run(complete_run(tmp_path / "run"))))
    assert (small[2], small[3], small[5]) == ("0", "—", "—")
    assert (medium[3], medium[5]) == ("0.4000", "0.0000")


def test_a_comparison_that_did_not_look_has_no_section(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.comparison.pop("error_types")
    assert errors(run) is None

"""The types of error and the sizes, as the page shows them."""

from __future__ import annotations

from report_samples import complete_run

from yololab.report.run_files import load_run
from yololab.report.sections.errors import EXPLAINED, errors
from yololab.statistics.diagnosis.error_types import TYPES


def test_every_type_is_explained():
    assert tuple(EXPLAINED) == TYPES


def test_both_sides_of_each_type_are_shown(tmp_path):
    shown = errors(load_run(complete_run(tmp_path / "run")))
    assert [row["name"] for row in shown["rows"]] == list(EXPLAINED)
    assert (shown["rows"][1]["count"], shown["rows"][1]["before"]) == ("10", "13")
    assert (shown["rows"][1]["worth"], shown["rows"][1]["marker"]) == ("0.0200", 0.05)
    assert shown["with_baseline"]


def test_a_size_without_labels_has_no_number(tmp_path):
    small, medium, _ = errors(load_run(complete_run(tmp_path / "run")))["sizes"]
    assert (small["labels"], small["current"], small["delta"]) == ("0", "—", "—")
    assert (medium["current"], medium["delta"]) == ("0.4000", "0.0000")


def test_a_comparison_that_did_not_look_has_no_section(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.comparison.pop("error_types")
    assert errors(run) is None

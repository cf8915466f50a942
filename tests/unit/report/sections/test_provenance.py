"""The section of where the run comes from."""

from __future__ import annotations

from report_samples import html_of, record_of, run_with, tables_in

from yololab.report.sections.provenance import provenance


def test_the_estimate_is_held_against_what_it_took():
    shown = dict(provenance(run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": 150})))["run"])
    assert shown["Took"] == "2 min 30 s (+50% against the estimate)"
    shown = dict(provenance(run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": 350})))["run"])
    assert shown["Took"] == "5 min 50 s (+250% against the estimate)"
    shown = dict(provenance(run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": None})))["run"])
    assert shown["Took"] == "—"
    stopped = record_of(status="interrupted", estimate={"seconds": 100, "actual_seconds": 2})
    assert dict(provenance(run_with(record=stopped))["run"])["Took"] == "2.0 s"
    run = run_with(record=record_of(estimate={"seconds": 100, "actual_seconds": None}))
    assert "Took" not in html_of("Provenance", run)


def test_an_approval_tells_its_facts_in_words():
    first, second = provenance(run_with(record=record_of()))["approvals"]
    assert first["facts"] == "device cpu, epochs 60, images train 255, images val 73"
    assert second["facts"] == "device cpu, epochs 60, estimated 6 min 42 s"
    table = tables_in(html_of("Provenance", run_with(record=record_of())))[0]
    assert table[2][1] == "unanswered"


def test_a_run_outside_git_says_so():
    record = record_of()
    record["provenance"]["git"] = None
    assert ("Commit", "not in a git repository", None) in provenance(run_with(record=record))["code"]

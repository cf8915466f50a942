"""The checklist: each item passed, failed or undecided."""

from __future__ import annotations

from report_samples import complete_run

from yololab.report.run_files import load_run
from yololab.report.sections.checklist import checklist


def test_each_item_has_its_mark_and_its_evidence(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.record["verification"] = {
        "checks": [
            {"check": "loss decreased", "passed": True, "evidence": "1.5 to 0.5"},
            {"check": "metrics saved", "passed": False},
            {"check": "exported model works", "passed": None, "evidence": None},
            {"passed": "yes"},
        ]
    }
    items = checklist(run)["items"]
    assert [item["mark"][2] for item in items] == ["passed", "failed", "undecided", "undecided"]
    assert [item["evidence"] for item in items] == ["1.5 to 0.5", "", "", ""]
    assert items[3]["check"] == "—"


def test_nothing_verified_is_no_section(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    run.record["verification"] = None
    assert checklist(run) is None

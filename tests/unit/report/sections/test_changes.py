"""Which settings differ from the baseline's run, and links that stay valid."""

from __future__ import annotations

import json
import shutil

from report_samples import complete_run, html_of, record_of, tables_in, write_run

from yololab.files.paths import RunFolder
from yololab.report.run_files import address, load_run, run_of_metrics
from yololab.report.sections.changes import changes
from yololab.report.sections.verdict import verdict

TITLE = "Settings against the baseline"


def two_runs(project, **settings):
    """A run and the run of its baseline in a project."""
    record = record_of(name="before")
    record["effective_config"] = {"values": {"lr0": 0.005}, "differences": []}
    record["requested_config"] = record["requested_config"] | settings
    before = write_run(project / "outputs/training/before", record=record, metrics={"mAP50-95": 0.5})
    RunFolder(before).report.write_text("</html>")
    run = complete_run(project / "outputs/training/a run#1")
    own = json.loads(RunFolder(run).record.read_text())
    own["effective_config"] = {"values": {"lr0": 0.005}, "differences": []}
    comparison = json.loads(RunFolder(run).comparison.read_text())
    comparison["current"]["path"] = str(RunFolder(run).metrics)
    comparison["baseline"]["path"] = str(RunFolder(before).metrics)
    return write_run(run, comparison=comparison, record=own), before


def test_each_setting_that_differs_with_the_effect_of_all(tmp_path):
    run, _ = two_runs(tmp_path, mosaic=0.5, lr0=0.1, epochs=50, notes="other", paths={"root": "/x"})
    html = html_of(TITLE, load_run(run))
    assert "2 settings differ" in html  # lr0 was used as it is now
    assert tables_in(html)[0][1:] == [["epochs", "50", "60"], ["mosaic", "0.5", "1.0"]]
    assert "+0.0210" in html
    assert "what each setting did alone it cannot tell" in html


def test_rows_are_a_setting_and_its_value_in_each_run(tmp_path):
    found = changes(load_run(two_runs(tmp_path, epochs=50)[0]))
    assert found["rows"] == [("epochs", [50, 60])]
    assert found["columns"] == ["Baseline", "This run"]


def test_one_setting_and_none(tmp_path):
    assert "One setting differs" in html_of(TITLE, load_run(two_runs(tmp_path / "a", epochs=50)[0]))
    html = html_of(TITLE, load_run(two_runs(tmp_path / "b")[0]))
    assert "No setting differs" in html


def test_links_are_relative_and_outlive_a_move(tmp_path):
    run, before = two_runs(tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    run, before = (tmp_path / "new" / path.relative_to(tmp_path / "old") for path in (run, before))
    links = dict(verdict(load_run(run))["links"])
    assert links["results.csv"] == "./results.csv"
    assert links["the baseline’s page"] == "./../before/report.html"
    assert "last.pt" not in links
    assert '<a href="./../before/report.html">before</a>' in html_of(TITLE, load_run(run))
    shutil.rmtree(before)
    assert "the baseline’s page" not in dict(verdict(load_run(run))["links"])
    assert html_of(TITLE, load_run(run)) == ""


def test_an_address_is_no_script_and_has_no_fragment(tmp_path):
    odd = tmp_path / "javascript:alert(1)" / "a#b?c%20 ü"
    odd.mkdir(parents=True)
    link = address(odd, tmp_path)
    assert link == "./javascript%3Aalert%281%29/a%23b%3Fc%2520%20%C3%BC/"
    assert address(tmp_path / "gone", tmp_path) == ""


def test_a_promoted_version_leads_to_its_run_wherever_the_project_lies(tmp_path):
    version = tmp_path / "outputs/baselines/cells-12/detect/history/v1"
    version.mkdir(parents=True)
    run = write_run(tmp_path / "outputs/training/before", record=record_of())
    for origin, found in (
        ({"place": "outputs/training/before", "run": "/gone"}, run),
        ({"place": "../../elsewhere", "run": str(run)}, run),
        ({"run": "/gone"}, None),
    ):
        (version / "provenance.json").write_text(json.dumps({"schema_version": 1, "version": "v1"} | origin))
        place = run_of_metrics(version / "metrics.json")
        assert (place and place.path) == found
    (version / "provenance.json").write_text("{half")
    assert run_of_metrics(version / "metrics.json") is None

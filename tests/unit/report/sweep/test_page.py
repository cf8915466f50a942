"""The page of a sweep: what it shows, that it is safe, and that it needs nothing else."""

from __future__ import annotations

import json
import re

import pytest
from sweep_samples import LATENCY, complete_sweep, write_sweep, write_trial

from yololab.files.record_content import Status
from yololab.report.sweep.page import write_sweep_report
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.state import Objective, TrialStatus
from yololab.terminal.screen import Screen

HOSTILE = """<script>alert('x')</script>"><img src=x onerror=alert(1)>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = complete_sweep(tmp_path_factory.mktemp("sweeps") / "demo_20260117_143000")
    return folder.report.read_text(encoding="utf-8")


def test_it_answers_in_a_sentence_and_shows_everything_it_rests_on(page):
    assert "came out first of 12" in page
    for title in ("Ranking", "How it went", "Settings that mattered", "Failures", "What was asked for"):
        assert f"<h2>{title}</h2>" in page
    assert "95% interval" in page
    assert "winner&#39;s curse" in page
    assert "Too close to call" in page  # by itself better: p is corrected for the number of trials
    assert "loss is NaN" in page
    assert "RuntimeError: the last line" in page
    assert page.count("<figure>") >= 4


def test_it_needs_no_network_and_runs_its_own_script_alone(page):
    assert page.count("<script") == 1
    assert "default-src 'none'" in page
    assert not re.search(r"src=|href=[\"'](?!#|\./)", page)
    assert len(page) < 200_000


def test_it_links_to_each_trial(page):
    for trial in range(14):
        assert f'<a href="./{trial}/">{trial}</a>' in page
    assert '<a href="./summary.csv">' in page
    assert '<a href="./13/">Trial 13</a>' in page


def test_names_and_errors_cannot_inject_anything(tmp_path):
    folder = write_sweep(tmp_path / "sweep", keys=(HOSTILE,), budget=3, command=("yololab", HOSTILE), name=HOSTILE)
    write_trial(folder, 0, {HOSTILE: HOSTILE}, 0.5)
    write_trial(folder, 1, {HOSTILE: "b"}, 0.6)
    failed = {"noted": TrialStatus.FAILED, "status": Status.FAILED, "error": f"boom {HOSTILE}"}
    bad = write_trial(folder, 2, {HOSTILE: "c"}, **failed)
    bad.log.write_text(HOSTILE)
    finalize_sweep(folder, Screen(quiet=True))
    page = folder.report.read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert "<img" not in page
    assert 'title="">' not in page
    assert "boom" in page


def test_pages_of_unusual_sweeps_are_written(tmp_path):
    empty = write_sweep(tmp_path / "empty", budget=1)
    write_trial(empty, 0, {"lr0": 0.1}, noted=TrialStatus.FAILED, status=None, error="no memory")
    finalize_sweep(empty, Screen(quiet=True))
    assert "No trial completed" in empty.report.read_text()
    one = write_sweep(tmp_path / "one", keys=(), budget=1)
    write_trial(one, 0, {}, 0.4)
    finalize_sweep(one, Screen(quiet=True))
    assert "the only one of 1" in one.report.read_text()
    several = write_sweep(tmp_path / "several", objectives=(Objective("mAP50-95", "maximize"), LATENCY), budget=3)
    for number, speed in enumerate((5.0, 9.0, 9.0)):
        write_trial(several, number, {"lr0": number}, 0.5 + 0.1 * number, speed_ms={"inference": speed})
    finalize_sweep(several, Screen(quiet=True))
    assert "Compromises" in several.report.read_text()
    seeds = write_sweep(tmp_path / "seeds", keys=("seed",), budget=3)
    for number in range(3):
        write_trial(seeds, number, {"seed": number}, 0.5)
    finalize_sweep(seeds, Screen(quiet=True))
    assert "Recipes" in seeds.report.read_text()


def test_it_follows_a_sweep_that_was_moved(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=1)
    write_trial(folder, 0, {"lr0": 0.1}, 0.5)
    finalize_sweep(folder, Screen(quiet=True))
    moved = folder.path.rename(tmp_path / "elsewhere")
    page = write_sweep_report(moved).read_text()
    assert "in training, the best 1" in page


@pytest.mark.parametrize("part", ["trials", "counts", "objectives", "ranking"])
def test_a_damaged_part_of_the_summary_costs_its_own_sections(tmp_path, part):
    folder = complete_sweep(tmp_path / "demo_20260117_143000")
    content = json.loads(folder.summary.read_text())
    folder.summary.write_text(json.dumps(content | {part: "damaged"}))
    page = write_sweep_report(folder.path).read_text()
    assert f"summary.json, $.{part}" in page
    assert "What was asked for" in page
    assert "</html>" in page

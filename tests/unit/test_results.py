"""What functions return in Python: short when printed, a card in a notebook."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sweep_samples import write_sweep, write_trial
from whole_run import write_whole_run

import yololab
from yololab.files.metrics import read_metrics
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.job.stages.estimate import Estimate
from yololab.results import CostEstimate, Evaluation, Experiment, sweep_in

PROBE = None


@pytest.fixture
def run(tmp_path):
    (tmp_path / "cells_1").mkdir()
    return write_whole_run(tmp_path / "cells_1")


def test_a_run(run):
    found = yololab.load_experiment(run.path)
    value = f"{json.loads(run.metrics.read_text())['mAP50-95']:.4f}"
    assert repr(found).startswith("<Experiment cells_1: A first result")
    assert value in repr(found)
    assert len(repr(found)) < 200
    html = found._repr_html_()
    assert value in html
    assert "report.html" in html
    assert found.verdict == "NO_BASELINE"
    assert found.report == run.report


def test_a_run_that_failed_says_why(run):
    Record(run).finish(Status.FAILED, {"message": "the disk <is> full"})
    html = yololab.load_experiment(run.path)._repr_html_()
    assert "The run failed" in html
    assert "the disk &lt;is&gt; full" in html


def test_an_evaluation(run):
    metrics = read_metrics(run.metrics)
    found = Evaluation(metrics.path, metrics.content)
    assert found.value("mAP50-95") == metrics.value("mAP50-95")
    assert "mAP50-95" in repr(found)
    assert len(repr(found)) < 200
    assert "metrics.json" in found._repr_html_()


def test_a_comparison(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in (("now", 0.40), ("then", 0.45)):
        content = {"mAP50": 0.6, "mAP50-95": value, "precision": 0.7, "recall": 0.5}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    found = yololab.compare("now.json", "then.json")
    assert found["verdict"] == "DEGRADED"
    assert repr(found).startswith("<ComparisonResult DEGRADED: ")
    assert "Worse than the baseline" in found._repr_html_()
    assert "0.4500 → 0.4000" in found._repr_html_()


def test_an_estimate():
    found = CostEstimate(Estimate(90.0, 5.0, 0.0, 3, 2**20, PROBE), ("there is <little> room",))
    assert found.seconds == 95
    assert repr(found).startswith("<CostEstimate Estimate: 1 min 35 s at most; training 1 min 30 s")
    assert "&lt;little&gt;" in found._repr_html_()


def test_a_sweep(tmp_path):
    folder = write_sweep(tmp_path / "sweep_1", budget=2)
    for number, found in ((0, 0.3), (1, 0.8)):
        write_trial(folder, number, {"lr0": 0.1 * (number + 1)}, found=found)
    sweep = yololab.load_sweep(folder.path)
    assert (len(sweep.trials), sweep.winner.trial, sweep.exit_code) == (2, 1, None)
    assert "trial 1, lr0=0.2" in sweep._repr_html_()
    assert len(repr(sweep)) < 300
    assert replace(sweep, exit_code=0).answer == sweep_in(folder.path).answer


def test_a_check(tmp_path, monkeypatch):
    from tiny import make_dataset

    monkeypatch.chdir(tmp_path)
    make_dataset(tmp_path / "pictures")
    found = yololab.check("pictures/data.yaml", quiet=True)
    assert found.passes
    assert found.report.splits["train"].images == 8
    assert "8 images" in found._repr_html_()
    assert found.folder.report.is_file()


def test_what_there_is_can_be_listed():
    assert {"run_experiment", "sweep", "check", "estimate", "compare"} <= set(dir(yololab))
    assert isinstance(Experiment, type)

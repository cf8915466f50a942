"""A finished run trained further, twice, for real."""

from __future__ import annotations

import json

import pytest

from yololab import extend, run_experiment
from yololab.cli.main import main

SMALL = {"batch": 4, "device": "cpu", "workers": 0, "imgsz": 64, "quiet": True, "plots": False}


@pytest.mark.slow
def test_a_chain_counts_its_epochs_and_says_what_its_rate_was(tmp_path, monkeypatch, micro_yaml, tiny_dataset, capsys):
    monkeypatch.chdir(tmp_path)
    settings = ("approval=auto", "estimate.batches=1", "device.threads=1", "export=none", "optimizer=SGD", "lr0=0.01")
    first = run_experiment(*settings, model=micro_yaml, data=tiny_dataset.yaml, epochs=2, name="cells", **SMALL)
    second = extend(first.path, epochs=1, approval="auto", quiet=True)
    assert main(["extend", "latest", "epochs=1", "weights=best", "approval=auto", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total_epochs"] == 4
    third = json.loads((tmp_path / "outputs/training/latest/experiment_log.json").read_text())
    assert third["extends"]["chain"] == [first.path.name, second.path.name]
    assert third["extends"]["weights"] == "best.pt"
    for record in (second.record, third):
        assert record["status"] == "complete"
        assert record["training"]["optimizer"]["lr0"] == pytest.approx(0.001)
        assert record["training"]["optimizer"]["lrf"] == pytest.approx(0.1)
        assert record["training"]["epochs_completed"] == 1
        assert record["extends"]["schedule"]["base_lr0"] == 0.01
    assert "further, from its last.pt" in second.report.read_text()

"""The demo, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_demo_learns_and_compares_with_what_was_promoted(tmp_path):
    command = [sys.executable, "-m", "yololab", "experiment=demo", "approval=auto", "baseline.promote=if_improved"]
    environment = os.environ | {"YOLO_OFFLINE": "true"}
    subprocess.run(command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=900)
    run = (tmp_path / "outputs/training/latest").resolve()
    metrics = json.loads((run / "evaluation/metrics.json").read_text())
    assert metrics["mAP50"] >= 0.6
    record = json.loads((run / "experiment_log.json").read_text())
    assert record["verification"]["passed"] is True
    assert all(check["passed"] for check in record["verification"]["checks"])
    again = [*command, "epochs=1", "seed=1"]
    subprocess.run(again, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=300)
    comparison = json.loads(((tmp_path / "outputs/training/latest").resolve() / "comparison.json").read_text())
    assert comparison["verdict"] == "DEGRADED"
    assert comparison["baseline"]["path"].endswith("metrics.json")


@pytest.mark.slow
def test_a_new_project_trains_at_once(tmp_path):
    command, environment = [sys.executable, "-m", "yololab"], os.environ | {"YOLO_OFFLINE": "true"}
    short = ["epochs=1", "imgsz=64", "data.subset=32", "device=cpu", "model.pretrained=false", "approval=auto"]
    for line in (["init", "."], ["experiment=mine", *short, "export=none"]):
        subprocess.run(
            [*command, *line], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=400
        )
    record = json.loads((tmp_path / "outputs/training/latest/experiment_log.json").read_text())
    assert (record["status"], record["requested_config"]["optimizer"]) == ("complete", "AdamW")

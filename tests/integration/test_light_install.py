"""Comparing where neither PyTorch nor Ultralytics is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from coco_samples import detections_of, labels_of, write_instances, write_results

REPOSITORY = Path(__file__).parents[2]
LIGHT = REPOSITORY / "constraints-light.txt"


def pins(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line and line[0] != "#"}


def test_the_light_versions_are_those_that_the_project_is_tested_with():
    # The same OpenCV, without windows: where nothing is shown there need be no display, nor its libraries.
    tested = {pin.replace("opencv-python=", "opencv-python-headless=") for pin in pins(REPOSITORY / "constraints.txt")}
    assert pins(LIGHT) <= tested
    assert not any(pin.startswith(("torch", "ultralytics")) for pin in pins(LIGHT))


@pytest.mark.slow
def test_a_comparison_without_torch(tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    for what in (("-r", str(LIGHT)), (str(REPOSITORY),)):
        subprocess.run([str(venv / "bin/pip"), "install", "-q", "--no-deps", *what], check=True)

    def yololab(*words: str) -> subprocess.CompletedProcess[str]:
        run = [str(venv / "bin/python"), "-m", "yololab", *words]
        there = {"cwd": tmp_path, "env": {"PATH": "/usr/bin:/bin"}}
        return subprocess.run(run, check=False, capture_output=True, text=True, **there)

    labels = labels_of()
    write_instances(tmp_path / "instances.json", labels)
    write_results(tmp_path / "good.json", detections_of(labels, 0.95))
    write_results(tmp_path / "bad.json", detections_of(labels, 0.5, seed=2))
    found = yololab("compare", "bad.json", "good.json", "truth=instances.json")
    assert (found.returncode, "DEGRADED" in found.stdout) == (4, True), found.stdout + found.stderr
    (folder,) = (tmp_path / "outputs/comparisons").iterdir()
    assert yololab("report", str(folder)).returncode == 0
    assert yololab("runs").returncode == 0
    found = yololab("check", "data=shapes")
    assert (found.returncode, "256 images" in found.stdout) == (0, True), found.stdout + found.stderr
    refused = yololab("evaluate", "model=x.pt", "data=shapes")
    assert refused.returncode == 2
    assert "pip install" in refused.stdout + refused.stderr

"""What the guide on wrong labels shows is run, and its figures are the measured ones."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from yololab.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/guides/labels.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(yololab labels (?:outputs|latest)[^#\n]*)", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command, tmp_path, monkeypatch):
    project = shutil.copytree(ROOT / "tests/data/v0_1_0", tmp_path / "project", symlinks=True)
    monkeypatch.chdir(project)
    (project / "outputs/training/latest").unlink()  # a killed run
    (run,) = (project / "outputs/training").glob("detect_2*")
    (project / "outputs/training/latest").symlink_to(run.name)
    assert main(shlex.split(command)[1:]) == 0


def test_its_figures_are_measured():
    measured = json.loads((ROOT / "tests/benchmarks/labels.json").read_text(encoding="utf-8"))
    for name, case in measured["cases"].items():
        columns = ("mAP50", "mean_found", "least_found", "mean_objectlab", "mean_hotcoco", "mean_random")
        cells = ["—" if case.get(column) is None else str(case[column]) for column in columns]
        assert f"| {name} | {' | '.join(cells)} |" in PAGE
    eye = measured["by_eye"]
    assert f"Of the first {eye['looked_at']} suspects on its published labels, {eye['surely_wrong']}" in PAGE

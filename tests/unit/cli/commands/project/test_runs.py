"""The leaderboard as it is printed."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from project_samples import write_run

from yololab.cli.main import main


@pytest.fixture
def project(tmp_path, monkeypatch):
    for seed, value in enumerate((0.4, 0.5)):
        write_run(tmp_path, f"small_{seed}", {"seed": seed}, value=value, comparison={"verdict": "IMPROVED"})
    write_run(tmp_path, "large", {"lr0": 0.1, "model": {"weights": "yolo26x.pt"}}, value=0.6, tags=["paper"])
    write_run(tmp_path, "名前🚀" * 20, value=0.1, status="failed")
    write_run(tmp_path, "no", value=None, status="rejected")
    write_run(tmp_path, "broken").record.write_text("{")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(capsys, *tokens: str, code: int = 0) -> str:
    assert main(["runs", *tokens]) == code
    return capsys.readouterr().out


def test_the_leaderboard(project, capsys):
    lines = printed(capsys).splitlines()
    assert lines[0] == "shapes · detect   4 runs"
    names = ["run", "mAP50-95", "status", "verdict", "lr0", "model", "tags", "mAP50", "epochs", "started"]
    assert lines[1].split() == names
    assert lines[2].split()[:4] == ["large", "0.6000", "complete", "—"]
    assert "small_1 ×2" in lines[3]
    assert "0.4500 ± 0.0707" in lines[3]
    text = "\n".join(lines)
    assert "1 declined run not shown" in text
    assert "unreadable: " in text


def test_asked_for_in_another_way(project, capsys):
    shown = printed(capsys, "lr0<0.05", "status=complete", "sort=value", "columns=lr0,seed", "fold=false", "limit=1")
    assert [line.split() for line in shown.splitlines()] == [
        ["shapes", "·", "detect", "2", "runs"],
        ["run", "lr0", "seed"],
        ["small_0", "0.01", "0"],
        ["1", "line", "more:", "limit=all", "shows", "them"],
    ]
    assert "None of 6 runs" in printed(capsys, "lr0>5")
    assert "no " in printed(capsys, "status=rejected")


def test_programs_read_every_run(project, capsys):
    rows = json.loads(printed(capsys, "--json", "status=complete"))
    assert [row["run"] for row in rows] == ["large", "small_1", "small_0"]
    assert rows[0]["settings"] == {"lr0": 0.1, "model.weights": "yolo26x.pt"}
    table = [*csv.DictReader(io.StringIO(printed(capsys, "--csv", "status=complete")))]
    assert [(row["run"], row["lr0"], row["tags"]) for row in table][:2] == [
        ("large", "0.1", "paper"),
        ("small_1", "0.01", ""),
    ]


def test_two_runs_are_held_against_each_other(project, capsys):
    shown = printed(capsys, "small_0", "lar")
    assert "lr0" in shown
    assert "environment: the same" in shown
    assert json.loads(printed(capsys, "small_0", "large", "--json"))["config"]["lr0"] == [0.01, 0.1]
    printed(capsys, "small", "large", code=2)
    printed(capsys, "small_0", "gone", code=2)


def test_what_is_wrong_is_said(project, capsys):
    assert main(["runs", "lrO<1", "--nonsense"]) == 2
    assert main(["runs", "lrO<1"]) == 2
    assert "did you mean lr0" in capsys.readouterr().err
    assert main(["runs", "paths.root=nowhere"]) == 0


@pytest.mark.process
def test_nothing_heavy_is_imported(project, capsys):
    """Of ten thousand runs the list takes less time than PyTorch takes to be imported."""
    heavy = "{'torch', 'scipy', 'hydra', 'numpy'}"
    code = f"import sys; from yololab.cli.main import main; main(['runs']); print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

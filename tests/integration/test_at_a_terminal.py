"""What somebody sees and can do who sits at a terminal, and what a pipe gets instead."""

from __future__ import annotations

import json
import re
import signal
import time
from collections import Counter
from pathlib import Path

import command_line
import pytest
from adapter_samples import MICRO
from terminal_session import TerminalSession
from tiny import make_dataset

from yololab.files.metrics import read_metrics

JOB = ("data=pictures/data.yaml", "model=micro.yaml", "export=none", "evaluation.plots=false", *command_line.QUICK)


@pytest.fixture
def project(tmp_path) -> Path:
    make_dataset(tmp_path / "pictures", images=24)
    (tmp_path / "micro.yaml").write_text(MICRO)
    return tmp_path


def session(project: Path, *words: str, **changed: str) -> TerminalSession:
    return TerminalSession("-m", "yololab", *words, cwd=project, **changed)


def record_of(project: Path) -> tuple[Path, dict]:
    (file,) = (project / "outputs/training").glob("micro_*/experiment_log.json")
    return file.parent, json.loads(file.read_text())


def test_each_stage_shows_that_it_works_and_leaves_a_few_lines(project):
    terminal = session(project, *JOB, "epochs=40")
    first = terminal.wait_for("yololab")
    assert first < 10, f"the first line came after {first:.1f} s, on whatever machine this is"
    terminal.wait_for(r"\[y/N\]")
    for stage in ("looking for data, model and device", "importing PyTorch", "timing a few real batches"):
        assert stage in terminal.text
    assert re.search(r"\? {2}Start\? No GPU: it runs on the CPU\.", terminal.text)
    assert "free disk" in terminal.text
    assert "folder: outputs/training/micro_" in terminal.text
    terminal.type("y\n")
    terminal.wait_for(r"epoch \d+/40 .*batch \d/6 .*left: epoch .*job ")
    terminal.wait_for(r"loss [\d.]+ .*images/s.*[MG]B")
    # What is typed before the prompt stands there is thrown away.
    terminal.wait_for(r"Make this run the baseline[\s\S]*\[y/N\]", 300)
    terminal.type("\n")
    assert terminal.finish() == 0, terminal.text
    folder, record = record_of(project)
    assert record["status"] == "complete"
    assert (project / "outputs/training/latest").resolve() == folder
    left = "\n".join(terminal.left)
    assert not re.search(r"batch \d/|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", left), left
    assert f"report: outputs/training/{folder.name}/report.html" in left
    assert max(map(len, terminal.left)) < 80, left
    log = (folder / "yololab.log").read_text()
    assert "epoch 40/40" in log
    assert not {"\x1b", "\r"} & set(log)


@pytest.mark.parametrize("changed", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_plain_terminal_gets_no_escapes_and_ctrl_c_is_answered_at_once(changed, project):
    terminal = session(project, *JOB, "epochs=3000", "approval=auto", **changed)
    terminal.wait_for("epoch 2/3000")
    terminal.type("\x03")
    asked = terminal.wait_for("after this batch; Ctrl-C once more stops at once", 20)
    assert terminal.finish() == 130, terminal.output
    assert asked > 0
    assert "\x1b" not in terminal.output
    lines = terminal.output.replace("\r\n", "\n").splitlines()
    assert "\r" not in "".join(lines)
    assert [line for line, count in Counter(lines).items() if count > 1 and line.strip()] == []
    folder, record = record_of(project)
    assert record["status"] == "interrupted"
    assert f"yololab resume outputs/training/{folder.name}" in terminal.output


def test_a_second_ctrl_c_stops_at_once_and_the_run_can_be_resumed(project):
    terminal = session(project, *JOB, "epochs=60", "approval=auto", "nbs=4")
    terminal.wait_for(r"epoch \d+/60 .*batch")
    terminal.type("\x03")
    terminal.type("\x03")
    assert terminal.finish(60) == 130, terminal.text
    folder, record = record_of(project)
    assert record["status"] == "interrupted"
    resumed = command_line.yololab("resume", str(folder), "approval=auto", cwd=project).stdout
    assert record_of(project)[1]["status"] == "complete"
    assert "epoch 60/60" in resumed
    assert not {"\x1b", "\r"} & set(resumed)
    assert [line for line, count in Counter(resumed.splitlines()).items() if count > 1 and line.strip()] == []


@pytest.mark.parametrize("stage", ["yololab", "importing PyTorch", "timing a few real batches"])
def test_ctrl_c_ends_every_other_stage_cleanly(stage, project):
    terminal = session(project, *JOB, "epochs=3", "approval=auto")
    terminal.wait_for(stage)
    terminal.type("\x03")
    # One that meets Python run by C++, as in PyTorch's import, lets Python end by the signal: to a shell, 130 too.
    assert terminal.finish(60) in (130, -signal.SIGINT), terminal.text
    assert "Traceback" not in terminal.text
    assert terminal.left[-2:][0].startswith("error: interrupted") or "interrupted" in terminal.text
    assert terminal.output.count("\x1b[?25h") >= 1  # the cursor is there again
    if (project / "outputs").exists():
        assert record_of(project)[1]["status"] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.5, 3.0, 4.5, 6.0, 8.0])
def test_ctrl_c_ends_an_evaluation_cleanly_wherever_it_comes(seconds, tiny_checkpoint, project):
    words = (f"model={tiny_checkpoint}", "data=pictures/data.yaml", "imgsz=64", "device=cpu", "evaluation.plots=false")
    terminal = session(project, "evaluate", *words)
    terminal.wait_for("yololab|reading")
    time.sleep(seconds)
    terminal.type("\x03")
    assert terminal.finish(60) in (0, 130, -signal.SIGINT), terminal.text
    assert "Traceback" not in terminal.text
    for folder in (project / "outputs/evaluation").glob("[!.]*_*"):
        assert read_metrics(folder / "metrics.json").fingerprint


def test_a_sweep_shows_its_trials_and_ctrl_c_is_answered_at_once(project):
    terminal = session(project, "-m", *JOB, "epochs=3000", "lr0=0.01,0.02")
    terminal.wait_for(r"\[y/N\]")
    shown = " ".join(terminal.text.split())
    assert "plan 2 trials on pictures (24 training images), 6,000 epochs" in shown
    assert "Start 2 trials? No GPU: they run on the CPU" in shown
    terminal.type("y\n")
    terminal.wait_for(r"trial.*values.*state.*epoch.*mAP50-95.*left", 200)
    terminal.wait_for(r"1 running, 0/2")
    terminal.wait_for(r"running  +[1-9]")
    terminal.type("\x03")
    terminal.wait_for("after the batches that run; Ctrl-C once more stops at once", 20)
    assert terminal.finish() == 130, terminal.text
    assert "Traceback" not in terminal.text

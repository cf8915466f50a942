"""Before and after the training: dry runs, leaks, changed data, and a person at a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import command_line
import pytest
from tiny import make_dataset

JOB = ("data=pictures/data.yaml", "model=yolo26n.yaml", *command_line.QUICK)


@pytest.fixture
def project(tmp_path) -> Path:
    make_dataset(tmp_path / "pictures")
    return tmp_path


def yololab(*words: str, cwd: Path, code: int = 0) -> str:
    done = command_line.yololab(*words, cwd=cwd, code=code)
    return done.stdout + done.stderr


def newest(project: Path) -> Path:
    folders = [path for path in (project / "outputs/training").iterdir() if not path.is_symlink()]
    return max(folders, key=lambda path: (path.stat().st_ctime_ns, path.name))


def record(folder: Path) -> dict:
    return json.loads((folder / "experiment_log.json").read_text())


def test_a_dry_run_goes_through_every_stage_and_counts_for_nothing(project):
    output = yololab(*JOB, "epochs=300", "approval=auto", "dry_run=true", "baseline.promote=always", cwd=project)
    assert "every stage works" in output
    folder = newest(project)
    content = record(folder)
    assert content["status"] == "complete"
    assert content["dry_run"]["mode"] == "batch"
    assert content["results"]["final_epoch"] == 1
    assert content["training"]["first_loss"] > 0
    assert content["estimate"]["epochs"] == 300
    checks = {check["check"]: check["passed"] for check in content["verification"]["checks"]}
    assert checks["exported model works"] is True
    assert len((folder / "dry_run_train.txt").read_text().splitlines()) == 4
    assert not (project / "outputs/training/latest").exists()
    assert not (project / "outputs/evaluation/metrics.json").exists()
    assert not (project / "outputs/baselines").exists()
    assert "dry run" in yololab("promote", str(folder), cwd=project, code=2)
    assert "Dry run" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_a_batch_can_be_learnt(project):
    yololab(*JOB, "approval=auto", "dry_run=overfit", "export=none", cwd=project)
    (learnt,) = [c for c in record(newest(project))["verification"]["checks"] if c["check"] == "batch learnt"]
    assert learnt["passed"] is True


def test_a_leak_is_asked_about_and_can_be_made_to_block(project):
    for kind, suffix in (("images", "png"), ("labels", "txt")):
        pictures = project / "pictures"
        shutil.copyfile(pictures / f"train/{kind}/train0.{suffix}", pictures / f"val/{kind}/leak.{suffix}")
    output = yololab(*JOB, "approval.cpu=auto", cwd=project, code=3)
    assert "leak_same" in output
    assert "approval.dataset=auto" in output
    output = yololab(*JOB, "approval=auto", "check.severity.leak_same=blocking", cwd=project, code=2)
    assert "leak.png" in output
    folder = newest(project)
    assert record(folder)["status"] == "failed"
    assert not (folder / "weights").exists()
    output = yololab("check", "data=pictures/data.yaml", cwd=project)
    (page,) = (project / "outputs/checks").glob("*/report.html")
    assert "leak same" in page.read_text()


@pytest.mark.slow
def test_what_changed_in_the_data_since_the_baseline_is_told(project):
    words = (*JOB, "epochs=1", "approval=auto", "export=none")
    yololab(*words, "baseline.promote=always", cwd=project)
    first = newest(project)
    label = project / "pictures/train/labels/train3.txt"
    label.write_text(label.read_text().splitlines()[0] + "\n")
    assert "1 image relabelled (train/images/train3.png)" in yololab(*words, cwd=project)
    second = newest(project)
    assert record(second)["data_changes"]["splits"]["train"]["relabelled"] == 1
    output = yololab("compare", str(second), str(first), "baseline.gate=none", cwd=project)
    comparison = next((project / "outputs/comparisons").glob("*/comparison.json"))
    assert any("relabelled" in note for note in json.loads(comparison.read_text())["notes"]), output


def test_an_estimate_reckons_with_the_part_of_the_data_that_is_used(project):
    assert "2 epochs of 1 batch," in yololab("estimate", *JOB, "epochs=2", "data.subset=4", cwd=project)
    assert not (project / "outputs").exists()


def at_a_terminal(words: tuple[str, ...], answers: list[bytes], cwd: Path) -> tuple[int, str]:
    """Run a command at a pseudo-terminal, typing an answer at each question."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "yololab", *words],
        cwd=cwd,
        env=os.environ | {"YOLO_OFFLINE": "true", "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    output, asked = b"", 0
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            try:
                output += os.read(master, 4096)
            except OSError:
                break
        if output.count(b"[y/N]") > asked and asked < len(answers):
            time.sleep(0.3)
            os.write(master, answers[asked])
            asked += 1
    code = process.wait(20)
    os.close(master)
    return code, output.decode(errors="replace")


def test_a_question_that_is_interrupted_is_answered_by_nobody(project):
    code, output = at_a_terminal((*JOB, "epochs=1"), [b"\x04"], project)
    assert code == 130, output
    content = record(newest(project))
    assert content["status"] == "interrupted"
    assert [(item["gate"], item["answer"], item["by"]) for item in content["approvals"]] == [
        ("cpu", "interrupted", "nobody")
    ]
    assert not (newest(project) / "weights").exists()


@pytest.mark.parametrize("typed", [b"\n", b"n\n"])
def test_nothing_but_a_yes_spends(project, typed):
    code, output = at_a_terminal((*JOB, "epochs=1"), [typed], project)
    assert code == 3, output
    content = record(newest(project))
    assert content["status"] == "rejected"
    (approval,) = content["approvals"]
    assert (approval["gate"], approval["answer"]) == ("cpu", "no")
    assert approval["by"].startswith("user:")
    assert not (newest(project) / "weights").exists()


def test_a_person_says_yes_and_does_not_promote(project):
    code, output = at_a_terminal((*JOB, "epochs=1", "export=none"), [b"y\n", b"\n"], project)
    assert code == 0, output
    assert "Make this run the baseline?" in output
    content = record(newest(project))
    assert [(a["gate"], a["answer"]) for a in content["approvals"]] == [("cpu", "yes"), ("promote", "no")]
    assert not (project / "outputs/baselines").exists()


@pytest.mark.slow
def test_a_run_that_fails_its_strict_checklist_is_not_promoted_by_itself(project):
    words = (
        "approval=auto",
        "export.tolerance=0",
        "verification.strict=true",
        "baseline.promote=always",
        "name=strict",
    )
    assert "verification failed" in yololab(*JOB, *words, cwd=project, code=1)
    assert not (project / "outputs/baselines").exists()
    folder = newest(project)
    assert "its export is broken" in yololab("promote", folder.name, cwd=project, code=2)
    yololab("promote", folder.name, "export.accept_broken=true", cwd=project)
    (place,) = (project / "outputs/baselines").iterdir()
    (folder / "evaluation/metrics.json").unlink()
    yololab(
        "promote", str(folder), "export.accept_broken=true", cwd=project
    )  # measured anew, and the baseline of the same dataset
    assert list((project / "outputs/baselines").iterdir()) == [place]


@pytest.mark.slow
def test_a_no_stays_a_no_until_somebody_says_otherwise(project):
    yololab(*JOB, "epochs=1", "approval=auto", "export=none", cwd=project)
    folder = newest(project)
    content = record(folder)
    answer = {"gate": "worse", "facts": {}, "answer": "no", "by": "user:somebody", "time": content["timestamp"]}
    content |= {"status": "rejected", "approvals": [*content["approvals"], answer]}
    content["config"]["approval"]["policy"] = "ask"
    (folder / "experiment_log.json").write_text(json.dumps(content))
    comparison = json.loads((folder / "comparison.json").read_text())
    (folder / "comparison.json").write_text(json.dumps(comparison | {"verdict": "DEGRADED"}))
    words = ("resume", folder.name, "approval.worse=ask")
    assert "declined at the gate worse by user:somebody" in yololab(*words, cwd=project, code=3)
    assert record(folder)["status"] == "rejected"
    yololab("resume", folder.name, "approval.worse=auto", cwd=project)
    assert record(folder)["status"] == "complete"


def test_a_sweep_is_estimated_and_may_be_declined(project):
    words = ("-m", *JOB, "epochs=1", "lr0=0.001,0.01,0.1")
    assert "at most for all 3 trials" in yololab("estimate", *words, cwd=project)
    assert not (project / "multirun").exists()
    output = yololab(*words, cwd=project, code=3)
    assert "approval.cpu=auto" in output
    assert "8 training images" in output
    (file,) = (project / "multirun").rglob("*.json")
    content = json.loads(file.read_text())
    assert (content["status"], content["approvals"][0]["answer"]) == ("rejected", "unanswered")
    assert content["approvals"][0]["facts"]["trials"] == 3
    assert "rejected" in yololab("runs", "status=all", cwd=project)

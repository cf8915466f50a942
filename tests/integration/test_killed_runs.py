"""Runs that are killed at chosen moments, really, with SIGKILL, and go on to the same end."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import command_line
import pytest
from adapter_samples import MICRO
from tiny import make_dataset

from yololab import resume, run_experiment
from yololab.errors import InputError
from yololab.sweep.trial import run_trial

EPOCHS = 3
WORDS = (
    "data=pictures/data.yaml",
    "model=micro.yaml",
    "imgsz=64",
    "batch=4",
    "nbs=4",
    "device=cpu",
    "device.threads=1",
    "workers=0",
    "augmentation=none",
    "optimizer=AdamW",
    "lr0=0.01",
    "warmup_epochs=0",
    "plots=false",
    "evaluation.plots=false",
    "approval=auto",
    "baseline.promote=always",
    f"epochs={EPOCHS}",
)

# Runs the command line, and kills itself when a function is called for the n-th time.
KILLER = """
import os, signal, sys
from importlib import import_module
module, _, path = sys.argv[1].partition(":")
nth, owner = int(sys.argv[2]), import_module(module)
*outer, name = path.split(".")
for part in outer:
    owner = getattr(owner, part)
original, calls = getattr(owner, name), []
def killing(*arguments, **keywords):
    # Of what is written, only the run's checkpoints: the probe of the estimate saves elsewhere.
    place = str(arguments[0]) if arguments else ""
    if "atomic" not in module or ("outputs" in place and ".pt" in place):
        calls.append(1)
    if len(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **keywords)
setattr(owner, name, killing)
from yololab.cli.main import main
raise SystemExit(main(sys.argv[3:]))
"""
SAVING = "yololab.ultralytics_adapter.training.atomic_checkpoints:AtomicPath.write_bytes"
WRITTEN = "yololab.files.atomic:_to_disk"  # a temporary file is written and has not taken its place yet
# An epoch writes last.pt, then best.pt when it is the best so far: with a fitness of 0 that is every one.
MOMENTS = {
    "before the second epoch is saved": (SAVING, 3, 1),
    "while last.pt is being written": (WRITTEN, 3, 1),
    "between the two checkpoints": (SAVING, 4, 2),
}
MORE_MOMENTS = {
    "while the last checkpoint is stripped": (WRITTEN, 2 * EPOCHS + 1, 3),
    "in the evaluation": ("yololab.job.measure:write_metrics", 1, 3),
    "in the check": ("yololab.job.stages.check:write_manifest", 1, 0),
    "in the estimate": ("yololab.job.stages.estimate:estimate_cost", 1, 0),
    "in the first epoch": (SAVING, 1, 0),
    "before the best checkpoint is stripped": (WRITTEN, 2 * EPOCHS + 2, 3),
    "between the two files of the comparison": ("yololab.job.stages.compare:write_text", 1, 3),
    "in the verification": ("yololab.job.checklist:comparison_executed", 1, 3),
    "in the export": ("yololab.job.export.exported:exported_outputs_differ", 1, 3),
    "in the promotion": ("yololab.files.baseline:copy_file", 1, 3),
    "before the end is recorded": ("yololab.files.record:Record.finish", 1, 3),
    "before the page is written": ("yololab.job.stages.report:write_report", 1, 3),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("my project")
    make_dataset(folder / "pictures")
    (folder / "micro.yaml").write_text(MICRO)
    return folder


@pytest.fixture
def here(project, monkeypatch) -> Path:
    monkeypatch.chdir(project)
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    return project


def runs(project: Path) -> set[Path]:
    training = project / "outputs/training"
    # What `yololab runs` lists; a folder that is being made has a hidden name.
    return {path for path in training.glob("[!.]*") if not path.is_symlink()}


def killed(project: Path, where: str, nth: int, *words: str) -> Path:
    """Start a run that kills itself, and return its folder."""
    before = runs(project)
    done = command_line.python("-c", KILLER, where, str(nth), *WORDS, *words, cwd=project)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    (folder,) = runs(project) - before
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        return list(csv.DictReader(file))


def record(folder: Path) -> dict:
    return json.loads((folder / "experiment_log.json").read_text())


def check_complete(folder: Path) -> None:
    content = record(folder)
    assert content["status"] == "complete"
    assert [int(row["epoch"]) for row in rows(folder)] == list(range(1, EPOCHS + 1))
    assert content["results"]["final_epoch"] == EPOCHS
    assert (content["training"]["status"], content["training"]["stop_reason"]) == ("complete", "finished")
    # Whether so small a training has learnt anything is not the question here.
    failed = [item["check"] for item in content["verification"]["checks"] if item["passed"] is False]
    assert set(failed) <= {"loss decreased", "learnt something", "finds something"}
    assert content["promoted"]
    for name in ("evaluation/metrics.json", "evaluation/predictions.npz", "comparison.json", "comparison.md"):
        assert (folder / name).is_file()
    assert (folder / "report.html").is_file()
    assert content["estimate"]["actual_seconds"] >= content["training"]["seconds"]
    import torch

    for name in ("last.pt", "best.pt"):
        checkpoint = torch.load(folder / "weights" / name, map_location="cpu", weights_only=False)
        assert checkpoint["epoch"] == -1
        assert checkpoint["optimizer"] is None
    assert not list((folder / "weights").glob(".*"))


def killed_and_resumed(project: Path, where: str, nth: int, epoch: int, *words: str) -> Path:
    folder = killed(project, where, nth, *words)
    had = {path: path.read_bytes() for path in [folder / "training.json"] if path.is_file()}
    run = resume(folder, quiet=True)
    assert run.exit_code == 0
    check_complete(folder)
    attempts = record(folder)["attempts"]
    if len(attempts) == 2:
        assert [attempt["status"] for attempt in attempts] == ["killed", "complete"]
        assert attempts[1]["from_epoch"] == epoch
    if epoch == EPOCHS and "stripped" not in where and where != WRITTEN:
        assert {path: path.read_bytes() for path in had} == had, "the training was not touched"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}
    assert resume(folder, quiet=True).exit_code == 0
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}
    assert after == before, "nothing was missing, nothing is touched"
    return folder


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_goes_on(here, moment):
    killed_and_resumed(here, *MOMENTS[moment], "export=none")


@pytest.mark.slow
@pytest.mark.parametrize("moment", MORE_MOMENTS)
def test_a_run_killed_anywhere_goes_on(here, moment):
    killed_and_resumed(here, *MORE_MOMENTS[moment], "export=onnx" if "export" in moment else "export=none")


@pytest.mark.slow
def test_a_run_killed_before_it_has_a_record_is_not_there_and_the_next_one_sweeps_up(here):
    before, training = runs(here), here / "outputs/training"
    done = command_line.python("-c", KILLER, "yololab.files.record:Record.begin", "1", *WORDS, cwd=here)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (runs(here), len(list(training.glob(".*.tmp")))) == (before, 1)
    run_experiment(*WORDS, "approval=never", quiet=True)
    assert not list(training.glob(".*.tmp"))
    assert len(runs(here)) == len(before) + 1


@pytest.fixture(scope="module")
def half_way(project) -> Path:
    """A run that was killed after its first epoch."""
    return killed(project, SAVING, 3, "export=none")


@pytest.fixture
def copied(half_way, here, tmp_path) -> Path:
    """A copy of it elsewhere: a run's folder may be moved."""
    return Path(shutil.copytree(half_way, tmp_path / "moved"))


def test_it_comes_close_to_a_run_that_was_never_killed(copied):
    """Epochs before the kill are the same to the digit; weights and optimizer are kept in half precision, so the
    others are close and no more."""
    whole = run_experiment(*WORDS, "export=none", quiet=True)
    resume(copied, quiet=True)
    check_complete(copied)
    ours, theirs = rows(copied), rows(whole.path)
    del ours[0]["time"], theirs[0]["time"]
    assert ours[0] == theirs[0]
    for after, uninterrupted in zip(ours[1:], theirs[1:], strict=True):
        assert {key: after[key] for key in after if key.startswith("lr/")} == {
            key: uninterrupted[key] for key in uninterrupted if key.startswith("lr/")
        }, "the schedule goes on"
        losses = [sum(float(row[key]) for key in row if key.startswith("train/")) for row in (after, uninterrupted)]
        assert losses[0] == pytest.approx(losses[1], rel=0.2)


def test_changed_data_is_refused_unless_it_is_wanted(copied, here):
    label = here / "pictures/train/labels/train0.txt"
    before = label.read_text()
    label.write_text("0 0.5 0.5 0.2 0.2\n")
    try:
        run = resume(copied, quiet=True)
        assert run.exit_code == 2
        assert run.status == "interrupted", "it can still be continued"
        assert [int(row["epoch"]) for row in rows(copied)] == [1, 2]
        assert "has changed since the run was started (train)" in (copied / "yololab.log").read_text()
        assert resume(copied, quiet=True, resume={"changed_data": True}).exit_code == 0
        check_complete(copied)
    finally:
        label.write_text(before)


def test_other_settings_are_refused(copied):
    with pytest.raises(InputError) as caught:
        resume(copied, quiet=True, epochs=9)
    assert [problem.where for problem in caught.value.problems] == ["epochs"]


def test_a_run_that_is_running_is_refused(copied):
    from yololab.files.locks import locked
    from yololab.files.paths import RunFolder

    content = record(copied)
    content["provenance"]["process"]["pid"] = os.getpid()
    content["provenance"]["process"]["started"] = ""
    (copied / "experiment_log.json").write_text(json.dumps(content))
    with locked(RunFolder(copied)), pytest.raises(InputError, match="still running"):
        resume(copied, quiet=True)


def test_a_run_of_another_machine_may_be_taken_over(copied):
    content = record(copied)
    content["provenance"]["process"] = {"host": "elsewhere", "pid": 1, "started": "another boot:1"}
    (copied / "experiment_log.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="even_if_running=true"):
        resume(copied, quiet=True)
    assert record(copied)["status"] == "running"
    assert resume(copied, quiet=True, resume={"even_if_running": True}).exit_code == 0


def test_the_body_of_a_trial_goes_on_when_it_is_started_again(copied, here):
    """Whatever starts it, from wherever: a requeue, a retry, a resumed sweep."""
    assert run_trial(copied) == 0
    content = record(copied)
    assert content["status"] == "complete"
    assert content["attempts"][1]["from_epoch"] == 1
    assert run_trial(copied) == 0
    assert record(copied) == content

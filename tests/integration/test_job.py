"""The whole job with real training: a tiny model's few steps on a few small pictures."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
import yaml
from command_line import yololab
from tiny import make_dataset

QUICK = ("model=yolo26n.yaml", "approval=auto", *command_line.QUICK)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("my project")
    make_dataset(folder / "pictures")
    return folder


def train(*words: str, cwd: Path, code: int = 0) -> Path:
    """Run one job and return its folder."""
    before = set(folders(cwd))
    yololab("data=pictures/data.yaml", *QUICK, *words, cwd=cwd, code=code)
    (new,) = set(folders(cwd)) - before
    return new


def folders(project: Path) -> list[Path]:
    training = project / "outputs/training"
    return [path for path in training.iterdir() if not path.is_symlink()] if training.is_dir() else []


def read(path: Path) -> dict:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def first(project) -> Path:
    words = (
        "epochs=3",
        "lr0=0.002",
        "optimizer=AdamW",
        "warmup_epochs=0",
        "augmentation=none",
        "nbs=4",
        "notes=first try, a=b",
    )
    return train(*words, "export=onnx", "baseline.promote=always", cwd=project)


def test_a_run_leaves_everything(first, project):
    for name in (
        ".hydra/config.yaml",
        ".hydra/overrides.yaml",
        ".hydra/hydra.yaml",
        "weights/best.pt",
        "weights/last.pt",
        "args.yaml",
        "results.csv",
        "evaluation/metrics.json",
        "evaluation/predictions.npz",
        "dataset_report.json",
        "comparison.json",
        "comparison.md",
        "experiment_log.json",
        "report.html",
        "yololab.log",
        "confusion_matrix.png",
    ):
        assert (first / name).is_file(), name
    assert (project / "outputs/training/latest").resolve() == first
    assert read(project / "outputs/evaluation/metrics.json") == read(first / "evaluation/metrics.json")
    assert not list((project / "pictures").rglob("*.cache")), "nothing is written beside the user's data"
    args = yaml.safe_load((first / "args.yaml").read_text())
    assert args["save_dir"] == str(first)
    hydra = yaml.safe_load((first / ".hydra/hydra.yaml").read_text())["hydra"]
    assert hydra["run"]["dir"] == hydra["runtime"]["output_dir"] == str(first)


def test_the_record_tells_the_truth(first):
    record = read(first / "experiment_log.json")
    assert record["status"] == "complete"
    assert record["error"] is None
    assert [note["text"] for note in record["notes"]] == ["first try, a=b"]
    assert record["requested_config"]["lr0"] == 0.002
    assert record["effective_config"]["values"]["lr0"] == 0.002
    assert {group["lr"] for group in record["training"]["optimizer"]["groups"]} == {0.002}
    assert record["training"]["optimizer"]["name"] == "AdamW"
    assert record["results"]["final_epoch"] == 3
    metrics = read(first / "evaluation/metrics.json")
    assert record["results"]["best_mAP50-95"] == metrics["mAP50-95"]
    assert metrics["fitness_definition"] == "mAP50-95"
    assert metrics["comparable"] is True
    assert record["model_path"] == str(first / "weights/best.pt")
    assert set(record["dataset"]["fingerprint"]) == {"train", "val"}
    assert record["estimate"]["seconds"] > 0
    assert record["estimate"]["actual_seconds"] > 0
    assert [approval["gate"] for approval in record["approvals"]] == ["cpu"]
    checks = {check["check"]: check["passed"] for check in record["verification"]["checks"]}
    # Three steps from scratch: whether that finds anything is no question of the job.
    assert {"learnt something", "finds something"} <= set(checks)
    assert {name for name in checks if "something" not in name and checks[name]} == {
        "training started",
        "loss decreased",
        "metrics saved",
        "exported model works",
        "comparison executed",
    }
    assert {"check", "estimate", "train", "evaluate", "compare", "verify"} <= set(record["timings"])
    assert record["provenance"]["packages"]["ultralytics"]
    assert record["provenance"]["command"][0] == "yololab"
    log = (first / "yololab.log").read_text()
    assert "\x1b" not in log
    assert "AdamW" in log, "Ultralytics' own lines are in the log"


def test_the_first_run_became_the_baseline(first, project):
    (place,) = (project / "outputs/baselines").glob("*/detect")
    assert place.parent.name.startswith("pictures-")
    assert read(place / "metrics.json")["mAP50-95"] == read(first / "evaluation/metrics.json")["mAP50-95"]
    assert (place / "predictions.npz").read_bytes() == (first / "evaluation/predictions.npz").read_bytes()
    assert read(first / "comparison.json")["verdict"] == "NO_BASELINE"


@pytest.fixture(scope="module")
def again(first, project) -> Path:
    before = set(folders(project))
    yololab("rerun", str(first), "approval=auto", cwd=project)
    (new,) = set(folders(project)) - before
    return new


def test_a_rerun_repeats_the_run_to_the_last_digit(first, again):
    now, then = read(again / "evaluation/metrics.json"), read(first / "evaluation/metrics.json")
    for key in ("mAP50", "mAP50-95", "precision", "recall", "per_class"):
        assert now[key] == then[key]
    comparison = read(again / "comparison.json")
    assert (comparison["verdict"], comparison["statistical_support"]) == ("EQUIVALENT", True)
    assert all(row["delta"] == 0 for row in comparison["metrics"])
    assert read(again / "experiment_log.json")["repeats"] == {"run": str(first), "differences": []}


def test_file_commands(first, again, project):
    done = yololab("compare", str(again), str(first), cwd=project)
    assert "EQUIVALENT" in done.stdout
    assert "mAP50-95" in done.stdout
    yololab("compare", "outputs/training/latest", cwd=project)  # with the promoted baseline
    (written, *_) = (project / "outputs/comparisons").iterdir()
    assert {path.name for path in written.iterdir()} == {"comparison.json", "comparison.md", "report.html"}
    yololab("note", str(first), "second thought", cwd=project)
    assert [note["text"] for note in read(first / "experiment_log.json")["notes"]] == [
        "first try, a=b",
        "second thought",
    ]
    rows = json.loads(yololab("runs", "--json", cwd=project).stdout)
    assert {first.name, again.name} <= {row["run"] for row in rows}
    (first / "report.html").unlink()
    yololab("report", str(first), cwd=project)
    assert "second thought" in (first / "report.html").read_text()
    yololab("promote", str(again), cwd=project)
    (place,) = (project / "outputs/baselines").glob("*/detect")
    assert len(list((place / "history").iterdir())) == 3


def test_evaluate_equals_the_runs_own_evaluation(first, project):
    words = (f"model={first}/weights/best.pt", "data=pictures/data.yaml", "imgsz=64", "device=cpu")
    yololab("evaluate", *words, cwd=project)
    now, then = read(project / "outputs/evaluation/metrics.json"), read(first / "evaluation/metrics.json")
    assert {key: now[key] for key in ("mAP50-95", "per_class", "dataset_fingerprint", "protocol")} == {
        key: then[key] for key in ("mAP50-95", "per_class", "dataset_fingerprint", "protocol")
    }


def test_a_plain_folder_of_ultralytics_is_compared_and_promoted(first, project):
    plain = project / "runs/detect/train"
    (plain / "weights").mkdir(parents=True)
    for name in ("weights/best.pt", "args.yaml", "results.csv"):
        shutil.copy(first / name, plain / name)
    arguments = yaml.safe_load((plain / "args.yaml").read_text())
    arguments["data"] = "pictures/data.yaml"
    (plain / "args.yaml").write_text(yaml.safe_dump(arguments))
    before = sorted(plain.rglob("*"))
    yololab("compare", str(plain), str(first), "device=cpu", cwd=project)
    newest = max((project / "outputs/comparisons").iterdir(), key=lambda path: path.stat().st_mtime)
    assert all(row["delta"] == 0 for row in read(newest / "comparison.json")["metrics"])
    yololab("promote", str(plain), "device=cpu", cwd=project)
    assert sorted(plain.rglob("*")) == before


def test_worse_than_the_baseline(first, project):
    better = read(first / "evaluation/metrics.json")
    better["mAP50-95"] += 0.3
    (project / "better.json").write_text(json.dumps(better))
    words = (
        "epochs=1",
        "imgsz=50",
        "fraction=0.99",
        "export=none",
        "baseline.path=better.json",
        "baseline.gate=degraded",
    )
    run = train(*words, cwd=project, code=4)
    record = read(run / "experiment_log.json")
    assert {"key": "imgsz", "requested": 50, "effective": 64} in [
        {key: row[key] for key in ("key", "requested", "effective")}
        for row in record["effective_config"]["differences"]
    ]
    assert read(run / "evaluation/metrics.json")["comparable"] is False
    assert "fraction takes the first images" in (run / "yololab.log").read_text()
    assert any("settings" in warning for warning in read(run / "comparison.json")["warnings"])
    assert record["status"] == "complete"
    assert record["comparison"]["verdict"] == "DEGRADED"


def test_without_a_terminal_nothing_is_spent(project):
    run = train("approval=ask", cwd=project, code=3)
    record = read(run / "experiment_log.json")
    assert record["status"] == "rejected"
    assert "approval.cpu=auto" in record["error"]["message"]
    assert [(item["gate"], item["answer"]) for item in record["approvals"]] == [("cpu", "unanswered")]
    assert not (run / "weights").exists()


# Layers that are all there, so that it is the training that finds out that none is left to train.
FREEZE_ALL = f"freeze=[{','.join(map(str, range(24)))}]"


def test_a_crashed_training_is_recorded(project):
    before = set(folders(project))
    done = yololab("data=pictures/data.yaml", *QUICK, "epochs=1", FREEZE_ALL, cwd=project, code=1)
    (run,) = set(folders(project)) - before
    assert len([line for line in done.stderr.splitlines() if line]) == 1
    record = read(run / "experiment_log.json")
    assert record["status"] == "failed"
    assert "froze" in record["error"]["message"]
    assert "Traceback" in (run / "yololab.log").read_text()
    assert (run / "report.html").is_file()


def test_a_bad_dataset_stops_before_training(project, tmp_path):
    file = make_dataset(tmp_path / "broken", images=2)
    (tmp_path / "broken/train/labels/train1.txt").write_text("7 0.5 0.5 0.2 0.2\n0 0.5 nan 0.2 0.2\n")
    before = set(folders(project))
    done = yololab(f"data={file}", *QUICK, cwd=project, code=2)
    (run,) = set(folders(project)) - before
    assert "train1.txt" in done.stderr
    assert read(run / "experiment_log.json")["status"] == "failed"
    assert read(run / "dataset_report.json")["problems"]
    assert not (run / "weights").exists()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("model=broken.pt", "broken.pt"),
        ("model=missing.pt", "missing.pt"),
        ("model=yolo26n.pt", "model.pretrained=false"),
        ("device=7", "device"),
        ("data=nowhere.yaml", "nowhere.yaml"),
        ("evaluation.split=test", "test"),
        ("baseline.path=missing.json", "missing.json"),
        ("classes=5", "classes"),
        ("export.format=exe", "export.format"),
        ("baseline.model=missing.pt", "missing.pt"),
    ],
)
def test_what_cannot_be_used_leaves_no_folder(word, says, project):
    (project / "broken.pt").write_bytes(b"PK\x03\x04 not a checkpoint")
    before = set(folders(project))
    done = yololab("data=pictures/data.yaml", *QUICK, word, cwd=project, code=2)
    assert says in done.stderr
    assert set(folders(project)) == before


@pytest.fixture
def running(project) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A long training that has finished its first epoch."""
    before = set(folders(project))
    words = [
        sys.executable,
        "-m",
        "yololab",
        "data=pictures/data.yaml",
        *QUICK,
        "epochs=500",
        "patience=0",
        "export=none",
    ]
    process = subprocess.Popen(words, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            new = set(folders(project)) - before
            if new and (next(iter(new)) / "weights/last.pt").is_file():
                break
            time.sleep(0.2)
        yield process, new.pop()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_state(number, running):
    process, run = running
    process.send_signal(number)
    assert process.wait(60) == 130
    record = read(run / "experiment_log.json")
    assert record["status"] == "interrupted"
    assert record["training"]["epochs_completed"] >= 1
    import torch

    checkpoint = torch.load(run / "weights/last.pt", map_location="cpu", weights_only=False)
    assert checkpoint["optimizer"] is not None, "the training can be continued"
    assert checkpoint["epoch"] >= 0


def test_a_killed_run_leaves_a_true_record(running, project):
    process, run = running
    process.kill()
    process.wait(30)
    assert read(run / "experiment_log.json")["status"] == "running"
    rows = {row["run"]: row["status"] for row in json.loads(yololab("runs", "--json", cwd=project).stdout)}
    assert rows[run.name] == "killed"


def test_a_sweep_leaves_complete_runs_whose_optimizers_had_those_rates(project):
    words = ("epochs=1", "optimizer=SGD", "lr0=0.002,0.01", "export=none", "name=two rates")
    done = yololab("-m", "data=pictures/data.yaml", *QUICK, *words, cwd=project)
    assert "complete" in done.stdout
    (sweep,) = (project / "multirun").iterdir()
    assert sweep.name.startswith("two-rates_")
    for number, rate in enumerate((0.002, 0.01)):
        run = sweep / str(number)
        for name in ("weights/best.pt", "evaluation/metrics.json", ".hydra/config.yaml", "comparison.json"):
            assert (run / name).is_file()
        record = read(run / "experiment_log.json")
        assert record["status"] == "complete"
        assert {group["lr"] for group in record["training"]["optimizer"]["groups"]} == {rate}
        assert record["approvals"][0]["by"].startswith("sweep")
    assert len((sweep / "summary.csv").read_text().splitlines()) == 3
    latest = (project / "outputs/training/latest").resolve()
    assert latest.parent == project / "outputs/training"


def test_a_sweep_of_which_nothing_completes_exits_1(project):
    before = set((project / "multirun").iterdir()) if (project / "multirun").is_dir() else set()
    done = yololab("-m", "data=pictures/data.yaml", *QUICK, FREEZE_ALL, "epochs=1,2", cwd=project, code=1)
    assert "none of 2 trials completed" in done.stderr
    (sweep,) = set((project / "multirun").iterdir()) - before
    assert [trial["status"] for trial in read(sweep / "summary.json")["trials"]] == ["failed", "failed"]
    assert "froze" in (sweep / "summary.csv").read_text()


def test_a_sweep_with_a_config_error_starts_nothing(project):
    before = set((project / "multirun").iterdir()) if (project / "multirun").is_dir() else set()
    done = yololab("-m", "data=pictures/data.yaml", *QUICK, "epochs=1,0", "lr0=0.1,7", cwd=project, code=2)
    assert "epochs" in done.stderr
    assert "lr0" in done.stderr
    assert set((project / "multirun").iterdir() if (project / "multirun").is_dir() else ()) == before


def test_from_python(first, project, monkeypatch):
    from yololab import compare, evaluate, load_experiment, run_experiment

    monkeypatch.chdir(project)
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    settings = {"data": "pictures/data.yaml", "model": "yolo26n.yaml", "imgsz": 64, "batch": 4, "device": "cpu"}
    words = ("approval=auto", "export=none", "data.subset=4", f"baseline.model={first}/weights/best.pt")
    run = run_experiment(*words, epochs=1, scale=(0.3, 0.7), quiet=True, **settings)
    assert (run.status, run.exit_code) == ("complete", 0)
    assert run.record["effective_config"]["values"]["scale"] == [0.3, 0.7]
    assert len((run.path / "train_subset.txt").read_text().splitlines()) == 4
    assert run.record["training"]["setup"]["images"]["train"] == 4
    assert run.comparison["baseline"]["model"] == str(first / "weights/best.pt")
    then = read(first / "evaluation/metrics.json")
    assert run.comparison["metrics"][1]["baseline"] == then["mAP50-95"], "measured under the same protocol"
    same = load_experiment(run.path)
    assert same.metrics.value("mAP50-95") == run.metrics.value("mAP50-95")
    assert compare(run.path, same.path)["verdict"] == "EQUIVALENT"
    found = evaluate(first / "weights/best.pt", "pictures/data.yaml", quiet=True, imgsz=64, device="cpu")
    assert found.value("mAP50-95") == then["mAP50-95"]

"""Folders that version 0.1.0 made, on another machine: they are read, compared, promoted and gone on with for good.

Only commands and files are used here, none of our modules, so that these tests outlive what the code looks like inside.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command_line import yololab

FIXTURE = Path(__file__).parents[1] / "data" / "v0_1_0"
TRAINING = FIXTURE / "outputs" / "training"
TASKS = ("detect-longer", "segment", "pose", "obb", "classify", "semantic", "depth")
# Sums in another order, on another processor, differ in their last digits.
CLOSE = {"rel": 1e-6, "abs": 1e-9}
# Where the project lay when 0.1.0 wrote into it.
MADE_IN = Path("/home/user/project")
KILLED_AFTER = 7  # epochs whose checkpoint was saved; results.csv already had the row of the next one


def name_of(what: str) -> str:
    """Return the name of the only folder of a run or a sweep."""
    (found,) = [*TRAINING.glob(f"{what}_*"), *(FIXTURE / "multirun").glob(f"{what}_*")]
    return found.relative_to(FIXTURE).as_posix()


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def answer(*words: str, cwd: Path) -> Any:
    """Return what a command prints with --json; it exits with 0."""
    return json.loads(yololab(*words, "--json", cwd=cwd).stdout)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open() as file:
        return list(csv.DictReader(file))


def copied(folder: Path) -> Path:
    """Return a copy of the project; the place where it was made is one that is gone."""
    project = Path(shutil.copytree(FIXTURE, folder / "moved project", symlinks=True))
    say_it_was_made_in(folder / "gone", project, before=MADE_IN)
    return project


def say_it_was_made_in(place: Path, project: Path, before: Path) -> None:
    """Name another place where the project lay when 0.1.0 wrote into it."""
    for path in project.rglob("*"):
        if path.suffix in {".json", ".yaml", ".log"} and path.is_file():
            path.write_text(path.read_text(encoding="utf-8").replace(str(before), str(place)), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy for commands that change no run."""
    return copied(tmp_path_factory.mktemp("0.1.0"))


@pytest.fixture
def changing(tmp_path) -> Path:
    """A copy of its own for a command that changes something."""
    return copied(tmp_path)


def assert_same_comparison(found: dict[str, Any], then: dict[str, Any]) -> None:
    for key in ("confirmed", "statistical_support", "primary_metric", "tolerance"):
        assert found[key] == then[key], key
    # 0.1.0 claimed NOT_WORSE of ten images, in intervals that are too narrow for so few (docs/decisions/statistics.md).
    assert found["verdict"] == "INCONCLUSIVE"
    assert found["statistical_support"] is True
    assert [row["metric"] for row in found["metrics"]] == [row["metric"] for row in then["metrics"]]
    for ours, theirs in zip(found["metrics"], then["metrics"], strict=True):
        for key in ("current", "baseline", "delta"):
            assert ours[key] == pytest.approx(theirs[key], **CLOSE), (ours["metric"], key)
        assert ours["ci_low"] <= theirs["ci_low"] + 0.02, ours["metric"]
        assert ours["ci_high"] >= theirs["ci_high"] - 0.02, ours["metric"]
    assert {row["name"]: row["images"] for row in found["per_class"]} == {
        row["name"]: row["images"] for row in then["per_class"]
    }


def test_runs_lists_all_of_them_with_their_numbers(project):
    listed = {row["run"]: row for row in answer("runs", cwd=project)}
    records = [*TRAINING.glob("*/experiment_log.json"), *(FIXTURE / "multirun").glob("*/*/experiment_log.json")]
    folders = {record.parent for record in records if not record.parent.is_symlink()}
    assert len(listed) == len(folders) == 15
    for folder in folders:
        row = listed[folder.relative_to(FIXTURE).as_posix().removeprefix("outputs/training/")]
        record = read(folder / "experiment_log.json")
        assert Path(row["path"]) == project / folder.relative_to(FIXTURE)
        assert (row["task"], row["epochs"]) == (record.get("task"), record["results"].get("final_epoch"))
        assert row["verdict"] == (record.get("comparison") or {}).get("verdict")
        if (folder / "evaluation/metrics.json").is_file():
            metrics = read(folder / "evaluation/metrics.json")
            assert row["metric"] == metrics["primary_metric"]
            assert row["value"] == metrics[metrics["primary_metric"]]
    statuses = Counter(row["status"] for row in listed.values())
    # Whether a process of another machine still runs cannot be known.
    assert statuses.pop("killed", 0) + statuses.pop("running", 0) == 1
    assert statuses == {"complete": 11, "failed": 1, "pruned": 1, "interrupted": 1}
    for sweep in ("grid", "search"):
        assert (listed[f"{name_of(sweep)}/0"]["status"], listed[f"{name_of(sweep)}/0"]["winner"]) == ("complete", True)


def test_two_runs_are_compared(project):
    found = answer("compare", name_of("detect-longer"), name_of("detect"), cwd=project)
    then = read(FIXTURE / name_of("detect-longer") / "comparison.json")
    assert_same_comparison(found, then)
    assert found["confirmed"] is False
    primary = next(row for row in found["metrics"] if row["metric"] == "mAP50-95")
    assert primary["current"] == pytest.approx(0.043887105065989314)
    assert primary["baseline"] == pytest.approx(0.028357719756591918)


def test_the_other_way_round_the_gate_stops(project):
    done = yololab("compare", name_of("detect"), name_of("detect-longer"), "--json", cwd=project, code=None)
    found = json.loads(done.stdout)
    primary = next(row for row in found["metrics"] if row["metric"] == "mAP50-95")
    assert primary["delta"] == pytest.approx(0.028357719756591918 - 0.043887105065989314)
    assert done.returncode == (0 if found["gate"]["passed"] else 4)


@pytest.mark.parametrize("task", TASKS)
def test_a_run_of_every_task_is_compared_with_the_promoted_baseline(task, project):
    found = answer("compare", name_of(task), cwd=project)
    assert_same_comparison(found, read(FIXTURE / name_of(task) / "comparison.json"))
    if task == "detect-longer":
        promoted = read(FIXTURE / name_of("detect") / "evaluation/metrics.json")
        assert {row["metric"]: row["baseline"] for row in found["metrics"]} == {
            row["metric"]: pytest.approx(promoted[row["metric"]], **CLOSE) for row in found["metrics"]
        }


def test_a_checkpoint_is_measured_again(project):
    run = name_of("detect")
    words = (f"model={run}/weights/best.pt", "data=data/shapes/data.yaml", "imgsz=64", "device=cpu", "device.threads=1")
    yololab("evaluate", *words, cwd=project)
    now, then = read(project / "outputs/evaluation/metrics.json"), read(FIXTURE / run / "evaluation/metrics.json")
    assert now["dataset_fingerprint"] == then["dataset_fingerprint"]
    for metric in ("mAP50", "mAP50-95", "precision", "recall"):
        assert now[metric] == pytest.approx(then[metric], abs=0.02)


def test_a_run_is_promoted_over_the_earlier_baseline(changing):
    run = name_of("detect-longer")
    place = Path(answer("promote", run, cwd=changing)["baseline"])
    (before,) = (FIXTURE / "outputs/baselines").glob("*/detect")
    assert place == changing / before.relative_to(FIXTURE)
    assert len(list((place / "history").iterdir())) == 2
    then = read(FIXTURE / run / "evaluation/metrics.json")
    assert read(place / "metrics.json")["mAP50-95"] == then["mAP50-95"]
    found = answer("compare", name_of("detect"), run, cwd=changing)
    assert answer("compare", name_of("detect"), cwd=changing)["metrics"] == found["metrics"]


def test_the_winner_of_a_sweep_is_promoted(changing):
    place = Path(answer("promote", name_of("grid"), cwd=changing)["baseline"])
    winner = read(FIXTURE / name_of("grid") / "0/evaluation/metrics.json")
    assert read(place / "metrics.json")["mAP50-95"] == winner["mAP50-95"]


@pytest.mark.parametrize("what", ["detect-longer", "semantic", "depth", "killed"])
def test_the_page_of_a_run_is_written_again(what, changing):
    run = changing / name_of(what)
    (run / "report.html").unlink(missing_ok=True)
    yololab("report", name_of(what), cwd=changing)
    page = (run / "report.html").read_text(encoding="utf-8")
    assert len(page) > 10_000
    if what == "detect-longer":
        assert "three times as long" in page
        assert "NOT_WORSE" in page or "not worse" in page.lower()


@pytest.mark.parametrize("sweep", ["grid", "search"])
def test_the_page_and_the_summary_of_a_sweep_are_written_again(sweep, changing):
    folder, then = changing / name_of(sweep), read(FIXTURE / name_of(sweep) / "summary.json")
    for name in ("report.html", "summary.json", "summary.csv", "best"):
        (folder / name).unlink()
    yololab("report", name_of(sweep), cwd=changing)
    now = read(folder / "summary.json")
    for key in ("finished", "swept", "objectives", "budget", "counts"):
        assert now[key] == then[key], key
    assert now["winner"]["trial"] == then["winner"]["trial"] == 0
    assert now["ranking"]["order"] == then["ranking"]["order"]
    assert now["ranking"]["statistical_support"] is True
    assert now["ranking"]["could_be_best"] == then["ranking"]["could_be_best"]
    for ours, theirs in zip(now["trials"], then["trials"], strict=True):
        for key in ("trial", "values", "status", "objectives", "metrics", "epochs", "error"):
            assert ours[key] == theirs[key], key
    assert len((folder / "summary.csv").read_text().splitlines()) == 4
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "best").resolve() == folder / "0"


def test_clean_removes_the_weights_that_did_not_win(changing):
    sweep = changing / name_of("grid")
    sizes = {path: path.stat().st_size for path in (sweep / "1/weights").iterdir()}
    assert sizes
    yololab("clean", name_of("grid"), cwd=changing, code=3)
    assert all(path.is_file() for path in sizes), "nobody was there to ask"
    found = answer("clean", name_of("grid"), "approval=auto", cwd=changing)
    assert {Path(item["path"]) for item in found["files"]} >= set(sizes)
    assert not any(path.exists() for path in sizes)
    assert (sweep / "0/weights/best.pt").is_file()
    assert (sweep / "1/evaluation/metrics.json").is_file()


def test_a_note_is_added(changing):
    yololab("note", name_of("detect"), "read by a later version", cwd=changing)
    notes = read(changing / name_of("detect") / "experiment_log.json")["notes"]
    assert [note["text"] for note in notes] == ["the first detector", "read by a later version"]


def test_a_killed_run_goes_on_to_its_end(changing):
    run, before = changing / name_of("killed"), rows(FIXTURE / name_of("killed"))
    assert read(run / "experiment_log.json")["status"] == "running"
    assert len(before) == KILLED_AFTER + 1
    # Whoever moved it here knows that it does not run any more on the machine where it was killed.
    refused = yololab("resume", name_of("killed"), cwd=changing, code=2)
    assert "resume.even_if_running=true" in refused.stderr
    yololab("resume", name_of("killed"), "resume.even_if_running=true", cwd=changing)
    record = read(run / "experiment_log.json")
    assert (record["status"], record["results"]["final_epoch"]) == ("complete", 40)
    assert [attempt["status"] for attempt in record["attempts"]] == ["killed", "complete"]
    assert record["attempts"][1]["from_epoch"] == KILLED_AFTER
    assert record["training"]["stop_reason"] == "finished"
    after = rows(run)
    assert [int(row["epoch"]) for row in after] == list(range(1, 41))
    assert after[:KILLED_AFTER] == before[:KILLED_AFTER]
    metrics = read(run / "evaluation/metrics.json")
    promoted = read(FIXTURE / name_of("detect") / "evaluation/metrics.json")
    assert metrics["dataset_fingerprint"] == promoted["dataset_fingerprint"]
    comparison = read(run / "comparison.json")
    assert comparison["statistical_support"] is True
    primary = next(row for row in comparison["metrics"] if row["metric"] == "mAP50-95")
    assert primary["current"] == pytest.approx(metrics["mAP50-95"], **CLOSE)
    assert primary["baseline"] == pytest.approx(promoted["mAP50-95"], **CLOSE)
    assert (run / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("moved", [False, True], ids=["where it was made", "moved"])
def test_an_interrupted_sweep_goes_on_to_its_end(moved, changing):
    name = name_of("search")
    if not moved:
        say_it_was_made_in(changing, changing, before=changing.parent / "gone")
    sweep, before = changing / name, rows(FIXTURE / name / "2")
    states = [read(sweep / str(number) / "trial.json")["state"] for number in range(3)]
    assert states == ["complete", "pruned", "waiting"]
    yololab("resume", name, cwd=changing)
    summary = read(sweep / "summary.json")
    assert summary["finished"] is True
    trials = {row["trial"]: row for row in summary["trials"]}
    then = {row["trial"]: row for row in read(FIXTURE / name / "summary.json")["trials"]}
    assert sorted(trials) == [0, 1, 2]
    for number, status in ((0, "complete"), (1, "pruned")):
        assert trials[number]["status"] == status
        assert trials[number]["metrics"] == then[number]["metrics"]
        assert rows(sweep / str(number)) == rows(FIXTURE / name / str(number))
    assert trials[2]["status"] in {"complete", "pruned"}
    assert trials[2]["values"] == then[2]["values"]
    after = rows(sweep / "2")
    assert len(after) > len(before)
    assert [int(row["epoch"]) for row in after] == list(range(1, len(after) + 1))
    assert after[: len(before)] == before
    attempts = read(sweep / "2/experiment_log.json")["attempts"]
    assert len(attempts) == 2
    assert attempts[1]["from_epoch"] == len(before)
    assert summary["test"]["split"] == "test"
    assert (sweep / "best").resolve() == sweep / str(summary["winner"]["trial"])

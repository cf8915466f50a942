"""What plain Ultralytics has left, on the leaderboard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yololab.cli.main import main
from yololab.errors import InputError
from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.plain import plain_folders, read_plain

COLUMNS = "epoch,time,train/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)\n"


def write_plain(folder: Path, values: list[float], epochs: int = 3, **arguments) -> None:
    """A folder of `yolo train`; each epoch reaches a value in mAP50-95."""
    (folder / "weights").mkdir(parents=True)
    (folder / "weights/best.pt").write_bytes(b"x")
    known = {"task": "detect", "model": "yolo26n.pt", "data": "coco8.yaml", "epochs": epochs, "lr0": 0.01, "seed": 0}
    known |= {"name": folder.name, "save_dir": str(folder)} | arguments
    (folder / "args.yaml").write_text("".join(f"{key}: {value}\n" for key, value in known.items()))
    rows = [f"{epoch},{2.0 * epoch},1,0.5,0.4,{value + 0.2},{value}\n" for epoch, value in enumerate(values, 1)]
    (folder / "results.csv").write_text(COLUMNS + "".join(rows))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_plain(Path("runs/detect/train"), [0.1, 0.3, 0.2])
    write_plain(Path("runs/detect/train2"), [0.2, 0.4], lr0=0.02)
    write_plain(Path("runs/detect/train3"), [0.1, 0.2, 0.5], seed=1)
    tune = Path("runs/detect/tune")
    tune.mkdir()
    rows = [
        {"iteration": n, "fitness": n / 10, "hyperparameters": {"lr0": n / 100}, "datasets": {"coco8": {}}}
        for n in (1, 3, 2)
    ]
    (tune / "tune_results.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path


def test_the_best_epoch_counts_and_seeds_are_one_line(project, capsys):
    assert main(["runs", "runs/detect", "--json"]) == 0
    rows = {row["run"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["runs/detect/train"]["value"] == 0.3
    assert rows["runs/detect/train"]["mAP50"] == pytest.approx(0.5)
    assert rows["runs/detect/train"]["dataset"] == "coco8"
    assert (rows["runs/detect/train"]["status"], rows["runs/detect/train2"]["status"]) == ("complete", "stopped early")
    assert rows["runs/detect/train"]["recipe"] == rows["runs/detect/train3"]["recipe"]
    assert rows["runs/detect/tune/3"]["winner"]
    assert rows["runs/detect/tune/3"]["settings"]["lr0"] == 0.03
    assert main(["runs", "runs", "lr0<0.02", "sort=run"]) == 0
    shown = capsys.readouterr().out
    assert "train3 ×2" in shown
    assert "train2" not in shown
    assert "yololab compare A B" in shown


def test_two_of_them_are_held_against_each_other(project, capsys):
    assert main(["runs", "runs/detect/train", "runs/detect/train2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["results"]["mAP50-95"] == [0.3, 0.4]
    assert found["config"] == {"lr0": [0.01, 0.02]}
    assert main(["runs", "runs/detect/train", "runs/detect/train3"]) == 0
    assert "measured alike: yololab compare runs/detect/train runs/detect/train3" in capsys.readouterr().out
    assert main(["runs", "runs/detect/train", "runs/detect/tune", "--json"]) == 0  # no run: a list
    assert len(json.loads(capsys.readouterr().out)) == 4


def test_what_is_no_run_is_named_and_the_older_form_of_tune_is_read(project, capsys):
    Path("empty").mkdir()
    assert main(["runs", "empty"]) == 2
    assert "no plain run" in capsys.readouterr().err
    Path("old").mkdir()
    Path("old/tune_results.csv").write_text("   fitness,       lr0\n 0.1, 0.01\n 0.4, 0.02\n")
    board = read_plain([project / "old"], project)
    assert [(row.name, row.value, row.winner) for row in board.rows] == [("old/1", 0.1, False), ("old/2", 0.4, True)]
    Path("old/tune_results.csv").unlink()
    Path("old/tune_results.ndjson").write_text("{half\n")
    with pytest.raises(InputError, match="line 1"):
        read_plain([project / "old"], project)
    Path("runs/detect/train/args.yaml").write_text("a: [\n")
    assert "not readable as YAML" in read_plain([project / "runs"], project).problem


def test_the_projects_own_runs_are_no_plain_ones(project):
    (project / "outputs/training/mine").mkdir(parents=True)
    tree = OutputTree(project)
    names = ["outputs/training/mine", "yolo26n_2026", "runs/detect"]
    assert plain_folders(names, project, tree) == [project / "runs/detect"]


def test_what_tune_found_trains(project):
    from yololab.cli.table import SYNTAX
    from yololab.config.arguments.translate import translate

    Path("best_hyperparameters.yaml").write_text("# 3/3 iterations complete ✅\n\nlr0: 0.03\nclose_mosaic: 10\n")
    found = translate(["cfg=best_hyperparameters.yaml"], SYNTAX, {}, project)
    assert (found.problems, sorted(found.overrides)) == ((), ["close_mosaic=10", "lr0=0.03"])

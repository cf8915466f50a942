"""Groups, folded seeds, sweeps as one line, and the settings that differ."""

from __future__ import annotations

import json
from statistics import mean, stdev

import pytest
from project_samples import write_run
from sweep_samples import complete_sweep

from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.cells import cells_of
from yololab.sweep.leaderboard.groups import board_content, group_board
from yololab.sweep.leaderboard.query import read_query
from yololab.sweep.leaderboard.rows import read_board


def groups_of(root, *tokens):
    return group_board(read_board(OutputTree(root), None), read_query(tokens))


def names_of(group):
    return [line.name for line in group.lines]


def test_seeds_of_a_recipe_are_one_line(tmp_path):
    for seed, value in enumerate((0.4, 0.5, 0.7)):
        write_run(tmp_path, f"a{seed}", {"seed": seed, "name": f"a{seed}"}, value=value)
    write_run(tmp_path, "again", {"seed": 2}, value=0.9, timestamp="2026-01-01T00:00:00+00:00")
    write_run(tmp_path, "other", {"lr0": 0.1}, value=0.55)
    write_run(tmp_path, "failed", {"seed": 9}, value=0.99, status="failed")
    (group,) = groups_of(tmp_path)
    recipe = next(line for line in group.lines if line.kind == "recipe")
    assert names_of(group) == ["failed", "other", "a2"], "by the mean"
    assert recipe.mean("mAP50-95") == pytest.approx((mean((0.4, 0.5, 0.7)), stdev((0.4, 0.5, 0.7))))
    assert [row.seed for row in recipe.rows] == [2, 1, 0], "a seed that was repeated counts once, its newest run"
    assert [row.name for row in recipe.repeated] == ["again"]
    assert group.varying == ["lr0"], "neither seed nor name"
    assert [line.status for line in group.lines] == ["failed", "complete", "complete"]
    (single,) = groups_of(tmp_path, "fold=false")
    assert len(single.lines) == 6
    assert single.varying == ["lr0", "seed"]


def test_other_images_under_the_same_name_are_another_recipe(tmp_path):
    write_run(tmp_path, "a", {"seed": 0})
    write_run(tmp_path, "b", {"seed": 1}, dataset={"name": "shapes", "fingerprint": {"val": "w"}})
    (group,) = groups_of(tmp_path)
    assert [line.kind for line in group.lines] == ["run", "run"]


def test_groups_are_datasets_and_tasks_the_newest_first(tmp_path):
    write_run(tmp_path, "a")
    write_run(tmp_path, "b", task="segment", evaluation={"mAP50-95(M)": 0.3, "mAP50-95": 0.9})
    write_run(tmp_path, "c", dataset={"name": "bccd"}, timestamp="2026-02-01T00:00:00+00:00")
    write_run(
        tmp_path, "d", dataset=None, task=None, value=None, status="failed", timestamp="2025-01-01T00:00:00+00:00"
    )
    groups = groups_of(tmp_path)
    assert (groups[0].dataset, groups[0].task) == ("bccd", "detect")
    assert (groups[-1].dataset, groups[-1].task) == (None, None)
    assert {group.task: group.metrics[0] for group in groups if group.task}["segment"] == "mAP50-95(M)"


def test_a_setting_that_an_older_version_lacks_is_no_difference(tmp_path):
    write_run(tmp_path, "a", {"compile": False, "lr0": 0.02})
    write_run(tmp_path, "b")
    (group,) = groups_of(tmp_path)
    assert group.varying == ["lr0"]


def test_lower_is_better_where_the_task_says_so(tmp_path, monkeypatch):
    from yololab.sweep.leaderboard import rows

    monkeypatch.setitem(rows._PRIMARY, "depth", ("rmse", True))
    for name, rmse in (("a", 3.0), ("b", 1.0), ("c", 2.0)):
        write_run(tmp_path, name, task="depth", evaluation={"rmse": rmse})
    (group,) = groups_of(tmp_path, "fold=false")
    assert names_of(group) == ["b", "c", "a"]


def test_a_sweep_is_one_line_with_its_winner(tmp_path):
    folder = complete_sweep(tmp_path / "multirun/demo_1")
    line = next(line for group in groups_of(tmp_path) for line in group.lines)
    assert (line.name, line.kind, line.first.winner) == ("multirun/demo_1", "sweep", True)
    assert "complete" in line.status
    shown = [line for group in groups_of(tmp_path, "trials=true", "fold=false") for line in group.lines]
    assert len(shown) == len(folder.numbers())
    assert groups_of(tmp_path, "demo_1/1")[0].lines[0].rows[0].name == "multirun/demo_1/1"


def test_declined_sweeps_and_those_without_a_trial(tmp_path):
    (tmp_path / "multirun/no").mkdir(parents=True)
    (tmp_path / "multirun/no/approvals.json").write_text(json.dumps({"schema_version": 1, "status": "rejected"}))
    complete_sweep(tmp_path / "multirun/yes")
    assert [name for group in groups_of(tmp_path) for name in names_of(group)] == ["multirun/yes"]
    assert "multirun/no" in [name for group in groups_of(tmp_path, "status=all") for name in names_of(group)]


@pytest.mark.parametrize(
    ("sort", "names"), [("lr0", "c a b"), ("-lr0", "b a c"), ("run", "a b c"), ("value", "a c b"), ("-tags", "c a b")]
)
def test_sorted_by_a_setting_a_metric_or_a_field(sort, names, tmp_path):
    for name, lr0, value, tags in (("a", 0.01, 0.1, []), ("b", 0.1, None, []), ("c", 0.001, 0.2, ["x"])):
        write_run(tmp_path, name, {"lr0": lr0}, value=value, tags=tags)
    (group,) = groups_of(tmp_path, f"sort={sort}")
    shown = " ".join(names_of(group))
    assert shown == names or (sort == "-tags" and shown.startswith("c"))


def test_json_has_every_run_and_trial_the_best_of_each_task_first(tmp_path):
    write_run(tmp_path, "low", task="segment", evaluation={"mAP50-95(M)": 0.2, "mAP50-95": 0.9})
    write_run(tmp_path, "high", task="segment", evaluation={"mAP50-95(M)": 0.4, "mAP50-95": 0.1})
    write_run(tmp_path, "never", task="segment", value=None)
    write_run(tmp_path, "a class", task="classify", evaluation={"top1": 1.0, "top5": 1.0})
    write_run(tmp_path, "a class 2", {"seed": 1}, task="classify", evaluation={"top1": 0.9, "top5": 1.0})
    board = read_board(OutputTree(tmp_path), None)
    content = board_content(board, read_query(()))
    assert [row["run"] for row in content] == ["a class", "a class 2", "high", "low", "never"]
    assert content[0]["recipe"] == content[1]["recipe"]
    assert (content[2]["metric"], content[2]["value"], content[4]["value"]) == ("mAP50-95(M)", 0.4, None)
    assert [row["run"] for row in board_content(board, read_query(["sort=-value", "limit=2"]))] == [
        "a class",
        "a class 2",
    ]
    (row,) = board_content(board, read_query(["high", "columns=lr0,model,imgsz"]))
    assert row == {"run": "high", "lr0": 0.01, "model.weights": "yolo26n.pt", "imgsz": None}
    assert board_content(board, read_query(["high", "columns=+optimizer"]))[0]["settings"] == {"optimizer": "AdamW"}


def test_the_folds_of_a_recipe_are_one_line_and_none_of_them_is_ranked(tmp_path):
    values = {(0, 0.1): 0.3, (1, 0.1): 0.5, (0, 0.2): 0.6, (1, 0.2): 0.1}
    for (fold, rate), value in values.items():
        name = f"f{fold}_{rate}"
        prints = {"name": "cells", "fingerprint": {"val": str(fold)}}
        write_run(tmp_path, name, {"lr0": rate, "data": {"fold": fold}, "name": name}, value=value, dataset=prints)
    (group,) = groups_of(tmp_path)
    assert [line.kind for line in group.lines] == ["folds", "folds"]
    assert [line.mean("mAP50-95")[0] for line in group.lines] == [pytest.approx(0.4), pytest.approx(0.35)]
    assert group.varying == ["lr0"], "not the fold"
    assert (
        {line.value("data.fold") for line in group.lines} == {line.value("verdict") for line in group.lines} == {None}
    )
    assert cells_of(group.lines, "run") == ["f1_0.1 (2 folds)", "f0_0.2 (2 folds)"]

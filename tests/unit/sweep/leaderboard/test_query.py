"""Conditions keep the runs that meet them; what is no condition is said, all of it at once."""

from __future__ import annotations

from datetime import datetime

import pytest
from project_samples import write_run

from yololab.errors import InputError
from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.query import check_keys, is_named, read_query
from yololab.sweep.leaderboard.rows import read_board

NOW = datetime.fromisoformat("2026-01-20T12:00:00+00:00")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    write_run(root, "small_1", {"lr0": 0.001, "model": {"weights": "weights/yolo26n.pt"}}, value=0.4, tags=["good"])
    write_run(root, "small_2", {"lr0": 0.1, "seed": 1}, value=0.6, notes=[{"text": "long Warm-up"}])
    write_run(
        root, "large_1", {"model": {"weights": "yolo26x.pt"}, "cos_lr": True}, timestamp="2026-01-20T10:00:00+00:00"
    )
    write_run(root, "bad", status="failed", value=None, evaluation={"mAP50-95": None})
    write_run(root, "no", status="rejected", value=None)
    return read_board(OutputTree(root), None).rows


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [
        ("", "bad large_1 small_1 small_2"),
        ("lr0<0.01", "small_1"),
        ("lr0<=1e-2 lr0>=0.01", "bad large_1"),
        ("lr0=0.10", "small_2"),
        ("model=yolo26n", "bad small_1 small_2"),
        ("model=yolo26x.pt,other", "large_1"),
        ("model=*26x*", "large_1"),
        ("model.weights!=yolo26n", "large_1"),
        ("status=failed", "bad"),
        ("status=rejected", "no"),
        ("status=all lr0=0.01", "bad large_1 no"),
        ("status!=failed", "large_1 no small_1 small_2"),
        ("mAP50-95>0.45", "large_1 small_2"),
        ("value>0.45 mAP50>0.26", "small_2"),
        ("tag=good", "small_1"),
        ("note~warm", "small_2"),
        ("since=7d", "bad large_1 small_1 small_2"),
        ("since=12h", "large_1"),
        ("before=2026-01-18", "bad small_1 small_2"),
        ("seed=1", "small_2"),
        ("cos_lr=true", "large_1"),
        ("cos_lr=null", "bad small_1 small_2"),
        ("data=shapes task=detect", "bad large_1 small_1 small_2"),
        ("small*", "small_1 small_2"),
        ("small lar", "large_1 small_1 small_2"),
        ("baseline=false winner=no", "bad large_1 small_1 small_2"),
    ],
)
def test_conditions(tokens, kept, rows):
    query = read_query(tokens.split(), NOW)
    assert " ".join(sorted(row.name for row in rows if query.keeps(row))) == kept


def test_how_it_is_shown():
    query = read_query(["sort=-lr0", "columns=run,+imgsz", "limit=5", "trials=true", "fold=no", "paths.root=x"])
    assert (query.sort, query.columns, query.limit) == (("lr0", True), ("run", "+imgsz"), 5)
    assert (query.trials, query.fold, query.paths.root, query.terms) == (True, False, "x", ())
    assert read_query(["limit=all"]).limit == 0


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(InputError) as caught:
        read_query(["since=soon", "lr0<fast", "limit=-1", "fold=perhaps", "paths.rot=x", "since=9999999d"])
    assert len(caught.value.problems) == 6


def test_keys_that_no_run_has():
    with pytest.raises(InputError) as caught:
        check_keys(read_query(["lrO<1", "sort=epoch", "columns=+imgsize,run"]), {"lr0", "epochs", "imgsz"})
    hints = [" ".join(problem.hints) for problem in caught.value.problems]
    assert [problem.where for problem in caught.value.problems] == ["lrO", "epoch", "imgsize"]
    assert all(f"did you mean {name}" in hint for name, hint in zip(("lr0", "epochs", "imgsz"), hints, strict=True))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("grid", True),
        ("multirun/grid_1", True),
        ("grid*", True),
        ("grid_1/*", True),
        ("gr/0", True),
        ("grid_1/", True),
        ("grid_1/1", False),
        ("rid", False),
    ],
)
def test_a_trial_is_named_with_its_sweep(text, named):
    assert is_named("multirun/grid_1/0", text) is named

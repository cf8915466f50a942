"""The page shows what the leaderboard shows, with the reports behind each line, and is kept up where it is wanted."""

from __future__ import annotations

from project_samples import write_run

from yololab.cli.main import main
from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.page import keep_page, write_page
from yololab.sweep.leaderboard.query import Query
from yololab.sweep.leaderboard.rows import read_board


def test_each_line_leads_to_its_reports(tmp_path):
    for seed in range(2):
        write_run(tmp_path, f"a{seed}", {"seed": seed}, value=seed).path.joinpath("report.html").touch()
    write_run(tmp_path, "b", {"lr0": 0.5})
    write_run(tmp_path, "multirun/grid_1/0", {"lr0": 0.7}, tags=["paper"]).path.joinpath("report.html").touch()
    (tmp_path / "multirun/grid_1/report.html").touch()
    write_run(tmp_path, "declined", status="rejected")
    tree = OutputTree(tmp_path)
    text = write_page(tree, read_board(tree, None), Query()).read_text(encoding="utf-8")
    assert 'href="./training/a1/report.html">a1 ×2</a>' in text
    assert 'href="./training/a0/report.html">seed 0</a>' in text
    assert 'href="./../multirun/grid_1/report.html"' in text
    assert 'href="./../multirun/grid_1/0/report.html">trial 0</a>' in text
    assert "training/b/report.html" not in text
    assert "1 run not shown" in text


def test_it_is_kept_up_only_where_it_is_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path, "a")
    tree = OutputTree(tmp_path)
    keep_page(tree, ".yololab/cache")
    assert not tree.index.exists()
    assert main(["runs", "--html"]) == 0
    write_run(tmp_path, "b")
    assert main(["note", "b", "tag=fine"]) == 0
    assert "fine" in tree.index.read_text()


def test_what_goes_wrong_with_it_stops_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path, "a")
    assert main(["runs", "--html"]) == 0
    (tmp_path / "outputs/index.html").unlink()
    (tmp_path / "outputs/index.html").mkdir()
    assert main(["note", "a", "text"]) == 0

"""The rows of the leaderboard are what the records say, whatever has become of the index."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from project_samples import write_run
from sweep_samples import complete_sweep

from yololab.files.paths import OutputTree
from yololab.host.processes import ProcessIdentity
from yololab.sweep.leaderboard import rows as rows_module
from yololab.sweep.leaderboard.rows import Board, read_board


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs, which the index takes as written long ago."""
    monkeypatch.setattr(rows_module, "is_settled", lambda status: True)
    for name, lr0 in (("a", 0.01), ("b", 0.02), ("c", 0.01)):
        write_run(tmp_path / "p", name, {"lr0": lr0})
    return tmp_path / "p"


def board_of(root: Path) -> Board:
    return read_board(OutputTree(root), root / ".yololab/cache")


def told(board: Board) -> list[tuple[str, str, float | None, object]]:
    return [(row.name, row.status, row.value, row.setting("lr0")) for row in board.rows]


def test_what_has_not_changed_is_read_once(project):
    first, second = board_of(project), board_of(project)
    assert (first.read, second.read) == (3, 0)
    assert (
        told(first) == told(second) == [(n, "complete", 0.5, lr) for n, lr in (("a", 0.01), ("b", 0.02), ("c", 0.01))]
    )


def test_changed_new_and_gone(project):
    board_of(project)
    write_run(project, "b", {"lr0": 0.3}, status="failed")
    write_run(project, "d")
    shutil.rmtree(project / "outputs/training/a")
    board = board_of(project)
    assert board.read == 2
    assert [(row.name, row.status, row.setting("lr0")) for row in board.rows] == [
        ("b", "failed", 0.3),
        ("c", "complete", 0.01),
        ("d", "complete", 0.01),
    ]


def test_a_project_that_was_moved_or_copied_is_right(project, tmp_path):
    before = told(board_of(project))
    moved = project.rename(tmp_path / "moved")
    board = board_of(moved)
    assert (told(board), board.read) == (before, 0)
    assert all(Path(row.path).is_relative_to(moved) for row in board.rows)
    copy = shutil.copytree(moved, tmp_path / "copy")
    assert told(board_of(copy)) == before


@pytest.mark.parametrize("damage", ["gone", "garbage", "base", "row"])
def test_a_damaged_index_costs_nothing_but_time(project, damage):
    before = told(board_of(project))
    (file,) = (project / ".yololab/cache").glob("runs-*.sqlite")
    if damage == "gone":
        file.unlink()
    elif damage == "garbage":
        file.write_bytes(os.urandom(10_000))
    else:
        with sqlite3.connect(file) as connection:
            where = "" if damage == "base" else " WHERE path = 'a'"
            connection.execute(f"UPDATE {'Base' if damage == 'base' else 'RunFacts'} SET content = x'00'{where}")
    assert told(board_of(project)) == before
    assert told(board_of(project)) == before


def test_rows_of_another_base_are_read_again(project, tmp_path):
    """Two processes that begin an index at the same time may take different runs as the base."""
    before = told(board_of(project))
    (file,) = (project / ".yololab/cache").glob("runs-*.sqlite")
    other = tmp_path / "other"
    write_run(other, "z", {"lr0": 0.7, "optimizer": "SGD"})
    board_of(other)
    (foreign,) = (other / ".yololab/cache").glob("runs-*.sqlite")
    with sqlite3.connect(file) as connection, sqlite3.connect(foreign) as source:
        rows = source.execute("SELECT * FROM Base").fetchall()
        connection.executemany("INSERT OR REPLACE INTO Base VALUES (?, ?, ?)", rows)
    board = board_of(project)
    assert (told(board), board.read) == (before, 3)


def test_a_locked_index_and_a_cache_that_cannot_be_made_are_done_without(project):
    before = told(board_of(project))
    (file,) = (project / ".yololab/cache").glob("runs-*.sqlite")
    with sqlite3.connect(file) as other:
        other.execute("BEGIN EXCLUSIVE")
        board = board_of(project)
        assert (told(board), "locked" in board.problem) == (before, True)
    shutil.rmtree(project / ".yololab")
    (project / ".yololab").touch()
    assert told(board_of(project)) == before


def test_an_empty_project_gets_no_index(tmp_path):
    assert board_of(tmp_path).rows == []
    assert list(tmp_path.iterdir()) == []


def test_several_tasks_have_their_own_metric(tmp_path):
    write_run(tmp_path, "far", task="depth", evaluation={"delta1": 0.5, "rmse": 2.0})
    write_run(tmp_path, "early", task=None, dataset=None, value=None)
    early, far = read_board(OutputTree(tmp_path), None).rows
    assert (far.metric, far.value, far.score, far.facts.metrics["rmse"]) == ("delta1", 0.5, 0.5, 2.0)
    assert (early.metric, early.value) == (None, None)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"schema_version": 1}', "[" * 100_000, '{"status": 3}', '{"schema_version": 2}', "\x00"],
)
def test_a_record_that_cannot_be_read_costs_its_own_row(content, tmp_path):
    write_run(tmp_path, "a")
    write_run(tmp_path, "b").record.write_text(content)
    good, bad = read_board(OutputTree(tmp_path), None).rows
    assert (good.status, bad.status[:12]) == ("complete", "unreadable: ")
    assert bad.value is None


@pytest.mark.parametrize("change", [{"notes": 3}, {"tags": "x"}, {"dataset": []}, {"evaluation": "x"}, {"results": 1}])
def test_a_section_of_another_type_is_named(change, tmp_path):
    write_run(tmp_path, "a", **change)
    (row,) = read_board(OutputTree(tmp_path), None).rows
    assert row.status.startswith("unreadable: ")
    assert next(iter(change)) in row.status


def test_nan_and_a_byte_order_mark_are_read_as_ever(tmp_path):
    record = write_run(tmp_path, "a").record
    record.write_bytes(b"\xef\xbb\xbf" + record.read_bytes().replace(b'"mAP50-95": 0.5', b'"mAP50-95": NaN'))
    (row,) = read_board(OutputTree(tmp_path), None).rows
    assert (row.status, row.value, row.facts.metrics["mAP50"]) == ("complete", None, 0.25)


def test_half_a_surrogate_pair_is_read_and_kept_in_the_index(project):
    record = write_run(project, "d", {"optimizer": "SGD"}).record
    record.write_text(record.read_text().replace('"SGD"', '"S\\ud800"'))
    for _ in range(2):
        row = board_of(project).rows[-1]
        assert (row.status, row.setting("optimizer")) == ("complete", "S?")


def test_hostile_settings_are_bounded_and_hold_no_secret(tmp_path):
    write_run(tmp_path, "a")
    settings = {f"k{number}": "x" * 5_000 for number in range(2_000)}
    write_run(
        tmp_path, "b", {"api_key": "s3cret", "url": "https://me:s3cret@host/x", **settings}, notes="\n".join("ab")
    )
    _, row = read_board(OutputTree(tmp_path), None).rows
    assert len(row.facts.changed) <= 500
    assert all(len(str(value)) <= 500 for value in row.facts.changed.values())
    assert "s3cret" not in json.dumps(row.facts.changed)
    assert row.facts.notes == ["a b"]


def test_a_run_whose_process_is_gone_was_killed(tmp_path):
    process = ProcessIdentity.current().to_json()
    gone = process | {"started": "another boot:1"}
    for name, found in (("alive", process), ("gone", gone), ("far", process | {"host": "another"}), ("old", None)):
        write_run(tmp_path, name, status="running", provenance={"process": found})
    status = {row.name: row.status for row in read_board(OutputTree(tmp_path), None).rows}
    assert status == {"alive": "running", "gone": "killed", "far": "running", "old": "killed"}


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("1/trial.json", {"number": "../0"}, "trial.json is damaged"),
        ("1/trial.json", {"state": ["complete"]}, "trial.json is damaged"),
        ("1/experiment_log.json", {"status": 1}, "unreadable"),
    ],
)
def test_a_damaged_file_of_a_trial_costs_its_own_row(file, changes, says, tmp_path):
    folder = complete_sweep(tmp_path / "multirun/demo_1")
    (tmp_path / "multirun/demo_2").mkdir()
    place = folder.path / file
    place.write_text(json.dumps(json.loads(place.read_text()) | changes))
    board = read_board(OutputTree(tmp_path), None)
    assert len(board.rows) == len(folder.numbers())
    assert sum(says in row.status for row in board.rows) == 1
    assert sum(row.winner for row in board.rows) == 1
    assert board.sweeps["multirun/demo_1"].keys == ["lr0", "model"]


def test_a_sweep_that_cannot_be_read_and_one_that_was_declined(tmp_path):
    folder = complete_sweep(tmp_path / "multirun/a")
    folder.settings_file.write_text("{")
    (tmp_path / "multirun/b").mkdir()
    (tmp_path / "multirun/b/approvals.json").write_text('{"schema_version": 1, "status": "rejected"}')
    board = read_board(OutputTree(tmp_path), None)
    assert board.sweeps["multirun/a"].problem
    assert board.rejected == ["multirun/b"]


def test_links_hidden_folders_and_strange_names(tmp_path):
    run = write_run(tmp_path, "名前 \n\x1b[31m")
    (run.path.parent / "latest").symlink_to(run.path, target_is_directory=True)
    write_run(tmp_path, ".half.tmp")
    odd = run.path.parent / os.fsdecode(b"\xff")
    shutil.copytree(run.path, odd)
    names = [row.name for row in read_board(OutputTree(tmp_path), None).rows]
    assert len(names) == 2
    assert all(name.encode() for name in names), "text that can be written anywhere"


def test_the_baseline_in_force_is_marked(tmp_path):
    write_run(tmp_path, "a")
    write_run(tmp_path, "b")
    for dataset, content in (("x", {"place": "outputs/training/b"}), ("y", {"place": 7}), ("z", [])):
        (tmp_path / "outputs/baselines" / dataset / "detect").mkdir(parents=True)
        (tmp_path / "outputs/baselines" / dataset / "detect/provenance.json").write_text(json.dumps(content))
    assert [(row.name, row.baseline) for row in read_board(OutputTree(tmp_path), None).rows] == [
        ("a", False),
        ("b", True),
    ]

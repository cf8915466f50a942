"""What is known of files is known only while they stay as they were, and never costs more than reading them again."""

from __future__ import annotations

import os
import sqlite3
from typing import NamedTuple

import pytest

from yololab.files.index import FileIndex, indexed_name, is_settled, stamp_of


class Fact(NamedTuple):
    number: int


class Other(NamedTuple):
    text: str


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "deeper" / "index.sqlite"
    FileIndex(file).save({"a": ("1", Fact(1)), "b": ("2", Fact(2))}, Fact)
    return file


def test_all_some_and_none_are_known(file):
    index = FileIndex(file)
    assert index.known(None, Fact) == {"a": ("1", Fact(1)), "b": ("2", Fact(2))}
    assert index.known(["b", "c"], Fact) == {"b": ("2", Fact(2))}
    assert index.known([], Fact) == {}
    index.save({}, Fact, gone=["a"])
    assert list(index.known(None, Fact)) == ["b"]
    assert index.known(None, Other) == {}, "kinds do not mix"


@pytest.mark.parametrize("column", ["stamp", "content", "path"])
def test_a_turned_bit_costs_the_index_and_nothing_else(file, column):
    with sqlite3.connect(file) as connection:
        value = connection.execute(f"SELECT {column} FROM Fact").fetchone()[0]
        turned = value[:-1] + (bytes([value[-1] ^ 1]) if column == "content" else "x")
        connection.execute(f"UPDATE Fact SET {column} = ? WHERE path = 'a'", (turned,))
    index = FileIndex(file)
    assert index.known(None, Fact) == {}
    assert not file.exists(), "the next look begins a new one"
    index.save({"a": ("1", Fact(3))}, Fact)
    assert index.known(None, Fact) == {"a": ("1", Fact(3))}


def test_no_database_at_all(file):
    file.write_bytes(b"no database" * 1000)
    assert FileIndex(file).known(None, Fact) == {}
    assert FileIndex(file).known(None, Fact) == {}


def test_a_locked_one_is_done_without_and_stays(file):
    with sqlite3.connect(file) as other:
        other.execute("BEGIN EXCLUSIVE")
        index = FileIndex(file, locked_seconds=0.01)
        assert index.known(None, Fact) == {}
        index.save({"c": ("3", Fact(3))}, Fact)
        assert "locked" in index.problem
    assert set(FileIndex(file).known(None, Fact)) == {"a", "b"}


def test_a_folder_where_nothing_can_be_made(tmp_path):
    (tmp_path / "taken").touch()
    index = FileIndex(tmp_path / "taken/index.sqlite")
    index.save({"a": ("1", Fact(1))}, Fact)
    assert index.known(None, Fact) == {}
    assert "cannot be used" in index.problem
    assert FileIndex(None).known(None, Fact) == {}


def test_names_are_what_sqlite_can_hold(tmp_path):
    odd = os.fsdecode(b"\xff\n.json")
    index = FileIndex(tmp_path / "index.sqlite")
    index.save({indexed_name(odd): ("1", Fact(1))}, Fact)
    assert index.known([indexed_name(odd)], Fact) == {indexed_name(odd): ("1", Fact(1))}
    assert indexed_name("名前 1") == "名前 1"


def test_a_file_that_was_just_written_is_not_settled(tmp_path):
    status = tmp_path.stat()
    assert not is_settled(status)
    os.utime(tmp_path, (1_600_000_000, 1_600_000_000))
    assert stamp_of(tmp_path.stat()) != stamp_of(status)

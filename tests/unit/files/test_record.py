"""The record of a run: several processes write to it, and nothing is lost."""

from __future__ import annotations

import errno
import multiprocessing
import os

import pytest
from spawned import take_notes

from yololab.errors import InputError
from yololab.files import atomic
from yololab.files.paths import RunFolder
from yololab.files.record import RESERVED_BYTES, Record
from yololab.files.record_content import Status


@pytest.mark.heavy
def test_notes_of_several_processes_are_all_kept(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({"name": "x"}, notes="first")
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=take_notes, args=(str(tmp_path), number)) for number in range(2)]
    for writer in writers:
        writer.start()
    for index in range(10):
        record.add_timing(f"stage{index}", 1.0)
    for writer in writers:
        writer.join(30)
    content = record.read()
    assert len(content["notes"]) == 21
    assert content["notes"][0]["text"] == "first"
    assert len(content["timings"]) == 10


def test_record_keeps_notes_through_every_stage(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({}, notes="why")
    assert record.read()["status"] == Status.RUNNING
    record.update(results={"final_epoch": 3})
    record.add_note("later")
    record.finish(Status.FAILED, {"message": "boom"})
    content = record.read()
    assert [note["text"] for note in content["notes"]] == ["why", "later"]
    assert (content["status"], content["error"]) == ("failed", {"message": "boom"})


def test_attempts_are_told_one_by_one(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({"name": "x"})
    record.add_timing("train", 5)
    record.resume(train_seconds=8)
    record.describe_attempt(from_epoch=3)
    record.add_timing("train", 4)
    record.finish(Status.INTERRUPTED)
    record.resume(train_seconds=0)
    record.finish(Status.COMPLETE)
    content = record.read()
    found = [(item["status"], item["reason"], item["from_epoch"], item["pid"]) for item in content["attempts"]]
    here = os.getpid()
    assert found == [
        ("killed", "start", 0, here),
        ("interrupted", "after killed", 3, here),
        ("complete", "after interrupted", 0, here),
    ]
    assert content["attempts"][0]["ended"] is None
    assert content["timings"]["train"] == 12, "what a killed attempt could not record any more counts too"
    assert content["status"] == "complete"


def test_passwords_stay_out_and_classes_stay_in(tmp_path):
    record = Record(RunFolder(tmp_path))
    storage = {"storage": "mysql://me:pw@host/db", "env": {"HF_TOKEN": "abc"}}
    record.begin({"config": storage, "provenance": {"command": ["yololab", "search.storage=mysql://me:pw@host/db"]}})
    record.update(dataset={"instances": {"token": 12}})
    record.finish(Status.FAILED, {"message": "cannot open mysql://me:pw@host/db"})
    assert ":pw@" not in record.path.read_text()
    assert record.read()["config"]["env"] == {"HF_TOKEN": "***"}
    assert record.read()["dataset"] == {"instances": {"token": 12}}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_end_of_a_run_that_has_filled_the_disk_is_recorded(tmp_path, monkeypatch, number):
    """What is kept free while it runs is given up for that, and for nothing when there is room."""
    record = Record(RunFolder(tmp_path))
    record.begin({"provenance": {}})
    reserve, write = record.folder.reserve, os.fsync
    assert reserve.stat().st_size == RESERVED_BYTES

    def full(descriptor: int) -> None:
        if reserve.exists():
            raise OSError(number, os.strerror(number))
        write(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    record.finish(Status.FAILED, {"message": "no space left"})
    assert record.read()["status"] == "failed"
    assert not list(tmp_path.glob(".*.tmp"))


def test_nothing_is_made_through_a_linked_lock(tmp_path):
    record = Record(RunFolder(tmp_path / "run"))
    record.begin({"provenance": {}})
    record.folder.record_lock.unlink()
    record.folder.record_lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="a link"):
        record.add_note("x")
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_that_has_ended_keeps_nothing_free(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({"provenance": {}})
    record.finish(Status.COMPLETE)
    assert not record.folder.reserve.exists()
    record.resume(0)
    assert record.folder.reserve.is_file()


def test_a_note_sweeps_what_a_killed_one_has_left(tmp_path):
    record = Record(RunFolder(tmp_path))
    record.begin({})
    killed = tmp_path / f".experiment_log.json.{atomic._host()}-{2**22 + 1}-0123abcd.tmp"  # no process has that number
    killed.touch()
    record.add_note("again")
    assert not killed.exists()

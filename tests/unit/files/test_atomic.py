"""Files and folders are there whole or not at all, and everybody whom the umask lets may read them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from yololab.files import atomic
from yololab.files.atomic import (
    atomically,
    copy_file,
    move,
    new_folder,
    new_named_folder,
    point_link,
    remove_temporaries,
    scratch_folder,
    write_bytes,
    write_text,
)


def with_a_callback(path: Path) -> None:
    with atomically(path) as temporary:
        temporary.write_text("new")


def as_a_copy(path: Path) -> None:
    source = path.parent.parent / "source"
    source.write_text("new")
    source.chmod(0o600)
    copy_file(source, path)


WRITERS: list[Callable[[Path], object]] = [
    lambda path: write_text(path, "new"),
    lambda path: write_bytes(path, b"new"),
    with_a_callback,
    as_a_copy,
]


@pytest.fixture(params=WRITERS, ids=["text", "bytes", "callback", "copy"])
def write(request) -> Callable[[Path], object]:
    return request.param


def test_a_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path, write):
    path = tmp_path / "deep/er.json"
    write(path)
    path.write_text("old")
    write(path)
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file(tmp_path, write, monkeypatch, broken):
    path = tmp_path / "folder/x.txt"
    write_text(path, "old")
    owner = os if broken == "fsync" else Path
    monkeypatch.setattr(owner, broken, lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(path)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


MODES = [(0o022, 0o644, 0o755), (0o002, 0o664, 0o775), (0o077, 0o600, 0o700)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize(("umask", "file", "folder"), MODES)
def test_the_umask_is_honoured(tmp_path, write, umask, file, folder):
    before = os.umask(umask)
    try:
        write(tmp_path / "a/x")
        with new_folder(tmp_path / "b") as filling:
            (filling / "inner").mkdir()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a/x").stat().st_mode) == file
    for path in (tmp_path / "b", tmp_path / "b/inner"):
        assert stat.S_IMODE(path.stat().st_mode) == folder


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError])
def test_an_exception_leaves_everything_as_it_was(tmp_path, failure):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(failure), atomically(path) as temporary:
        temporary.write_text("half")
        raise failure
    with pytest.raises(failure), new_folder(tmp_path / "folder") as filling:
        (filling / "half").write_text("half")
        raise failure
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_changes_nothing(tmp_path):
    with atomically(tmp_path / "x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf8_with_its_line_ends_and_odd_names(tmp_path):
    write_text(tmp_path / "x", "ü\r\nö\n\udcff")
    assert (tmp_path / "x").read_bytes() == "ü\r\nö\n\\udcff".encode()


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127])
def test_the_longest_names_can_be_written(tmp_path, name):
    write_text(tmp_path / name, "new")
    assert (tmp_path / name).read_text() == "new"


def test_a_copy_of_nothing_removes_the_outdated_one(tmp_path):
    (tmp_path / "copy").write_text("old")
    copy_file(tmp_path / "gone", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
    copy_file(tmp_path / "gone", tmp_path / "copy")


def test_the_first_of_two_folders_wins(tmp_path):
    target = tmp_path / "deep/folder"
    with pytest.raises(OSError), new_folder(target) as late:  # noqa: PT011 (the message is the system's)
        (late / "x").write_text("late")
        with new_folder(target) as early:
            (early / "x").write_text("early")
            (early / "link").symlink_to("nowhere")
    assert (target / "x").read_text() == "early"
    assert list(target.parent.iterdir()) == [target]


def test_moving_makes_the_folder(tmp_path):
    (tmp_path / "x").mkdir()
    move(tmp_path / "x", tmp_path / "attempts/1/x")
    assert (tmp_path / "attempts/1/x").is_dir()
    assert not (tmp_path / "x").exists()


def test_a_link_moves_and_spares_real_folders(tmp_path):
    for name in ("one", "two", "real"):
        (tmp_path / name).mkdir()
    link = tmp_path / "latest"
    point_link(link, tmp_path / "one")
    point_link(link, tmp_path / "two")
    assert link.resolve() == tmp_path / "two"
    assert not os.path.isabs(os.readlink(link)), "a moved project keeps its links"  # noqa: PTH115, PTH117
    point_link(link, link)
    assert link.resolve() == tmp_path / "two", "a folder that was named by the link"
    point_link(tmp_path / "real", tmp_path / "one")
    assert not (tmp_path / "real").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "one", "real", "two"]


def test_a_file_system_without_links_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    monkeypatch.setattr(Path, "symlink_to", lambda *_, **__: (_ for _ in ()).throw(OSError("not supported")))
    point_link(tmp_path / "latest", tmp_path / "one")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process that ends without cleaning up")
def test_what_a_kill_has_left_is_found_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: os._exit(3))
    if os.fork() == 0:
        write_text(tmp_path / "x.json", "half")
    os.wait()
    (tmp_path / ".folder.0123456789ab.tmp").mkdir()
    (tmp_path / ".run.lock").touch()
    (tmp_path / "mine.tmp").touch()
    assert len(list(tmp_path.iterdir())) == 4
    remove_temporaries(tmp_path, older_than=60)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {".folder.0123456789ab.tmp", ".run.lock", "mine.tmp"}, "of whom nothing is known may live"
    remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".run.lock", "mine.tmp"]


def test_folders_that_cannot_be_synced_are_no_error(tmp_path, monkeypatch):
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError("not supported")
        sync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    write_text(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "full")])
def test_a_named_folder_is_there_when_it_is_filled_or_never(tmp_path, error):
    def half(hidden: Path, place: Path) -> None:
        (hidden / "a").write_text("half")
        assert not place.exists()
        raise error

    with pytest.raises(type(error)):
        new_named_folder(tmp_path / "checks", "cells", half)
    assert list((tmp_path / "checks").iterdir()) == []
    folders = [new_named_folder(tmp_path / "checks", "cells", lambda hidden, _: (hidden / "a").touch()) for _ in "ab"]
    assert sorted((tmp_path / "checks").iterdir()) == sorted(folders)
    assert all((folder / "a").is_file() for folder in folders)


@pytest.mark.process
def test_scratch_of_a_killed_process_goes_when_the_next_one_begins(tmp_path):
    code = f"""
import os, pathlib
from yololab.files.atomic import scratch_folder
with scratch_folder(pathlib.Path({str(tmp_path)!r}), "probe") as folder:
    (folder / "x").touch()
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = tmp_path.iterdir()
    assert (left / "x").exists()
    with scratch_folder(tmp_path, "train") as folder, scratch_folder(tmp_path, "train") as other:
        assert set(tmp_path.iterdir()) == {folder, other}
    assert not list(tmp_path.iterdir())


def test_what_a_living_process_of_this_machine_fills_stays_however_long_it_takes(tmp_path):
    with scratch_folder(tmp_path, "evaluation") as folder:
        os.utime(folder, (1, 1))
        remove_temporaries(tmp_path, 60)
        assert folder.is_dir()


def test_many_files_are_brought_to_the_disk_together(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "_MANY", 2)
    (tmp_path / "old").touch(mode=0o400)
    with atomic.new_folder(tmp_path / "new") as hidden:
        for place in range(4):
            (hidden / str(place)).write_text("a")
        assert atomic.link_file(tmp_path / "old", hidden / "images/old") == "linked"
    assert len(list((tmp_path / "new").iterdir())) == 5
    assert (tmp_path / "new/images/old").samefile(tmp_path / "old")


def test_a_file_that_cannot_be_linked_is_pointed_at_or_copied(tmp_path, monkeypatch):
    (tmp_path / "old").write_text("a")

    def refused(*_):
        raise OSError

    monkeypatch.setattr(Path, "hardlink_to", refused)
    assert atomic.link_file(tmp_path / "old", tmp_path / "b") == "pointed"
    monkeypatch.setattr(Path, "symlink_to", refused)
    assert atomic.link_file(tmp_path / "old", tmp_path / "c") == "copied"
    assert [(tmp_path / name).read_text() for name in "bc"] == ["a", "a"]


@pytest.mark.process
def test_what_a_kill_has_left_of_one_folder_goes_and_nothing_else(tmp_path):
    with atomic.new_folder(tmp_path / "set*") as hidden:
        gone = subprocess.check_output([sys.executable, "-c", "import os; print(os.getpid())"], text=True).strip()
        left = hidden.with_name(hidden.name.replace(f"-{os.getpid()}-", f"-{gone}-"))
    others = [left.with_name(left.name.replace("set*", "set2")), tmp_path / ".mine.tmp"]
    for path in (left, *others):
        path.mkdir()
    remove_temporaries(tmp_path, 0.0, "set*")
    assert not left.exists()
    assert all(path.exists() for path in others)

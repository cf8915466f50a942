"""Images that have not changed are known from an earlier scan."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from cats_and_dogs import check, jpeg, put

from yololab.data.checks import scan
from yololab.data.images.image_cache import SCAN_VERSION
from yololab.files import index
from yololab.files.paths import CacheFolder


def test_what_has_not_changed_is_not_read_again(data, tmp_path):
    old = 1_600_000_000
    for file in data.rglob("*.jpg"):
        os.utime(file, (old, old))
    cache = tmp_path / "cache"
    first = check(data, cache=cache)
    report = check(data, cache=cache)
    # the files are seconds old by their change time: such entries are not trusted
    assert (first.cached, report.cached) == (0, 0)
    assert report.fingerprints() == first.fingerprints()


def test_the_cache_knows_settled_files(data, tmp_path, monkeypatch):
    monkeypatch.setattr("yololab.data.checks.scan.is_settled", lambda status: True)
    cache = tmp_path / "cache"
    first, second = check(data, cache=cache), check(data, cache=cache)
    assert (first.cached, second.cached) == (0, 6)
    assert second.fingerprints() == first.fingerprints()
    put(data, "val", "a", jpeg(99))
    changed = check(data, cache=cache)
    assert changed.cached == 5
    assert changed.fingerprints()["val"] != first.fingerprints()["val"]
    next(cache.iterdir()).write_bytes(b"no database")
    assert check(data, cache=cache).fingerprints() == changed.fingerprints()
    assert check(data, cache=cache, decode=True).cached == 0, "a header alone does not answer for the pixels"


@pytest.fixture
def cached(data, monkeypatch) -> tuple[Path, Path]:
    """The dataset, and a cache that knows its images."""
    monkeypatch.setattr(scan, "is_settled", lambda status: True)
    monkeypatch.setattr(index, "_LOCKED_SECONDS", 0.1)
    cache = data / "cache"
    check(data, cache=cache)
    assert check(data, cache=cache).cached == 6
    return data, cache


def test_a_cache_that_is_damaged_inside_is_made_anew(cached):
    data, cache = cached
    file = CacheFolder(cache).images(SCAN_VERSION)
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    assert check(data, cache=cache).cached == 0
    check(data, cache=cache)
    assert check(data, cache=cache).cached == 6


def test_a_locked_cache_is_done_without(cached):
    data, cache = cached
    before = check(data, cache=cache)
    with sqlite3.connect(CacheFolder(cache).images(SCAN_VERSION)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert check(data, cache=cache).fingerprints() == before.fingerprints()
    assert (CacheFolder(cache).images(SCAN_VERSION)).exists()


def test_an_entry_with_a_bit_turned_is_not_trusted(cached):
    data, cache = cached
    with sqlite3.connect(CacheFolder(cache).images(SCAN_VERSION)) as connection:
        path, content = connection.execute("SELECT path, content FROM ImageEntry").fetchone()
        turned = content[:-1] + bytes([content[-1] ^ 1])
        connection.execute("UPDATE ImageEntry SET content = ? WHERE path = ?", (turned, path))
    assert check(data, cache=cache).cached == 0
    check(data, cache=cache)
    assert check(data, cache=cache).cached == 6


@pytest.mark.parametrize("content", ["x", None, 7, b"", b"\x00" * 8 + b"\x90"])
def test_an_entry_of_another_kind_is_not_trusted(cached, content):
    data, cache = cached
    with sqlite3.connect(CacheFolder(cache).images(SCAN_VERSION)) as connection:
        connection.execute("UPDATE ImageEntry SET content = ?", (content,))
    assert check(data, cache=cache).cached == 0
    assert check(data, cache=cache).blocking == []


def told(report) -> list[str]:
    return [problem.what for problem in report.problems if problem.check == "cache_unusable"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_or_a_folder_in_its_place_is_done_without_and_told_once(data, tmp_path):
    for make in (os.mkfifo, Path.mkdir, lambda file: file.symlink_to("/dev/null")):
        cache = tmp_path / make.__name__
        cache.mkdir()
        make(CacheFolder(cache).images(SCAN_VERSION))
        assert len(told(check(data, cache=cache))) == 1
    (tmp_path / "file").touch()
    assert "cannot be used" in told(check(data, cache=tmp_path / "file"))[0]


def as_user(uid: int, work) -> int:
    """Do something in a process of another user; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("umask", "uses"), [(0o000, True), (0o077, False), (0o022, False)])
def test_two_users_share_a_cache_as_the_umask_says(data, monkeypatch, umask, uses):
    """What the first may not share the second does without, and is told; its results are the same."""
    monkeypatch.setattr(scan, "is_settled", lambda status: True)
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder) / "cache"
        shutil.copytree(data, Path(folder) / "data")
        Path(folder).chmod(0o777)
        before = os.umask(umask)
        try:
            first = check(Path(folder) / "data", cache=shared)
        finally:
            os.umask(before)
        shared.chmod(0o777)
        (file,) = shared.iterdir()
        assert file.stat().st_mode & 0o777 == 0o666 & ~umask

        def second() -> bool:
            report = check(Path(folder) / "data", cache=shared)
            same = report.fingerprints() == first.fingerprints()
            return same and (report.cached, len(told(report))) == ((6, 0) if uses else (0, 1))

        assert as_user(65534, second) == 0

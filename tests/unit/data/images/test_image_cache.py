"""Images that have not changed are known from an earlier scan."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from cats_and_dogs import check, jpeg, put

from yololab.data.checks import scan
from yololab.data.images import image_cache
from yololab.data.images.image_cache import SCAN_VERSION
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
    monkeypatch.setattr(image_cache, "_LOCKED_SECONDS", 0.1)
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

"""Errors of the world have a place, a remedy and an exit code."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from yololab.errors import InputError, JobError
from yololab.host.failures import explain


@pytest.mark.parametrize(
    ("number", "kind", "says"),
    [
        (errno.ENOSPC, JobError, "make room"),
        (errno.EDQUOT, JobError, "quota"),
        (errno.EMFILE, JobError, "ulimit"),
        (errno.EIO, JobError, "disk"),
        (errno.EROFS, InputError, "paths.root"),
        (errno.EACCES, InputError, "permission denied"),
        (errno.EPERM, InputError, "not permitted"),
        (errno.ENAMETOOLONG, InputError, "shorten"),
        (errno.ENOENT, InputError, "no such file"),
        (errno.ENOTDIR, InputError, "a file stands"),
        (errno.EISDIR, InputError, "a folder stands"),
        (errno.ELOOP, InputError, "link"),
        (errno.EHOSTUNREACH, JobError, os.strerror(errno.EHOSTUNREACH)),
    ],
)
def test_an_error_of_the_system_names_its_place_and_what_to_do(number, kind, says):
    found = explain(OSError(number, os.strerror(number), "a/b.json"))
    assert type(found) is kind
    assert says in str(found)
    assert "a/b.json" in str(found)


def test_both_files_of_a_rename_are_named():
    assert "a → b: permission denied" in str(explain(OSError(errno.EACCES, "x", "a", None, "b")))


def test_a_folder_that_is_gone_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        Path.cwd()
    assert "the current folder: it was deleted" in str(explain(caught.value))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RecursionError("maximum recursion depth exceeded"), 2),
        (MemoryError(), 1),
        (OSError("image file is truncated"), 1),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 2),
        (OSError(errno.ENOSPC, "x", 7), 1),
        (UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range"), 2),
    ],
)
def test_others_have_a_code_too(error, code):
    found = explain(error)
    assert found is not None
    assert found.exit_code == code
    assert str(found)


def test_a_home_that_is_not_known_is_named():
    with pytest.raises(RuntimeError) as caught:
        Path("~nobody_is_called_so/x").expanduser()
    assert "write the path in full" in str(explain(caught.value))
    assert explain(RuntimeError("ours")) is None


def test_what_may_be_our_own_mistake_is_not_explained_away():
    assert explain(KeyError("a")) is None
    assert explain(AssertionError()) is None


def test_a_link_that_leads_back_to_itself_is_named(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    try:
        loop.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # pathlib's own before Python 3.13, the system's since
        found = explain(error)
    assert isinstance(found, InputError)
    assert found.problems[0].where == str(loop)
    assert "link" in found.problems[0].found

"""Anybody's files: whatever they are, they are read within bounds or refused by name, at once."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files import reading
from yololab.files.reading import last_lines, load_yaml, open_regular, read_bytes, read_text, read_yaml


def doubling(levels: int) -> str:
    """Aliases that stand for 10^levels values."""
    lists = (f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels))
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lists])


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        (tmp_path / "link").symlink_to("pipe")
        (tmp_path / "loop").symlink_to("loop")
        for name, found in (
            *(("pipe", "a pipe"), ("link", "a pipe"), ("socket", "cannot be read"), ("loop", "cannot be read")),
            *(
                (".", "cannot be read"),
                ("/dev/zero", "a device"),
                ("x" * 300, "cannot be read"),
                ("a\0b", "cannot be read"),
            ),
            ("missing", "no such file"),
        ):
            with pytest.raises(InputError, match=found):
                read_bytes(tmp_path / name, 100)


def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa\r\n")
    (tmp_path / "link").symlink_to("file")
    assert read_text(tmp_path / "link") == "a\r\n"


def test_a_size_is_a_bound(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert len(read_bytes(path, 100)) == 100
    with pytest.raises(InputError, match="more than 99 bytes"):
        read_bytes(path, 99)
    with path.open("r+b") as file:
        file.truncate(10**12)  # takes no place on the disk
    with pytest.raises(InputError, match="more than"):
        read_text(path)
    with pytest.raises(InputError, match="more than"):
        read_bytes(Path("/proc/self/status"), 10)  # says that it has no size


def test_the_end_of_a_long_text_is_read_alone(tmp_path):
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        file.truncate(10**11)  # takes no place on the disk
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast \xff line\nend")
    assert last_lines(path)[-2:] == ["last \ufffd line", "end"]
    path.write_text("one\ntwo")
    assert last_lines(path) == ["one", "two"]


def test_a_descriptor_does_not_outlive_the_block(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with open_regular(tmp_path / "file") as file:
        assert not os.get_inheritable(file.fileno())
    assert file.closed


def test_text_that_is_not_utf_8_is_named_by_its_line(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("eins\nzwei\ndreißig\n".encode("latin-1"))
    with pytest.raises(InputError, match="line 3: byte 0xdf is not UTF-8") as caught:
        read_text(path)
    assert "save the file as UTF-8" in str(caught.value)
    path.write_text("a: 1", encoding="utf-16")
    with pytest.raises(InputError, match="line 1"):
        read_yaml(path)


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 200_000, "a: " * 150, "{a: " * 150, "- " * 20_000 + "x", doubling(9), "a: &a [*a]", "&a {b: &b [*a]}"),
        *("a: " + "9" * 5000, "a: 2024-99-99", "? [a]\n: b", "a\0b", "a: *b", "a: !!binary x", "a: !!int ''"),
        *("a: !!bool x", "a: !!timestamp x", "a: !!python/object/apply:os.getcwd []", "<<: 3", "a: [1", "a: b: c"),
        "a: 1\n---\nb: 2",
    ],
)
def test_yaml_that_is_none_or_has_no_bounds_is_refused(text):
    with pytest.raises(InputError, match="place") as caught:
        load_yaml(text, "place")
    assert len(str(caught.value)) < 400


def test_merged_keys_that_multiply_are_refused():
    """Merging copies what it merges: here a thousand million keys."""
    maps = (f"a{level}: &a{level}\n  <<: [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9))
    with pytest.raises(InputError, match="stands for more than"):
        load_yaml("\n".join(["a0: &a0 {x: 1, y: 2}", *maps]), "place")


def test_plain_yaml_is_what_it_is(tmp_path, monkeypatch):
    path = tmp_path / "data.yaml"
    path.write_text("path: .\nnames: &n {0: a, 1: ß}\nmore: *n\nn: [1, 2.5, null, true]\n", encoding="utf-8")
    plain = {"path": ".", "names": {0: "a", 1: "ß"}, "more": {0: "a", 1: "ß"}, "n": [1, 2.5, None, True]}
    assert read_yaml(path) == plain
    assert load_yaml("", "place") is None
    monkeypatch.setattr(reading, "MOST_NODES", 21)
    assert read_yaml(path) == plain
    monkeypatch.setattr(reading, "MOST_NODES", 20)
    with pytest.raises(InputError, match="stands for more than 20 values"):
        read_yaml(path)

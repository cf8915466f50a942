"""JSON files: versioned, and strict about what a number is."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
import pytest

from yololab.errors import InputError
from yololab.files.json_files import plain, read_json, write_json


def test_json_round_trip_and_version(tmp_path):
    path = tmp_path / "a" / "x.json"
    write_json(path, {"a": np.float32(0.5), "b": Path("x"), "c": float("nan"), "d": {1: (1, 2)}}, 3)
    assert list(json.loads(path.read_text())) == ["schema_version", "a", "b", "c", "d"]
    assert read_json(path, (3,), dict[str, Any]) == {
        "schema_version": 3,
        "a": 0.5,
        "b": "x",
        "c": None,
        "d": {"1": [1, 2]},
    }
    with pytest.raises(InputError, match="another version"):
        read_json(path, (1, 2), dict[str, Any])


def test_infinity_becomes_null():
    assert plain([math.inf, -math.inf, 1.0]) == [None, None, 1.0]


@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff\xfe"])
def test_damaged_json_is_an_input_error(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError):
        read_json(path, (1,), dict[str, Any])


class Inner(TypedDict, total=False):
    count: int
    names: list[str]


class Outer(TypedDict, total=False):
    status: Required[str]
    seconds: float
    inner: Inner | None
    anything: Any


def test_what_is_of_its_type_is_kept_whole(tmp_path):
    path = tmp_path / "x.json"
    content = {"status": "ok", "seconds": 3, "inner": {"count": 1, "names": ["a"], "more": [1]}, "else": {"x": None}}
    write_json(path, content, 1)
    assert read_json(path, (1,), Outer) == {"schema_version": 1, **content}


@pytest.mark.parametrize(
    ("change", "place", "found"),
    [
        ({"status": 3}, "$.status", "expected `str`, got `int`"),
        ({"status": None}, "$.status", "got `null`"),
        ({"seconds": "3"}, "$.seconds", "expected `float`, got `str`"),
        ({"seconds": True}, "$.seconds", "got `bool`"),
        ({"inner": []}, "$.inner", "got `array`"),
        ({"inner": {"count": 1.5}}, "$.inner.count", "expected `int`, got `float`"),
        ({"inner": {"names": ["a", 3]}}, r"$.inner.names[1]", "expected `str`, got `int`"),
    ],
)
def test_a_section_of_another_type_is_named(tmp_path, change, place, found):
    path = tmp_path / "x.json"
    write_json(path, {"status": "ok"} | change, 1)
    with pytest.raises(InputError, match=re.escape(f"{path}, {place}: ")) as caught:
        read_json(path, (1,), Outer)
    assert found in str(caught.value)


def test_a_section_that_has_to_be_there_is_named(tmp_path):
    write_json(tmp_path / "x.json", {}, 1)
    with pytest.raises(InputError, match="missing required field `status`"):
        read_json(tmp_path / "x.json", (1,), Outer)


@pytest.mark.parametrize("version", [None, True, "1", 1.0, [1], {}, 2])
def test_a_version_is_a_number_that_is_known(tmp_path, version):
    (tmp_path / "x.json").write_text(json.dumps({"schema_version": version}))
    with pytest.raises(InputError, match="schema_version"):
        read_json(tmp_path / "x.json", (1,), dict[str, Any])


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 200_000, '{"a":' * 150 + "1" + "}" * 150, '{"schema_version": 1, "a": 1' + "0" * 5000 + "}"),
        *('{"a": 1' + "0" * 25 + "}", '{"a": 18446744073709551616}', '{"a": -9223372036854775809}', '{"a": 01}', "nul"),
    ],
)
def test_json_that_no_program_of_ours_writes_is_refused(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match="not readable as JSON") as caught:
        read_json(tmp_path / "x.json", (1,), dict[str, Any])
    assert len(str(caught.value)) < 500


def test_numbers_that_are_none_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": NaN, "b": -Infinity, "c": 1e999, "d": 18446744073709551615, "e": 0.5}')
    content = read_json(path, (1,), dict[str, Any], version_optional=True)
    assert content == {"a": None, "b": None, "c": None, "d": 2**64 - 1, "e": 0.5}


def test_a_file_name_that_is_no_utf_8_comes_back(tmp_path):
    write_json(tmp_path / "x.json", {"name": "a\udcff.jpg"}, 1)
    assert read_json(tmp_path / "x.json", (1,), dict[str, Any])["name"] == "a\udcff.jpg"


def test_what_does_not_end_is_not_read(tmp_path):
    (tmp_path / "x.json").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="a device"):
        read_json(tmp_path / "x.json", (1,), dict[str, Any])

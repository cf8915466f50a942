"""JSON files: versioned, and strict about what a number is."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from yololab.errors import InputError
from yololab.files.json_files import plain, read_json, write_json


def test_json_round_trip_and_version(tmp_path):
    path = tmp_path / "a" / "x.json"
    write_json(path, {"a": np.float32(0.5), "b": Path("x"), "c": float("nan"), "d": {1: (1, 2)}}, 3)
    assert list(json.loads(path.read_text())) == ["schema_version", "a", "b", "c", "d"]
    assert read_json(path, (3,)) == {"schema_version": 3, "a": 0.5, "b": "x", "c": None, "d": {"1": [1, 2]}}
    with pytest.raises(InputError, match="another version"):
        read_json(path, (1, 2))


def test_infinity_becomes_null():
    assert plain([math.inf, -math.inf, 1.0]) == [None, None, 1.0]


@pytest.mark.parametrize("content", ["", "{", "[1]", "\xff\xfe"])
def test_damaged_json_is_an_input_error(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError):
        read_json(path, (1,))

"""predictions.npz: what goes in comes out, and nothing that the file says of itself is believed."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from yololab.files import predictions
from yololab.files.predictions import PredictionsError, read_arrays, write_arrays

ARRAYS = {"a": np.arange(6, dtype="<u2").reshape(2, 3), "none": np.zeros((0, 4), np.float32), "flag": np.array(True)}


def test_arrays_come_back_as_they_were(tmp_path):
    path = tmp_path / "evaluation/predictions.npz"
    write_arrays(path, ARRAYS)
    found = read_arrays(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    for name in ("1.npz", "2.npz"):
        write_arrays(tmp_path / name, ARRAYS)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.npz", "2.npz"]


def test_objects_are_neither_written_nor_read(tmp_path):
    objects = {"classes": np.array([{"a": 1}], dtype=object)}
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(tmp_path / "predictions.npz", objects)
    np.savez(tmp_path / "predictions.npz", **objects)
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(tmp_path / "predictions.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x93NUMPY", b"text"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "predictions.npz"
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match=r"predictions\.npz"):
        read_arrays(path)


def test_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "predictions.npy", np.zeros(3))
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(tmp_path / "predictions.npy")


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_damaged_bytes_are_refused(tmp_path, place):
    path = tmp_path / "predictions.npz"
    write_arrays(path, {"a": np.random.default_rng(0).random(999)})
    content = bytearray(path.read_bytes())
    where = int(len(content) * place)
    content[where : where + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "MOST_BYTES", 10**6)
    write_arrays(tmp_path / "predictions.npz", {"zeros": np.zeros(2 * 10**6, np.uint8)})
    assert (tmp_path / "predictions.npz").stat().st_size < 10**4
    with pytest.raises(PredictionsError, match=r"more than 0\.001 GB"):
        read_arrays(tmp_path / "predictions.npz")


def test_an_array_that_claims_more_than_there_is_is_refused(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }"
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"few")
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(tmp_path / "predictions.npz")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(PredictionsError, match="no such file"):
        read_arrays(tmp_path / "predictions.npz")

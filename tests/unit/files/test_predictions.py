"""predictions.npz: what goes in comes out, and nothing that the file says of itself is believed."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from pathlib import Path

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


def npy(descr: str, shape: tuple, content: bytes = b"") -> bytes:
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "array",
    [
        npy("<f8", (10**15,), b"few"),
        npy("<f8", (2, -3), b"few"),
        npy("<f8", (3,), b"x" * 25),
        npy("<f8", (10**4000, 10**4000)),
        npy("<c16", (1,), b"x" * 16),
        npy("<U9", (1,), b"x" * 36),
        npy("<M8[s]", (1,), b"x" * 8),
        npy("<f8", (1, 1, 1), b"x" * 8),
        npy("|O", (1,), b"x" * 8),
        npy("(" * 5000, (1,)),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_an_array_that_is_not_what_its_header_says_is_refused(tmp_path, array):
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w") as archive:
        archive.writestr("a.npy", array)
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(tmp_path / "predictions.npz")


def claiming(path: Path, size: int, packed: int) -> None:
    """An archive whose directory claims a size: of the array's header, and of the member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy("<u1", (size,), bytes(packed)))
    content = path.read_bytes()
    where = content.index(b"PK\x01\x02") + 24
    claimed = size + len(npy("<u1", (size,)))
    path.write_bytes(content[:where] + min(claimed, 2**32 - 2).to_bytes(4, "little") + content[where + 4 :])


@pytest.mark.parametrize("size", [10**10, 4 * 10**9, 10**9])
def test_a_few_kilobytes_that_claim_gigabytes_take_no_memory(tmp_path, size):
    path = tmp_path / "predictions.npz"
    claiming(path, size, 40 * 10**6)
    assert path.stat().st_size < 50_000
    tracemalloc.start()
    with pytest.raises(PredictionsError, match="not readable"):
        read_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 10**6
    tracemalloc.stop()


def test_members_that_overlap_or_are_many_are_refused(tmp_path):
    path = tmp_path / "predictions.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(40):
            archive.writestr(f"{number}.npy", npy("<u1", (1,), b"x"))
    with pytest.raises(PredictionsError, match="40 members"):
        read_arrays(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", npy("<u1", (1,), b"x"))
    with pytest.raises(PredictionsError, match="not packed by numpy"):
        read_arrays(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "predictions.npz", "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy("<u1", (1,), b"x"))
    with pytest.raises(PredictionsError, match="2 members, 1 names"):
        read_arrays(tmp_path / "predictions.npz")


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "predictions.npz")
    with pytest.raises(PredictionsError, match="a pipe"):
        read_arrays(tmp_path / "predictions.npz")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(PredictionsError, match="no such file"):
        read_arrays(tmp_path / "predictions.npz")

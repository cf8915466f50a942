"""Files that hang, multiply or take memory in the place of a dataset's: each is a finding or an error, in no time."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from lopsided_dataset import SOUND, check_lopsided, make
from PIL import Image

from yololab.data.checks.check_report import CheckReport
from yololab.data.checks.suitability import suitable_tasks
from yololab.data.dataset.layout import load_dataset, missing_splits
from yololab.data.identity.fingerprint import fingerprint_split
from yololab.data.identity.manifest import read_manifest
from yololab.data.images.image_facts import read_facts
from yololab.data.labels import label_rules
from yololab.data.labels.depth_maps import read_depth
from yololab.data.labels.label_rules import coinciding
from yololab.data.labels.masks import MaskLabels, read_mask
from yololab.errors import InputError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="pipes, sockets and links as Linux has them"),
    pytest.mark.timeout(30),
]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def endless(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


IN_PLACE = [pipe, device, endless, listening]


def found(report: CheckReport, check: str) -> list[str]:
    return [problem.what for problem in report.problems if problem.check == check and problem.blocking]


@pytest.mark.parametrize("put", IN_PLACE)
def test_a_label_that_never_ends(tmp_path, put):
    root = make(tmp_path, SOUND)
    (root / "labels/train/a.txt").unlink()
    put(root / "labels/train/a.txt")
    (what,) = found(check_lopsided(root), "label_unreadable")
    assert any(words in what for words in ("a pipe", "a device", "has more than", "cannot be read"))
    assert suitable_tasks(load_dataset(root)) == ["detect"]
    with pytest.raises(InputError, match=r"a\.txt"):
        fingerprint_split(load_dataset(root), "train")


@pytest.mark.parametrize("put", [*IN_PLACE, Path.mkdir, to_itself])
def test_an_image_that_never_ends(tmp_path, put):
    root = make(tmp_path, SOUND)
    (root / "images/train/a.jpg").unlink()
    put(root / "images/train/a.jpg")
    assert len(found(check_lopsided(root), "image_unreadable")) == 1


@pytest.mark.parametrize("put", [*IN_PLACE, to_itself])
def test_a_list_or_a_folder_that_is_none(tmp_path, put):
    root = make(tmp_path, SOUND, train="train.txt")
    put(root / "train.txt")
    if put is endless:
        with pytest.raises(InputError, match=r"train\.txt: has more than"):
            check_lopsided(root)
    else:
        assert len(missing_splits(load_dataset(root))) == 1
        assert found(check_lopsided(root), "missing_split")


@pytest.mark.parametrize("put", [*IN_PLACE, to_itself])
def test_a_data_yaml_that_never_ends(tmp_path, put):
    put(tmp_path / "data.yaml")
    with pytest.raises(InputError, match=r"data\.yaml"):
        load_dataset(tmp_path / "data.yaml")


def test_a_name_that_no_mask_can_have_is_a_finding(tmp_path):
    """The path of an image fits the system, that of its mask in a folder with a longer name does not."""
    image = Path("/", *["d" * 250] * 16, "images", "a.png")
    labels = MaskLabels("m" * 255, 2, {})
    assert labels.file(image).name == "a.png"
    found = labels.read(image, None, None)
    assert [problem.check for problem in found.problems] == ["label_unreadable"]
    assert "name too long" in found.problems[0].what.lower()


def png(width: int, height: int) -> bytes:
    """A few bytes that claim a picture of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.heavy
def test_pictures_that_claim_to_be_large_are_not_decoded():
    assert "exceeds limit" in str(read_facts(png(60_000, 60_000)).error)
    assert "exceeds limit" in str(read_mask(png(60_000, 60_000)).error)
    assert read_depth(png(60_000, 60_000)).error
    page = Image.new("L", (4000, 4000))
    buffer = io.BytesIO()
    page.save(buffer, "TIFF", save_all=True, append_images=[page] * 20, compression="tiff_deflate")
    assert "21 pages of 4000 x 4000 px" in str(read_facts(buffer.getvalue()).error)


def test_an_array_that_claims_to_be_large_is_not_made():
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**7)})
    assert read_depth(buffer.getvalue() + b"\0" * 100).error


@pytest.mark.heavy
def test_a_manifest_that_unpacks_to_gigabytes_is_refused(tmp_path):
    file = tmp_path / "manifest.json.gz"
    packer = zlib.compressobj(1, wbits=31)
    file.write_bytes(b"".join(packer.compress(b" " * 2**20) for _ in range(300)) + packer.flush())
    with pytest.raises(InputError, match="manifest"):
        read_manifest(file)
    for splits in ("[1]", '{"train": [1]}', '{"train": {"a": ["x"]}}', '{"train": {"a": [1, 2]}}'):
        file.write_bytes(gzip.compress(f'{{"schema_version": 1, "splits": {splits}}}'.encode()))
        with pytest.raises(InputError, match="manifest"):
            read_manifest(file)


def test_a_hundred_thousand_boxes_around_one_point(monkeypatch):
    monkeypatch.setattr(label_rules, "MOST_COMPARED", 1000)
    boxes = [(0.5, 0.5, 0.001 + n / 200_000, 0.9 - n / 200_000) for n in range(100_000)]
    assert len(list(coinciding([0.0] * len(boxes), boxes))) <= 1000

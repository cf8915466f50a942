"""What is called .pt and is no checkpoint says what it is; nothing of it is loaded for that."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import sys
import tarfile
import zipfile
from types import ModuleType

import pytest

from yololab.errors import InputError
from yololab.ultralytics_adapter.models.foreign_files import check_file, foreign_classes, foreign_problem


def archive(names: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as made:
        for name, content in names.items():
            made.writestr(name, content)
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.addfile(tarfile.TarInfo("best.pt"))
    return stream.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0\0\0\0"


WHOLE = archive({"best/data.pkl": pickle.dumps({}), "best/data/0": bytes(5000)})


@pytest.mark.parametrize(
    ("content", "found", "remedy"),
    [
        (b"", "empty", "again"),
        (b"\n\n", "empty", "again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5613764\n", "Git LFS", "git lfs pull"),
        (b"<!DOCTYPE html><html><title>404</title>", "web page", "download the file itself"),
        (b"\xef\xbb\xbf\n <HTML>Sign in", "web page", "browser"),
        (b'{"message": "Not Found"}', "JSON", "again"),
        (b"\x08\x08\x12\x07pytorch", "ONNX", ".pt that it was exported from"),
        (safetensors(), "safetensors", "give a .pt"),
        (WHOLE[:-60], "cut or damaged", "again"),
        (WHOLE[:100], "cut or damaged", "again"),
        (archive({"m/code/__torch__.py": b"", "m/data.pkl": b"", "m/constants.pkl": b""}), "TorchScript", "exported"),
        (archive({"word/document.xml": b""}), "zip archive of other things (word/document.xml)", "give a .pt"),
        (archive({"m/data.pkl": bytes(10**6)}, zipfile.ZIP_DEFLATED), "claims more bytes", "give a .pt"),
        (tar(), "tar archive", "unpack"),
        (b"\x1f\x8b\x08", "gzip", "unpack"),
        (b"\x89PNG\r\n", "an image", "give a .pt"),
        (b"\x00\x01\x02", "first bytes", "give a .pt"),
        (b"some text", "first bytes", "give a .pt"),
    ],
    # A zip holds the time at which it was made: its bytes would name the test differently in each worker.
    ids=lambda value: "content" if isinstance(value, bytes) else value,
)
def test_it_says_what_it_is_and_what_to_do(tmp_path, content, found, remedy):
    path = tmp_path / "best.pt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        check_file(path)
    (problem,) = caught.value.problems
    assert problem.where == str(path)
    assert found in problem.found
    assert remedy in problem.remedy
    assert "SAFE_LOAD" not in str(caught.value)


def test_a_file_of_pytorch_passes(tmp_path):
    for number, content in enumerate((WHOLE, pickle.dumps({"model": 1}))):
        path = tmp_path / f"{number}.pt"
        path.write_bytes(content)
        check_file(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_refused_and_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "best.pt")
    with pytest.raises(InputError, match="pipe"):
        check_file(tmp_path / "best.pt")


def test_a_file_that_is_larger_than_any_model_is_refused(tmp_path):
    with (tmp_path / "best.pt").open("wb") as file:
        file.truncate(33 * 2**30)  # takes no space
    with pytest.raises(InputError, match="more than"):
        check_file(tmp_path / "best.pt")


@pytest.fixture
def instance_of(monkeypatch):
    def make(module: str, name: str):
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            made = ModuleType(".".join(parts[:count]))
            made.__path__ = []
            monkeypatch.setitem(sys.modules, made.__name__, made)
        cls = type(name, (), {"__module__": module, "__qualname__": name})
        setattr(made, name, cls)
        return cls()

    return make


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("models.yolo", "DetectionModel", "YOLOv5 or YOLOv7"),
        ("models.common", "Conv", "YOLOv5 or YOLOv7"),
        ("yolox.models.yolo_head", "YOLOXHead", "YOLOX"),
        ("our_lab.nets", "Net", "our_lab.nets.Net"),
    ],
)
def test_classes_of_others_are_named(tmp_path, instance_of, module, name, words, protocol, zipped):
    content = pickle.dumps({"model": instance_of(module, name), "epoch": 3}, protocol)
    path = tmp_path / "best.pt"
    path.write_bytes(archive({"best/data.pkl": content}) if zipped else content)
    sys.modules.pop(module)  # naming them needs no such package
    assert foreign_classes(path) == [f"{module}.{name}"]
    problem = foreign_problem(path)
    assert words in str(problem)
    assert "SAFE_LOAD" not in str(problem)


def test_what_has_no_such_classes_or_cannot_be_read_is_left_to_others(tmp_path):
    for number, content in enumerate((pickle.dumps({"a": 1}), b"\x80\x04 no pickle", archive({"x": b""}))):
        path = tmp_path / f"{number}.pt"
        path.write_bytes(content)
        assert foreign_problem(path) is None

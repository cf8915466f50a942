"""From what a user calls a model to files: what is nowhere is named with where it was looked for."""

from __future__ import annotations

import os

import pytest

from yololab.errors import InputError
from yololab.ultralytics_adapter.models.resolve import find_architecture, find_checkpoint, read_architecture


@pytest.fixture
def folders(tmp_path, monkeypatch):
    here, other = tmp_path / "here", tmp_path / "weights"
    here.mkdir()
    other.mkdir()
    monkeypatch.chdir(here)
    return here, other


def test_a_file_is_looked_for_here_and_then_in_the_folders(folders):
    here, other = folders
    (other / "mine.pt").touch()
    assert find_checkpoint("mine.pt", [other]) == other / "mine.pt"
    (here / "mine.pt").touch()
    assert find_checkpoint("mine.pt", [other]) == here / "mine.pt"
    (other / "net.yaml").touch()
    assert find_architecture("net.yaml", [other]) == str(other / "net.yaml")
    assert find_architecture("yolo26n.yaml", [other]) == "yolo26n.yaml", "one that Ultralytics ships"


@pytest.mark.parametrize("name", ["mime.pt", "x.**", "[.pt"])
def test_a_checkpoint_that_is_nowhere_is_named_with_the_places(folders, name):
    here, other = folders
    (other / "mine.pt").touch()
    with pytest.raises(InputError) as caught:
        find_checkpoint(name, [other])
    (problem,) = caught.value.problems
    assert problem.found == f"no such file: {name!r} (looked in {here}, {other})"
    assert problem.remedy.startswith("did you mean mine.pt" if name == "mime.pt" else "check the path")


def test_an_architecture_that_is_nowhere_is_named_with_what_is_like_it(folders):
    with pytest.raises(InputError, match=r"no such architecture: 'yolo26m\.yml'") as caught:
        find_architecture("yolo26m.yml", [])
    assert "yolo26m.yaml" in str(caught.value)


LAYERS = "backbone:\n- [-1, {}, Conv, [8, 3, 2]]\nhead:\n- [[0], 1, Detect, [nc]]\n"
DOUBLED = "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "not a model architecture"),
        ("- 1", "not a model architecture"),
        ("backbone: []\nhead: []", "not a model architecture"),
        (LAYERS.format("many"), "not a model architecture"),
        (LAYERS.format(10**9), "repeats its layers"),
        (LAYERS.format(1) + "a0: &a0 [1]\n" + DOUBLED, "values"),
        ("a: [", "not readable as YAML"),
        ("#" * 2**20 + "\n" + LAYERS.format(1), "more than"),
    ],
)
def test_what_is_no_architecture_is_refused(tmp_path, content, found):
    path = tmp_path / "net.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=found):
        read_architecture(str(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_no_architecture(tmp_path):
    os.mkfifo(tmp_path / "net.yaml")
    with pytest.raises(InputError, match="pipe"):
        read_architecture(str(tmp_path / "net.yaml"))


def test_a_packaged_architecture_is_read_with_and_without_its_scale():
    assert read_architecture("yolo26n.yaml") == read_architecture("yolo26.yaml")

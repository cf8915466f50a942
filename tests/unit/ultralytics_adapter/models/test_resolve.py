"""From what a user calls a model to files: what is nowhere is named with where it was looked for."""

from __future__ import annotations

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


@pytest.mark.parametrize("content", ["", "- 1", "backbone: []\nhead: []", "a: ["])
def test_what_is_no_architecture_is_refused(tmp_path, content):
    path = tmp_path / "net.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match="not a model architecture"):
        read_architecture(str(path))


def test_a_packaged_architecture_is_read_with_and_without_its_scale():
    assert read_architecture("yolo26n.yaml") == read_architecture("yolo26.yaml")

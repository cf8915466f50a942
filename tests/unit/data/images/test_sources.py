"""What can be predicted on, as users name it."""

from __future__ import annotations

import pytest

from yololab.data.images.sources import find_sources
from yololab.errors import InputError


@pytest.fixture
def folder(tmp_path):
    for name in ("a/1.jpg", "b/1.jpg", "b/.hidden.jpg", "b/film.MP4", "b/notes.md", "odd [1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("a/1.jpg\n\n./b/1.jpg\ngone.jpg\n")
    return tmp_path


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["a/1.jpg"], ["1.jpg"]),
        (["."], ["a/1.jpg", "b/1.jpg", "b/film.MP4", "odd [1].png"]),
        (["b", "a/1.jpg", "b/1.jpg"], ["b/1.jpg", "b/film.MP4", "a/1.jpg"]),
        (["*/*.jpg"], ["a/1.jpg", "b/1.jpg"]),
        (["odd [1].png"], ["odd [1].png"]),
        (["list.txt"], ["a/1.jpg", "b/1.jpg", "gone.jpg"]),
    ],
)
def test_each_file_has_a_name_below_what_all_have_in_common(folder, texts, names):
    found = find_sources(texts, folder)
    assert [source.name for source in found] == names
    assert [source.film for source in found] == [name.endswith("MP4") for name in names]
    assert all(source.path.is_absolute() for source in found)


def test_all_that_is_wrong_is_told_at_once(folder):
    (folder / "empty").mkdir()
    with pytest.raises(InputError) as error:
        find_sources(["empty", "b/notes.md", "a/2.jpg", "*.gif", "https://x.org/a.jpg"], folder)
    found = {problem.where: problem.found for problem in error.value.problems}
    assert found == {
        "empty": "a folder without an image or a film",
        "b/notes.md": "a .md",
        "a/2.jpg": "no such file or folder",
        "*.gif": "a pattern that no image or film matches",
        "https://x.org/a.jpg": "an address",
    }

"""Archives of strangers."""

from __future__ import annotations

import zipfile

import pytest

from yololab.data.conversion.sources.archives import unpack
from yololab.errors import InputError


def test_names_stay_in_the_folder_and_what_is_of_no_use_stays_behind(tmp_path):
    archive, folder = tmp_path / "a.zip", tmp_path / "to"
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as content:
        for name in ("../../up.json", "/root.xml", "win\\\\a.jpg", "run.sh", "__MACOSX/._a.jpg", "v/._a.jpg"):
            content.writestr(name, "x")
    unpack(archive, folder)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"up.json", "root.xml", "win/a.jpg"}
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "to"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("a.zip", b"no", "cannot be unpacked"), ("a.tar.gz", b"no", "cannot be unpacked"), ("a.zip", None, "none of")],
)
def test_a_damaged_or_useless_archive_is_told(name, content, message, tmp_path):
    archive = tmp_path / name
    if content is None:
        with zipfile.ZipFile(archive, "w") as empty:
            empty.writestr("readme.md", "x")
    else:
        archive.write_bytes(content)
    with pytest.raises(InputError, match=message):
        unpack(archive, tmp_path)

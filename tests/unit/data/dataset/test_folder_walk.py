"""What lies below a folder: what Ultralytics' own listing finds, without going round and round."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lopsided_dataset import SOUND, check_lopsided, make

from yololab.data.dataset.folder_walk import entries_below
from yololab.errors import InputError


def test_it_finds_what_glob_finds(tmp_path):
    for name in ("a.jpg", "b/c.jpg", "b/d/e.png", ".hidden/f.jpg", "b/.g.jpg", "[x]/h.jpg"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/i.jpg").touch()
    for name, target in (("link", "../other"), ("gone.jpg", "nowhere"), ("self.jpg", "self.jpg")):
        (tmp_path / "data" / name).symlink_to(target)
    found = dict(entries_below(tmp_path / "data"))
    assert sorted(found) == sorted(glob.glob(f"{tmp_path}/data/**/*", recursive=True))  # noqa: PTH207
    assert {Path(path).name for path, is_folder in found.items() if is_folder} == {"b", "d", "[x]", "link"}
    everything = dict(entries_below(tmp_path / "data", hidden=True))
    assert {Path(path).name for path in everything.keys() - found.keys()} == {".hidden", "f.jpg", ".g.jpg"}


def test_links_that_lead_back_are_named(tmp_path):
    root = make(tmp_path, SOUND)
    (root / "images/train/again").symlink_to("..")
    with pytest.raises(InputError, match="again/train: a link to a folder that it lies in"):
        check_lopsided(root)


def test_links_that_double_at_each_level_are_named(tmp_path):
    root = make(tmp_path, SOUND)
    for level in range(40):
        folder = root / f"images/levels/{level}"
        folder.mkdir(parents=True)
        for name in "ab":
            (folder / name).symlink_to(f"../{level + 1}")
    (root / "images/train/deep").symlink_to("../levels/0")
    with pytest.raises(InputError, match="reached over very many links"):
        check_lopsided(root)


def test_a_sibling_may_be_linked_to(tmp_path):
    root = make(tmp_path, SOUND)
    (root / "images/train/val").symlink_to("../val")
    assert check_lopsided(root).splits["train"].images == 3


# A root user who may do what the owner of a file may, and nothing more.
WITHOUT_RIGHTS = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]


@pytest.mark.process
@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="takes root and setpriv")
@pytest.mark.parametrize("folder", ["train/labels", "train/images", "train/images/sub", "train"])
def test_a_folder_of_another_user_ends_the_check_with_its_name(folder, tmp_path):
    files = {"/".join((*name.split("/")[1::-1], name.split("/")[2])): text for name, text in SOUND.items()}
    root = make(tmp_path, files | {"train/images/sub/c.jpg": None}, train="train/images", val="val/images")
    os.chown(root / folder, 65534, 65534)
    (root / folder).chmod(0o700)
    command = [*WITHOUT_RIGHTS, sys.executable, "-m", "yololab", "check", f"data={root}/data.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert "ermission denied" in done.stdout + done.stderr
    assert str(root / folder) in done.stdout + done.stderr

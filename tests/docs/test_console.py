"""What the pages show of a terminal is what yololab prints: each `$ yololab …` in a console block is run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from yololab.cli.main import main
from yololab.findings import CHECKS

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = [
    (page.relative_to(DOCS), command, expected)
    for page in sorted(DOCS.rglob("*.md"))
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for command, expected in re.findall(r"^\$ (yololab .*)\n((?:(?!\$ ).*\n)*)", block, flags=re.MULTILINE)
]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a dataset that is right, one that is not, one with a similar name, and a file that is no model."""
    folder = tmp_path_factory.mktemp("project")
    for name, last_rows in {"data": "", "flawed": "3 0.5 0.5 0.2 0.2\n/0 50 50 20 20\n", "bccd": ""}.items():
        for split, count in (("train", 6), ("val", 3)):
            images, labels = folder / name / "images" / split, folder / name / "labels" / split
            images.mkdir(parents=True)
            labels.mkdir(parents=True)
            for number in range(count):
                image = Image.effect_noise((64, 64), 60 + 7 * number + 3 * count).convert("RGB")
                image.save(images / f"{split}{number}.jpg")
                (labels / f"{split}{number}.txt").write_text(f"0 0.5 0.5 0.{2 + number} 0.3\n")
        for number, row in enumerate(filter(None, last_rows.split("/")), 2):
            (folder / name / f"labels/train/train{number}.txt").write_text(row)
        (folder / name / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cell]\n")
    (folder / "pointer.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5\n")
    return folder


def pattern_of(shown: str) -> str:
    """A line `…` stands for any lines, `…` within a line for any text in it."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n" for line in shown.splitlines()
    ]
    return "".join(lines)


def test_there_are_examples():
    assert len(BLOCKS) >= 15


@pytest.mark.parametrize(("page", "command", "expected"), BLOCKS, ids=[command for _, command, _ in BLOCKS])
def test_a_command_prints_what_the_page_shows(page, command, expected, project, monkeypatch, capfd):
    monkeypatch.chdir(project)
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    code = main(shlex.split(command)[1:])
    out, err = capfd.readouterr()
    out = re.sub(r"\A *yololab  .*\n", "", out)  # the sign of life, which says the command again
    assert re.fullmatch(pattern_of(expected), out + err), f"{page}\n{out}{err}"
    assert (code == 0) == ("error:" not in expected and "blocking:" not in expected)


def test_the_checks_are_those_of_the_package():
    section = (DOCS / "troubleshooting.md").read_text(encoding="utf-8").split("## All checks")[1]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, flags=re.MULTILINE)) == CHECKS

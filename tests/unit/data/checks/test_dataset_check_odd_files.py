"""What real folders hold beside plain JPEGs: odd names, links, pipes, other channels, lists with slips."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yololab.cli.main import main
from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.images.image_facts import read_facts

RNG = np.random.default_rng(0)


PIXELS = RNG.integers(0, 255, (48, 64, 4), dtype=np.uint8)


def encoded(form: str, mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    bands = {"RGB": 3, "RGBA": 4}.get(mode)
    array = PIXELS[:, :, :bands] if bands else PIXELS[:, :, 0].astype(np.float32 if mode == "F" else np.uint8)
    Image.fromarray(array).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def data(tmp_path) -> Path:
    """One image a split."""
    for split in ("train", "val"):
        put(tmp_path, split, "a.png", encoded("PNG"))
        PIXELS[:] = np.roll(PIXELS, 5, axis=0)
    (tmp_path / "data.yaml").write_text("train: train/images\nval: val/images\nnames: [cat]\n")
    return tmp_path


def put(root: Path, split: str, name: str, content: bytes) -> None:
    for folder in ("images", "labels"):
        (root / split / folder).mkdir(parents=True, exist_ok=True)
    (root / split / "images" / name).write_bytes(content)
    (root / split / "labels" / f"{name.rpartition('.')[0]}.txt").write_text("0 0.5 0.5 0.2 0.4\n")


def check(root: Path, **settings) -> CheckReport:
    return check_dataset(load_dataset(root), "detect", settings=CheckSettings(**settings))


def blocking(report: CheckReport) -> list[tuple[str, str]]:
    return sorted((problem.check, problem.file.name) for problem in report.problems if problem.blocking)


def test_a_cut_image_is_reported_as_such(data):
    content = encoded("BMP")
    put(data, "train", "b.bmp", content[: len(content) // 2])
    assert blocking(check(data)) == [("image_truncated", "b.bmp")]


def test_what_opencv_cannot_load_is_blocking(data):
    put(data, "train", "b.tif", encoded("TIFF", "F"))
    (problem,) = (problem for problem in check(data).problems if problem.blocking)
    assert (problem.check, problem.file.name) == ("image_unreadable", "b.tif")
    assert "OpenCV" in problem.what


def test_the_channels_of_the_dataset_are_those_of_the_images(data):
    put(data, "train", "b.png", encoded("PNG", "RGBA"))
    (data / "data.yaml").write_text("train: train/images\nval: val/images\nnames: [cat]\nchannels: 4\n")
    assert blocking(check(data)) == [("image_channels", "a.png"), ("image_channels", "a.png")]


def test_pages_of_a_tiff_are_channels():
    pages = [Image.fromarray(PIXELS[:, :, band]) for band in range(4)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=[*pages, pages[0]][1:])
    assert read_facts(buffer.getvalue()).bands == 5
    assert [read_facts(encoded("PNG", mode)).bands for mode in ("L", "RGB", "RGBA")] == [1, 3, 4]


def test_a_link_to_nothing_is_told_as_such(data):
    (data / "train/images/b.png").symlink_to(data / "gone.png")
    (problem,) = (problem for problem in check(data).problems if problem.blocking)
    assert problem.check == "missing_image"
    assert "a link to" in problem.what


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_no_image(data):
    os.mkfifo(data / "train/images/b.png")
    assert blocking(check(data)) == [("image_unreadable", "b.png")]


def test_lines_of_a_list_that_name_no_image_are_blocking(data):
    image = data / "train/images/a.png"
    (data / "train.txt").write_text(f"\n# a comment\n{image} \n{image} 0\n\nother.txt\n{image}\n")
    (data / "data.yaml").write_text("train: train.txt\nval: val/images\nnames: [cat]\n")
    report = check(data)
    assert blocking(report) == [("list_line", "train.txt")]
    (problem,) = (problem for problem in report.problems if problem.check == "list_line")
    assert (problem.line, problem.what[:9]) == (3, "3 line(s)")
    assert report.splits["train"].images == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text(data, capsys):
    put(data, "train", os.fsdecode(b"b\xff.png"), b"no image")
    assert main(["check", f"data={data / 'data.yaml'}", f"paths.root={data / 'results'}"]) == 2
    assert "b\\udcff.png" in capsys.readouterr().out
    (report,) = (data / "results/outputs/checks").glob("*/dataset_report.json")
    assert "b\\udcff.png" in report.read_text()


@pytest.mark.heavy
def test_the_task_is_the_one_of_the_model(data, capsys):
    arguments = ["check", f"data={data / 'data.yaml'}", f"paths.root={data / 'results'}"]
    assert main([*arguments, "model=yolo26n-pose"]) == 2
    assert "kpt_shape" in capsys.readouterr().err
    assert main([*arguments, "model=yolo26n"]) == 0
    assert "checked for detect" in capsys.readouterr().out


def test_the_screen_says_what_to_do_once_for_each_kind(data, capsys):
    for name in ("b", "c", "d"):
        put(data, "train", f"{name}.png", encoded("PNG"))
        (data / f"train/labels/{name}.txt").unlink()
    assert main(["check", f"data={data / 'data.yaml'}", f"paths.root={data / 'results'}"]) == 0
    (remedy,) = [line for line in capsys.readouterr().out.splitlines() if "→ label it in" in line]
    assert "add an empty file of that name" in remedy


@pytest.mark.skipif(os.sep != "/", reason="they are paths there")
def test_lines_with_backslashes_say_what_to_write(data):
    (data / "train.txt").write_text("train\\images\\a.png\nC:\\data\\a.png\nnowhere/a.png\n")
    (data / "data.yaml").write_text("train: train.txt\nval: val/images\nnames: [cat]\n")
    remedies = {p.file.name[:2]: p.remedy for p in check(data).problems if p.check == "missing_image"}
    assert "write it with /, here train/images/a.png" in remedies["tr"]
    assert "instead of a drive" in remedies["C:"]
    assert "begin the line with ./" in remedies["a."]

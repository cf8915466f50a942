"""The dataset's part of a report says what each task's labels are, from a real check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from report_samples import html_of, run_with, tables_in

from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.files.json_files import write_json
from yololab.files.paths import RunFolder
from yololab.job.stages.check import DATASET_REPORT_VERSION
from yololab.report.run_files import load_run
from yololab.report.sections.dataset import dataset

SPEC = ShapesSpec(seed=2, image_size=64, train=8, val=6, test=0)


def shown(variant: str, task: str, folder: Path) -> dict:
    found = check_dataset(load_dataset(ensure_shapes(replace(SPEC, variant=variant), folder)), task)
    run = RunFolder(folder / "run")
    write_json(run.dataset_report, found.to_json(), DATASET_REPORT_VERSION)
    section = dataset(load_run(run.path))
    assert section is not None
    return section


@pytest.mark.parametrize(
    ("variant", "task", "column", "sentence"),
    [
        ("shapes", "detect", "objects", "objects are below"),
        ("shapes-pose", "pose", "objects", "objects are below"),
        ("shapes-sem", "semantic", "pixels", "pixels have a class."),
        ("shapes-depth", "depth", "pixels", "pixels have a depth, from "),
        ("shapes-cls", "classify", None, "images of 32 x 32"),
    ],
)
def test_counts_and_sentences_follow_the_task(
    tmp_path: Path, variant: str, task: str, column: str | None, sentence: str
) -> None:
    section = shown(variant, task, tmp_path)
    assert section["columns"] == ["images", "labelled", "backgrounds", "dropped", *([column] if column else [])]
    assert any(sentence in line for line in section["facts"])


def test_charts_are_those_of_the_task(tmp_path: Path) -> None:
    (depths,) = shown("shapes-depth", "depth", tmp_path)["charts"]
    assert "Images by their median depth" in depths
    (classes,) = shown("shapes-cls", "classify", tmp_path)["charts"]
    assert "Images of each class" in classes
    assert "in how many" not in classes
    titles = [chart.split("</span>")[0] for chart in shown("shapes", "detect", tmp_path)["charts"]]
    for title, known in zip(titles, ("Objects of each class", "Side of the objects", "Width / height"), strict=True):
        assert known in title


def test_splits_stand_beside_each_other_and_empty_bins_at_the_ends_are_left_out(tmp_path: Path) -> None:
    classes, sides, _ = shown("shapes", "detect", tmp_path)["charts"]
    for name in ("train", "val"):
        assert f"</svg>{name}</span>" in classes
    assert "512 and more" not in sides
    assert "0 to 2<" not in sides


def test_the_dataset_can_come_from_either_file():
    report = {"dataset": "d.yaml", "splits": {"train": {"images": 1234, "instances": 0}}, "summary": []}
    run = run_with(dataset_report=report)
    assert dataset(run)["columns"] == ["images", "objects"]
    assert tables_in(html_of("Dataset", run)) == [[["Split", "Images", "Objects"], ["train", "1,234", "0"]]]
    assert dataset(run_with()) is None


def test_suspicious_pairs_are_pictures(tmp_path):
    data = tmp_path / "data"
    for name in ("train/a.png", "val/b.png", "val/c.png"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (90, 60)).save(data / name)
    Image.new("RGB", (90, 60)).save(tmp_path / "private.png")
    (tmp_path / "deep").mkdir()
    common = {"severity": "warning", "line": None, "what": "alike", "remedy": ""}
    problems = [
        common | {"check": "duplicate_image", "file": str(data / "val/c.png"), "other": str(data / "val/b.png")},
        common | {"check": "leak_similar", "file": str(data / "val/b.png"), "other": str(data / "train/a.png")},
        common | {"check": "leak_same", "file": "/etc/passwd", "other": str(data / "gone.png")},
        common | {"check": "orphan_label", "file": "x.txt", "other": None},
    ]
    report = {"dataset": str(data / "data.yaml"), "problems": problems, "splits": {"val": {"images": 2}}}
    run = run_with(dataset_report=report)
    pairs = dataset(run)["pairs"]
    assert [finding["check"] for finding, _ in pairs] == ["leak_same", "leak_similar", "duplicate_image"]
    html = html_of("Dataset", run)
    assert html.count("<use") == 4
    assert html.index("The same image in two splits") < html.index("Alike, in two splits")
    assert "val/b.png" in html

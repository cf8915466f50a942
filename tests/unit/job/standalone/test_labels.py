"""The list of labels that may be wrong: what is written, and what it meets."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from label_samples import NAMES, SIDE, detected, planted
from PIL import Image
from record_samples import write_evaluation, write_run

from yololab.comparison.evidence import load_records
from yololab.comparison.folds.out_of_fold import SPLIT
from yololab.errors import InputError
from yololab.files.paths import OutputTree, SweepPaths
from yololab.job.standalone.labels import ReviewSettings, review_labels

FIXTURE = Path(__file__).parents[3] / "data/v0_1_0/outputs/training"


def write_dataset(root: Path, records) -> None:
    """Write images, and label files that say what the records do."""
    for place, (key, (_, labels)) in enumerate(zip(records.keys, records.images(), strict=True)):
        image = root / key
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (SIDE, SIDE), (place, 80, 80)).save(image)
        file = Path(str(image).replace("/images/", "/labels/")).with_suffix(".txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = []
        for index, (x1, y1, x2, y2) in zip(records.truth_class[labels], records.truth_boxes[labels], strict=True):
            box = np.array([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]) / SIDE
            rows.append(f"{index} " + " ".join(f"{value:.6f}" for value in box))
        file.write_text("\n".join(rows))


@pytest.fixture
def project(tmp_path):
    rng = np.random.default_rng(5)
    records, _ = planted(detected(rng, images=40), rng, each=5)
    write_dataset(tmp_path / "data", records)
    tree = OutputTree(tmp_path / "project")
    root = str(tmp_path / "data")
    write_run(tree.training / "cats_20260117_143000", records, {}, dataset_root=root, names=NAMES)
    return tree


def review(tree, **settings):
    return review_labels(next(tree.training.iterdir()), ReviewSettings(**settings), tree)


def test_the_list_names_file_line_class_and_box(project):
    before = {path: path.read_bytes() for path in project.root.parent.glob("data/**/*.txt")}
    found = review(project)
    rows = list(csv.DictReader(found.folder.table.open()))
    assert len(rows) == len(found.listed) >= 12
    assert found.folder.path.name.startswith("cats_20260117_143000_")
    for row in rows:
        file = Path(row["label_file"])
        assert file.is_file() == (file in before)
        assert set(row["row_suggested"].split()[0]) <= set("012")
        if row["kind"] == "missing":
            assert (row["line"], row["class_given"], row["box_given"]) == ("", "", "")
            continue
        line = file.read_text().splitlines()[int(row["line"]) - 1].split()
        assert NAMES[int(line[0])] == row["class_given"]
        box = [float(cell) for cell in row["box_given"].split()]
        assert [float(cell) for cell in line[1:]] == pytest.approx(box, abs=1e-5)
        same_box = row["box_suggested"] == row["box_given"]
        assert same_box == (row["kind"] == "class")
    assert {path: path.read_bytes() for path in before} == before
    page = found.folder.report.read_text()
    assert page.count("<figure") == len(rows)
    assert page.count("data:image/jpeg") > 5
    assert found.to_json()["listed"][0]["rank"] == 1


@pytest.mark.heavy
def test_what_is_asked_for(project):
    everything = review(project, score=0.0, limit=500).listed
    assert len(everything) >= len(review(project).listed) > len(review(project, score=0.1).listed)
    assert {item.kind for item in review(project, kind=("missing",)).listed} == {"missing"}
    assert len(review(project, limit=3).listed) == 3
    for item in review(project, class_=("owl", "0")).listed:
        assert {"owl", "cat"} & {item.class_given, item.class_suggested}
    assert all(item.score >= 0.5 for item in review(project, score=0.5).listed)
    with pytest.raises(InputError, match="did you mean owl"):
        review(project, class_=("owls",))


def test_data_that_is_gone_or_has_changed(project):
    data = project.root.parent / "data"
    first = next(item for item in review(project).listed if item.line)
    first.label_file.write_text("")
    found = review(project)
    assert next(item for item in found.listed if item.image == first.image and item.box_given).line is None
    assert "have changed since" in " ".join(found.review.remarks)
    shutil.rmtree(data)
    found = review(project)
    assert {item.line for item in found.listed} == {None}
    assert found.listed[0].label_file.as_posix() == found.listed[0].image.replace("images", "labels", 1)[:-3] + "txt"
    assert "no pictures" in " ".join(found.review.remarks)
    assert "data:image/jpeg" not in found.folder.report.read_text()


def test_every_task_of_an_older_version(tmp_path):
    tree = OutputTree(tmp_path)
    for file in sorted(FIXTURE.glob("*_2*/evaluation/predictions.npz")):
        run = file.parents[1]
        task = run.name.partition("_")[0]
        if task in ("semantic", "depth"):
            with pytest.raises(InputError, match="labels are pixels"):
                review_labels(run, ReviewSettings(score=0), tree)
            continue
        found = review_labels(run, ReviewSettings(score=0, limit=5), tree)
        assert len(found.listed) in range(1, 6)
        boxes = {len(item.box_suggested) for item in found.listed if item.box_suggested}
        assert boxes == ({"obb": {5}, "classify": set()}.get(task, {4}))
        assert found.review.weak == (task != "classify")


def test_a_run_without_records(project):
    run = next(project.training.iterdir())
    (run / "evaluation/predictions.npz").unlink()
    with pytest.raises(InputError, match=r"no predictions.npz"):
        review(project)


def test_detections_of_another_program(project, tmp_path):
    records = load_records(next(project.training.iterdir()) / "evaluation/predictions.npz")

    def rows(images, classes, boxes):
        for image, index, (x1, y1, x2, y2) in zip(images, classes, boxes.astype(float), strict=True):
            yield {"image_id": int(image), "category_id": int(index) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}

    truth = list(rows(records.truth_image, records.truth_class, records.truth_boxes))
    whole = {"image_id": 0, "bbox": [0, 0, SIDE, SIDE], "iscrowd": 1}
    truth += [whole | {"category_id": index + 1} for index in NAMES]
    content = {
        "images": [
            {"id": number, "file_name": key, "width": SIDE, "height": SIDE} for number, key in enumerate(records.keys)
        ],
        "categories": [{"id": index + 1, "name": name} for index, name in NAMES.items()],
        "annotations": [{"id": number, "area": 1.0, "iscrowd": 0} | row for number, row in enumerate(truth, 1)],
    }
    found = rows(records.image, records.classes, records.boxes)
    results = [row | {"score": float(score)} for row, score in zip(found, records.confidence, strict=True)]
    labels, theirs = tmp_path / "ö labels.json", tmp_path / "theirs.json"
    labels.write_text(json.dumps(content))
    theirs.write_text(json.dumps(results))
    listed = review_labels(theirs, ReviewSettings(score=0, limit=500, truth=str(labels)), project).listed
    assert {item.label_file for item in listed} == {labels}
    assert {item.kind.value for item in listed} == {"missing", "class", "misplaced"}
    assert records.keys[0] not in {item.image for item in listed if item.kind.value == "missing"}
    with pytest.raises(InputError, match="a run knows its labels"):
        review(project, truth=str(labels))


@pytest.mark.heavy
def test_what_was_looked_at_stays_away(project):
    first = review(project, limit=6)
    rows = first.folder.table.read_text().splitlines()
    again = review(project, limit=6, seen=(str(first.folder.path),))
    place = [(item.image, item.box_given or item.box_suggested) for item in (*first.listed, *again.listed)]
    assert len(set(place)) == 12
    assert again.listed[0].rank == 1
    assert "6 labels of an earlier list left out." in again.review.remarks
    kept = project.root / "kept.csv"  # as a spreadsheet writes it, without the row of the first
    kept.write_text("\ufeff" + "\n".join(line.replace(",", ";") for line in [rows[0], *rows[2:]]))
    assert review(project, limit=1, seen=(str(kept),)).listed[0] == first.listed[0]
    with pytest.raises(InputError) as caught:
        review(project, seen=(str(project.root.parent / "data"), str(first.folder.report)))
    assert len(caught.value.problems) == 2


@pytest.mark.heavy
def test_a_sweep_over_folds_stands_for_all_their_images(project):
    sweep = SweepPaths(project.multirun / "folds_20260117_143000")
    run = next(project.training.iterdir())
    for number in (0, 5):
        target = sweep.pooled(number)
        records = replace(load_records(run / "evaluation/predictions.npz"), split=SPLIT)
        content = {"dataset_root": str(project.root.parent / "data"), "split": SPLIT, "names": NAMES}
        write_evaluation(target.path, records, folds={"parts": [], "values": {}, "seed": None}, **content)
        if number:
            with pytest.raises(InputError, match="2 recipes over its folds"):
                review_labels(sweep.path, ReviewSettings(), project)
            continue
        found = review_labels(sweep.path, ReviewSettings(), project)
        assert found.review.name == sweep.path.name
        assert "by the model that was not trained on it" in found.review.remarks[0]
        assert found.review.root is not None
        assert any(item.line for item in found.listed)

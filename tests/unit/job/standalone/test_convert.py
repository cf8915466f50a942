"""Labels of other programs as a YOLO dataset: the same labels in every format, and what is refused or left out."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from coco_samples import CLASSES
from label_sources import LABELS, NAMES, WRITERS, coco, rows, write_images

from yololab.config.schema import ExperimentConfig
from yololab.data.conversion.yolo import writing
from yololab.data.dataset.layout import label_path
from yololab.errors import InputError
from yololab.files.reading import read_yaml
from yololab.job.standalone.convert import ConvertSettings, Difficult, LabelTask, Missing, Placing, convert_labels
from yololab.terminal.screen import Screen


def convert(source: Path, out: Path, **settings):
    """Convert in the folder of `out`; return what was written and what the check found."""
    chosen = ConvertSettings(out=str(out), **settings)
    return convert_labels(source, chosen, ExperimentConfig(), out.parent, Screen(quiet=True))


def content_of(root: Path) -> dict[str, str]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_labels(name, tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    WRITERS[name](source)
    before = content_of(source)
    found, report = convert(source, out)
    order = sorted(CLASSES) if name in ("voc", "labelme", "csv") else list(CLASSES)
    assert found.source.format == name
    assert read_yaml(out / "data.yaml")["names"] == dict(enumerate(order))
    for place, image in enumerate(NAMES):  # the folders of the videos are kept
        file = out / "images/train" / image
        assert file.samefile(next(path for path in source.rglob("*.jpg") if str(path).endswith(image)))
        written = [[float(value) for value in row.split()] for row in label_path(file).read_text().splitlines()]
        assert np.allclose(written, rows(place, order), atol=1e-6)
    assert report.splits["train"].instances == sum(map(len, LABELS))
    assert not report.blocking
    assert content_of(source) == before
    kept = json.loads((out / "conversion.json").read_text())
    assert kept["labels"] == dict.fromkeys(("source", "written"), sum(map(len, LABELS)))
    assert kept["check"]["labels"]["train"] == {key: value["written"] for key, value in kept["classes"].items()}


def instances(root: Path, rows, images=("a.jpg",), split: str = "", **changes) -> Path:
    write_images(root / "images", images)
    content = {
        "images": [{"id": i, "file_name": name, "width": 200, "height": 160} for i, name in enumerate(images)],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"image_id": 0, "category_id": 1} | row for row in rows],
    }
    (root / f"instances{split}.json").write_text(json.dumps(content | changes))
    return root


def test_what_is_left_out_or_changed_is_counted_and_named(tmp_path):
    box = [10, 10, 50, 40]
    wrong = [
        {"bbox": box},
        {"bbox": box},
        {"bbox": [0, 0, 9, 9], "iscrowd": 1},
        {"bbox": [5, 5, 0, 9]},
        {"bbox": [300, 5, 9, 9]},
        {"bbox": [180, 5, 40, 9]},
        {"bbox": box, "image_id": 77},
    ]
    found, report = convert(instances(tmp_path / "s", wrong), tmp_path / "out")
    assert dict(found.left_out.counts) == {
        "the same as another": 1,
        "a crowd": 1,
        "no area": 1,
        "outside the image": 1,
        "of an image that the source does not have": 1,
    }
    assert dict(found.changed.counts) == {"cut at the image's border": 1}
    assert report.splits["train"].instances == 2
    kept = json.loads((tmp_path / "out/conversion.json").read_text())
    assert "annotation 4" in kept["left_out"]["no area"]["first"][0]
    assert "annotation 7 (image 77)" in kept["left_out"]["of an image that the source does not have"]["first"][0]


def test_splits_stay_and_nothing_else_is_made_up(tmp_path):
    for split, image in (("_train2017", "a.jpg"), ("_val2017", "b.jpg")):
        instances(tmp_path / "s", [{"bbox": [1, 1, 30, 30]}], (image,), split)
    found, _ = convert(tmp_path / "s", tmp_path / "out", images=Placing.COPY)
    assert dict(found.images) == {"train": 1, "val": 1}
    assert (tmp_path / "out/images/val/b.jpg").stat().st_nlink == 1
    (tmp_path / "one").mkdir()
    coco(tmp_path / "one")
    found, report = convert(tmp_path / "one", tmp_path / "all")
    assert dict(found.images) == {"train": len(NAMES)}
    assert list((tmp_path / "all/images/val").iterdir()) == []  # a training is refused until there is a split
    assert set(report.splits) == {"train"}


def test_missing_images_stop_it_unless_they_are_to_be_skipped(tmp_path):
    source = instances(tmp_path / "s", [{"bbox": [1, 1, 30, 30]}], ("a.jpg", "b.jpg", "c.jpg"))
    (source / "images/b.jpg").unlink()
    (source / "images/c.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"1 of 3 not there: b\.jpg") as caught:
        convert(source, tmp_path / "out")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "out").exists()
    found, _ = convert(source, tmp_path / "out", missing=Missing.SKIP)
    assert dict(found.images) == {"train": 1}
    assert {"image not there", "image not readable as an image"} == set(found.left_out.counts)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no labels of a known format"),
        ({"a.json": '{"images": [}'}, "not readable as JSON"),
        ({"a.xml": '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'}, "declares the entity 'b'"),
        ({"a.xml": "<annotation>" * 500}, "more than 100 levels"),
        ({"a.xml": "<annotation><object><name>a</name></object></annotation>"}, "without a box"),
        ({"a.xml": b"<annotation>\xfc</annotation>"}, "line 1: not readable as XML"),
        ({"a.csv": "filename,xmin,class\na.jpg,1,b\n"}, "no column for a box among filename, xmin, class"),
        ({"a.csv": b"filename,xmin\n\xf1"}, "byte 0xf1 is not UTF-8"),
        ({"a.csv": "filename,region_shape_attributes\n"}, "labels of VIA"),
        ({"data.yaml": "names: [a]"}, "YOLO's own format"),
        ({"a.json": '{"images": [], "categories": []}'}, "looked at a.json with images, categories"),
        ({"a.csv": "file,x1,y1,x2,y2,class\na.jpg,1,2,three,4,b\n"}, "line 2: 'three'"),
        ({"a.json": '{"_via_img_metadata": {}}'}, "labels of VIA"),
        ({"a.json": '{"shapes": [{"points": []}]}'}, "without a label"),
        ({"a.json": '{"shapes": [{"label": "b", "points": [[1, "x"]]}]}'}, "without numbers"),
        ({"a.json": '{"shapes": []}', "b.csv": "file,x1,y1,x2,y2\n"}, "several formats"),
        ({"a.json": '{"images": [{"id": 1}, {"id": 1}], "annotations": [], "categories": [{"id": 1}]}'}, "the id of"),
        (
            {"a.json": '{"images": [{"id": 1}], "annotations": [{"image_id": 1}], "categories": [{"id": 1}]}'},
            "without a",
        ),
    ],
)
def test_an_odd_source_is_told_and_leaves_nothing(files, message, tmp_path):
    source = tmp_path / "s"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


BOX = [10, 10, 50, 40]
ROW = "0 0.175000 0.187500 0.250000 0.250000"


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"categories": [{"id": "1", "name": " cat "}]}, ROW),
        ({"categories": [{"id": 1, "name": 7}]}, ROW),
        ({"categories": [{"id": 1, "name": "cat"}, {"id": 5, "name": "cat"}]}, ROW),
        ({"annotations": [{"image_id": "0", "category_id": 1, "bbox": ["10", "10", "50", "40"], "iscrowd": "0"}]}, ROW),
        ({"images": [{"id": 0, "file_name": "https://host/data/a.jpg?key=1", "width": "200", "height": 160}]}, ROW),
        ({"images": [{"id": 0, "file_name": "%61.jpg", "width": 200, "height": 160}]}, ROW),
        # CVAT writes a turned box as it is before it is turned
        (
            {"annotations": [{"image_id": 0, "category_id": 1, "bbox": BOX, "attributes": {"rotation": 90}}]},
            "0 0.175000 0.187500 0.200000 0.312500",
        ),
        # five numbers are a turned box of another program: its outline counts
        (
            {
                "annotations": [
                    {
                        "image_id": 0,
                        "category_id": 1,
                        "bbox": [35, 30, 50, 40, 0],
                        "segmentation": [[10, 10, 60, 10, 60, 50, 10, 50]],
                    }
                ]
            },
            ROW,
        ),
    ],
)
def test_coco_as_other_programs_write_it(changes, row, tmp_path):
    source = instances(tmp_path / "s", [{"bbox": BOX}])
    file = source / "instances.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    convert(source, tmp_path / "out")
    assert (tmp_path / "out/labels/train/a.txt").read_text() == f"{row}\n"


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([], {"categories": [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}]}, "the id of 'cat' and of 'dog'"),
        ([{"bbox": BOX, "keypoints": [1, 1, 2]}, {"bbox": BOX, "keypoints": [1, 1, 2] * 2}], {}, "1 in .*; 2 in"),
        ([{"bbox": [35, 30, 50, 40, 30]}], {}, "polygon of its corners"),
    ],
)
def test_what_could_mean_two_things_is_refused(rows, changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        convert(instances(tmp_path / "s", rows, **changes), tmp_path / "out", task=LabelTask.POSE)


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_an_archive_is_unpacked_and_gone_again(kind, tmp_path):
    source = instances(tmp_path / "s", [{"bbox": BOX}, {"bbox": BOX, "iscrowd": 1}], ("v/a.jpg",))
    archive = Path(shutil.make_archive(str(tmp_path / "export"), kind, source))
    found, _ = convert(archive, tmp_path / "out")
    assert (tmp_path / "out/labels/train/v/a.txt").read_text() == f"{ROW}\n"
    assert (tmp_path / "out/images/train/v/a.jpg").stat().st_nlink == 1  # of its own
    assert dict(found.placing) == {"unpacked": 1}
    (source / "images/v/a.jpg").unlink()
    archive = Path(shutil.make_archive(str(tmp_path / "labels"), kind, source))
    with pytest.raises(InputError, match=r"not there: v/a\.jpg") as caught:
        convert(archive, tmp_path / "more")
    assert str(archive) in str(caught.value)
    assert ".tmp" not in str(caught.value) + (tmp_path / "out/conversion.json").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"s", "out", *(path.name for path in tmp_path.glob("*.*"))}
    assert [path.name for path in tmp_path.glob(".*")] == [".yololab"]


def test_an_image_within_a_label_file_is_taken_out(tmp_path):
    write_images(tmp_path, ("a.jpg",))
    source = tmp_path / "s"
    (source / "v").mkdir(parents=True)
    shape = {"label": "cat", "shape_type": "rectangle", "points": [[10, 10], [60, 50]]}
    held = base64.b64encode((tmp_path / "a.jpg").read_bytes()).decode()
    content = {"shapes": [shape], "imagePath": "C:\\gone\\a.png", "imageData": held}
    (source / "v/one.json").write_text(json.dumps(content))
    found, _ = convert(source, tmp_path / "out")
    assert (tmp_path / "out/images/train/v/one.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()
    assert (tmp_path / "out/labels/train/v/one.txt").read_text() == f"{ROW}\n"
    assert [*found.changed.counts] == [writing.EMBEDDED]
    (source / "v/one.json").write_text(json.dumps(content | {"imageData": "bm9uZQ=="}))
    with pytest.raises(InputError, match="not there, and not readable in the label file"):
        convert(source, tmp_path / "more")


def test_an_interrupt_leaves_nothing_that_looks_whole(tmp_path, monkeypatch):
    source = instances(tmp_path / "s", [{"bbox": [1, 1, 30, 30]}], ("a.jpg", "b.jpg"))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "data_yaml", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_folder_that_holds_something_is_refused(tmp_path):
    source = instances(tmp_path / "s", [{"bbox": [1, 1, 30, 30]}])
    with pytest.raises(InputError, match="holds something already"):
        convert(source, source)
    (tmp_path / "empty").mkdir()
    convert(source, tmp_path / "empty")
    assert (tmp_path / "empty/data.yaml").is_file()


def test_outlines_and_keypoints_where_the_task_asks_for_them(tmp_path):
    square = [10, 10, 30, 10, 30, 30, 10, 30]
    points = [20, 16, 2, 40, 80, 1, 0, 0, 0]
    pose = {"categories": [{"id": 1, "name": "cat", "keypoints": ["nose", "left_ear", "right_ear"]}]}
    source = instances(
        tmp_path / "s", [{"bbox": [10, 10, 20, 20], "segmentation": [square], "keypoints": points}], **pose
    )
    convert(source, tmp_path / "segment", task=LabelTask.SEGMENT)
    label = "labels/train/a.txt"
    corners = "0.050000 0.062500 0.150000 0.062500 0.150000 0.187500 0.050000 0.187500"
    assert (tmp_path / "segment" / label).read_text() == f"0 {corners}\n"
    convert(source, tmp_path / "obb", task=LabelTask.OBB)
    assert (tmp_path / "obb" / label).read_text() == f"0 {corners}\n"
    convert(source, tmp_path / "pose", task=LabelTask.POSE)
    row = (tmp_path / "pose" / label).read_text().split()
    assert [float(value) for value in row[5:]] == [0.1, 0.1, 2, 0.2, 0.5, 1, 0, 0, 0]
    content = yaml.safe_load((tmp_path / "pose/data.yaml").read_text())
    assert (content["kpt_shape"], content["flip_idx"]) == ([3, 3], [0, 2, 1])
    assert content["kpt_names"] == {0: ["nose", "left_ear", "right_ear"]}


def test_difficult_objects_and_lists_of_voc(tmp_path):
    root = tmp_path / "s"
    write_images(root / "JPEGImages", ("a.jpg", "b.jpg", "c.jpg"))
    for folder in ("Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>16</ymax></bndbox>"
    for name, difficult in (("a", 0), ("b", 1), ("c", 0)):
        own = f"<object><name>cat</name><difficult>{difficult}</difficult>{box}</object>"
        database = "<source><database>The VOC2007 Database</database></source>"
        (root / f"Annotations/{name}.xml").write_text(f"<annotation>{database}{own}</annotation>")
    (root / "ImageSets/Main/train.txt").write_text("a\n")
    (root / "ImageSets/Main/val.txt").write_text("b\n")
    (root / "ImageSets/Main/cat_train.txt").write_text("c 1\n")
    found, _ = convert(root, tmp_path / "out")
    assert dict(found.images) == {"train": 1, "val": 1}
    assert dict(found.left_out.counts) == {"marked as difficult": 1}
    assert "not in any list" in found.notes[0]
    # VOC's own files count pixels from 1, and the last one belongs to the box
    assert (tmp_path / "out/labels/train/a.txt").read_text() == "0 0.050000 0.050000 0.100000 0.100000\n"
    found, _ = convert(root, tmp_path / "kept", difficult=Difficult.KEEP)
    assert not found.left_out.counts


def test_a_heading_among_the_categories_and_a_leak_are_told(tmp_path, capsys):
    categories = [{"id": 0, "name": "cats", "supercategory": "none"}, {"id": 1, "name": "cat", "supercategory": "cats"}]
    for split in ("train", "valid"):  # as Roboflow exports it, here with the same image in both
        folder = tmp_path / "s" / split
        write_images(folder, ("v/a.jpg",))
        image = {"id": 0, "file_name": "v/a.jpg", "width": 200, "height": 160}
        label = {"image_id": 0, "category_id": 1, "bbox": [1, 1, 30, 30]}
        content = {"images": [image], "annotations": [label], "categories": categories}
        (folder / "_annotations.coco.json").write_text(json.dumps(content))
    settings = ConvertSettings(out="out")
    found, report = convert_labels(tmp_path / "s", settings, ExperimentConfig(), tmp_path, Screen())
    assert dict(found.images) == {"train": 1, "val": 1}
    assert found.source.names == ("cat",)
    assert any(problem.check.startswith("leak") for problem in report.problems)
    assert "images are alike in two splits. Next: yololab split data=" in capsys.readouterr().out
    found, _ = convert(tmp_path / "s", tmp_path / "again")  # what the first time has made is no second image
    assert found.images.total() == 2


def test_the_classes_of_an_older_dataset_keep_their_indices(tmp_path):
    source = instances(tmp_path / "s", [{"bbox": [10, 10, 50, 40]}])
    old = tmp_path / "old.yaml"
    old.write_text("train: a\nval: a\nnames: [dog, cat]\n")
    convert(source, tmp_path / "out", names=str(old))
    assert (tmp_path / "out/labels/train/a.txt").read_text().startswith("1 ")
    assert read_yaml(tmp_path / "out/data.yaml")["names"] == {0: "dog", 1: "cat"}
    old.write_text("train: a\nval: a\nnames: [dog, Cat]\n")
    with pytest.raises(InputError, match="1 class of the source not in"):
        convert(source, tmp_path / "more", names="old.yaml")

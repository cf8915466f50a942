"""Classification datasets: found, listed, named, and handed on in part."""

from pathlib import Path

import pytest

from yololab.data.dataset.layout import load_dataset, missing_splits, relative_key, split_images
from yololab.data.dataset.locate import dataset_name, locate_dataset
from yololab.data.dataset.resolved_yaml import key_root, write_resolved_yaml
from yololab.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def pets(folder: Path) -> Path:
    train = ("train/dog/b.jpg", "train/cat/z.png", "train/cat/more/a.JPG", "train/cat/notes.txt", "train/loose.jpg")
    return touch(folder, *train, "val/cat/v.png", "val/dog/w.png")


def test_folder_with_class_folders_is_a_dataset(tmp_path: Path) -> None:
    dataset = load_dataset(pets(tmp_path / "pets"))
    assert dataset.folders
    assert dataset.yaml == dataset.root == tmp_path / "pets"
    assert dataset.names == {0: "cat", 1: "dog"}
    assert list(dataset.splits) == ["train", "val"]
    keys = [relative_key(dataset, image) for image in split_images(dataset, "train")]
    assert keys == ["train/cat/z.png", "train/cat/more/a.JPG", "train/dog/b.jpg"]
    assert missing_splits(dataset) == []


@pytest.mark.parametrize(
    ("folders", "val", "test"),
    [
        (("validation", "test"), "validation", "test"),
        (("valid",), "valid", None),
        (("test",), "test", None),
    ],
)
def test_validation_split_is_the_one_that_ultralytics_takes(
    tmp_path: Path, folders: tuple, val: str, test: str | None
) -> None:
    touch(tmp_path, "train/cat/a.png", *(f"{name}/cat/b{name}.png" for name in folders))
    splits = load_dataset(tmp_path).splits
    assert splits["val"] == (tmp_path / val,)
    assert splits.get("test") == ((tmp_path / test,) if test else None)


def test_no_validation_split_is_told(tmp_path: Path) -> None:
    dataset = load_dataset(touch(tmp_path, "train/cat/a.png"))
    (problem,) = missing_splits(dataset)
    assert str(tmp_path / "val") in problem.found
    assert "val/<class>" in problem.remedy


def test_other_layouts_are_no_class_folders(tmp_path: Path) -> None:
    touch(tmp_path / "detect", "train/images/a.png", "train/labels/a.txt")
    touch(tmp_path / "flat", "cat/a.png", "dog/b.png")
    touch(tmp_path / "empty", "train/cat/a.txt")
    for name in ("detect", "flat", "empty"):
        with pytest.raises(InputError, match="class folders: train/<class>"):
            load_dataset(tmp_path / name)


def test_yaml_beside_class_folders_counts_unless_the_task_is_to_classify(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nnames: [a]\n")
    assert not load_dataset(tmp_path).folders
    assert load_dataset(tmp_path, prefer_folders=True).folders
    assert not load_dataset(tmp_path / "data.yaml", prefer_folders=True).folders


def test_numbered_classes_are_refused(tmp_path: Path) -> None:
    (touch(tmp_path, "train/0/a.png") / ".ndjson.yaml").write_text("names: [cat]\n")
    with pytest.raises(InputError, match="numbers"):
        load_dataset(tmp_path)


def test_dataset_is_found_by_the_name_of_its_folder(tmp_path: Path) -> None:
    pets(tmp_path / "datasets" / "pets")
    found = locate_dataset("pets", tmp_path, tmp_path / "datasets", tmp_path / "none")
    assert found == tmp_path / "datasets" / "pets"
    assert dataset_name(None, found, tmp_path / "none") == "pets"
    touch(tmp_path / "datasets" / "detect", "train/images/a.png")
    with pytest.raises(InputError, match=r"classification dataset may lie in .*datasets"):
        locate_dataset("detect", tmp_path, tmp_path / "datasets", tmp_path / "none")


def test_whole_dataset_is_handed_on_as_it_is(tmp_path: Path) -> None:
    dataset = load_dataset(pets(tmp_path / "pets"))
    given = write_resolved_yaml(dataset, tmp_path / "run/data.yaml", allow_download=False)
    assert given == dataset.root == key_root(dataset, given)
    assert not (tmp_path / "run").exists()


def test_part_is_a_folder_of_links_with_every_class(tmp_path: Path) -> None:
    dataset = load_dataset(pets(tmp_path / "pets"))
    (tmp_path / "run").mkdir()
    chosen = tmp_path / "run/part.txt"
    chosen.write_text(f"{dataset.root / 'train/cat/more/a.JPG'}\n")
    for _ in range(2):  # again over what is there
        given = write_resolved_yaml(dataset, tmp_path / "run/data.yaml", allow_download=False, lists={"train": chosen})
    part = load_dataset(given)
    assert given == tmp_path / "run/data"
    assert part.names == dataset.names
    assert [relative_key(part, image) for image in split_images(part, "train")] == ["train/cat/more/a.JPG"]
    assert (given / "train/cat/more/a.JPG").resolve() == dataset.root / "train/cat/more/a.JPG"
    assert [i.relative_to(given).as_posix() for i in split_images(part, "val")] == ["val/cat/v.png", "val/dog/w.png"]
    assert [entry.name for entry in (tmp_path / "run").iterdir() if entry.name.startswith(".")] == []


def test_images_of_one_split_can_stand_for_another(tmp_path: Path) -> None:
    dataset = load_dataset(pets(tmp_path / "pets"))
    chosen = tmp_path / "part.txt"
    chosen.write_text(f"{dataset.root / 'train/dog/b.jpg'}\n")
    given = write_resolved_yaml(dataset, tmp_path / "data.yaml", False, {"train": chosen, "val": chosen})
    assert (given / "val/dog/b.jpg").resolve() == dataset.root / "train/dog/b.jpg"
    assert (given / "val/cat").is_dir()

"""A part of a classification dataset is handed on as a folder of links."""

from __future__ import annotations

from pathlib import Path

from yololab.data.dataset.layout import load_dataset, relative_key, split_images
from yololab.data.dataset.resolved_yaml import key_root, write_resolved_yaml


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def pets(folder: Path) -> Path:
    train = ("train/dog/b.jpg", "train/cat/z.png", "train/cat/more/a.JPG", "train/cat/notes.txt", "train/loose.jpg")
    return touch(folder, *train, "val/cat/v.png", "val/dog/w.png")


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

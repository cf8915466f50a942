"""Parts of a classification dataset as folders of links."""

from __future__ import annotations

from yololab.data.dataset.layout import load_dataset
from yololab.data.splits.class_links import write_class_folders


def test_images_called_alike_keep_apart_and_each_class_has_its_folder(tmp_path):
    for split in ("train", "val"):
        for name in ("cat/a.png", "dog/p1/a.png"):
            place = tmp_path / "pets" / split / name
            place.parent.mkdir(parents=True)
            place.write_text(f"{split} {name}")
    dataset = load_dataset(tmp_path / "pets")
    train, val = (dataset.root / "train", dataset.root / "val")
    out = tmp_path / "out"
    parts = {"train": [train / "cat/a.png", val / "cat/a.png", train / "dog/p1/a.png"], "val": [val / "dog/p1/a.png"]}
    assert write_class_folders(out, dataset, parts, folds=False) == {"linked": 4}
    written = {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.png")}
    assert written == {
        "train/cat/a.png": "train cat/a.png",
        "train/cat/a_val.png": "val cat/a.png",
        "train/dog/p1/a.png": "train dog/p1/a.png",
        "val/dog/p1/a_val.png": "val dog/p1/a.png",
    }
    assert (out / "val/cat").is_dir()

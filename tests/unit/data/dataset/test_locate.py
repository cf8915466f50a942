"""Which dataset a user means."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.dataset.locate import dataset_name, locate_dataset
from yololab.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def pets(folder: Path) -> Path:
    train = ("train/dog/b.jpg", "train/cat/z.png", "train/cat/more/a.JPG", "train/cat/notes.txt", "train/loose.jpg")
    return touch(folder, *train, "val/cat/v.png", "val/dog/w.png")


def check(root: Path, task: str, **settings: object) -> CheckReport:
    return check_dataset(load_dataset(root), task, settings=CheckSettings(**settings))  # type: ignore[arg-type]


def found(root: Path, task: str) -> list[tuple[str, str, str]]:
    """Name, severity and file of each finding."""
    report = check(root, task)
    return [(p.check, p.severity.value, p.file.relative_to(root).as_posix()) for p in report.problems]


def test_dataset_is_found_by_the_name_of_its_folder(tmp_path: Path) -> None:
    pets(tmp_path / "datasets" / "pets")
    found = locate_dataset("pets", tmp_path, tmp_path / "datasets", tmp_path / "none")
    assert found == tmp_path / "datasets" / "pets"
    assert dataset_name(None, found) == "pets"
    touch(tmp_path / "datasets" / "detect", "train/images/a.png")
    with pytest.raises(InputError, match=r"classification dataset may lie in .*datasets"):
        locate_dataset("detect", tmp_path, tmp_path / "datasets", tmp_path / "none")


def test_built_in_datasets_are_known_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)'builtin://circles'.*builtin://shapes-seg"):
        locate_dataset("builtin://circles", tmp_path, tmp_path, tmp_path)


def test_shipped_datasets_are_known_with_and_without_suffix(tmp_path: Path) -> None:
    (tmp_path / "COCO8.yaml").touch()
    work = tmp_path / "work"
    for source in ("coco8", "coco8.yaml", "COCO8.yaml"):
        assert locate_dataset(source, work, tmp_path / "datasets", tmp_path) == tmp_path / "COCO8.yaml"
    with pytest.raises(InputError, match=r"did you mean COCO8\.yaml"):
        locate_dataset("coco9", work, tmp_path / "datasets", tmp_path)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("bcd/data.yaml", "did you mean bccd/data.yaml?"),
        ("bccd/dta.yaml", "did you mean bccd/data.yaml?"),
        ("bcd", "did you mean bccd?"),
        ("D:/sets/bccd", "a path of Windows"),
        ("sets\\bccd\\data.yaml", "a path of Windows: write it with /, here sets/bccd/data.yaml"),
        ("~nobody-here/x/data.yaml", "Check the path"),
        ("x" * 5000, "Check the path"),
        ("a\0b/data.yaml", "Check the path"),
    ],
)
def test_a_path_that_is_not_there_names_what_is(tmp_path, source, hint):
    for name in ("bccd/data.yaml", "packaged/dota8.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError) as caught:
        locate_dataset(source, tmp_path, tmp_path / "datasets", tmp_path / "packaged")
    assert hint in caught.value.problems[0].remedy
    assert "dota8" not in caught.value.problems[0].remedy

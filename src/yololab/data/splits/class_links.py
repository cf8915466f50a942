"""Writing the parts of a classification dataset: folders of links, since Ultralytics reads no lists of its images.

`check_cls_dataset` (Ultralytics' data/utils.py) takes a folder with `train/<class>/…` and `val/<class>/…` alone. Each
image gets a second name there, which takes no disk; every class has its folder in every part, so that an index means
the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from yololab.data.dataset.class_folders import fold_folder
from yololab.data.dataset.layout import Dataset
from yololab.files.atomic import link_file

_TEST, _TRAIN, _VAL = "test", "train", "val"


def write_class_folders(
    folder: Path, dataset: Dataset, parts: Mapping[str, Sequence[Path]], *, folds: bool
) -> Counter[str]:
    """Write the parts of a split.

    Args:
        folder: Where to.
        dataset: The dataset that was split.
        parts: Name of each part → its images.
        folds: Whether the parts are folds, but for `test`: each is `fold_k/val`, and all others `fold_k/train`.

    Returns:
        How many images were put there in each of the ways of `link_file`.
    """
    names = _names([image for images in parts.values() for image in images], dataset)
    places = {folder / name: images for name, images in parts.items()}
    if folds:
        kept = parts.get(_TEST)
        named = {name: images for name, images in parts.items() if name != _TEST}
        places = {}
        for number, (name, images) in enumerate(named.items()):
            home = fold_folder(folder, number)
            others = [image for other, own in named.items() if other != name for image in own]
            places |= {home / _TRAIN: others, home / _VAL: images} | ({home / _TEST: kept} if kept else {})
    ways: Counter[str] = Counter()
    for place, images in places.items():
        for name in dataset.names.values():
            (place / name).mkdir(parents=True, exist_ok=True)
        ways.update(link_file(image, place / names[image]) for image in images)
    return ways


def _names(images: Sequence[Path], dataset: Dataset) -> dict[Path, str]:
    """Return what each image is called below a part: class folder and name.

    Of two that are called alike, the later one has the split that it was in before its suffix.
    """
    sources = [(split, folder) for split, folders in dataset.splits.items() for folder in folders]
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for image in sorted(images):
        split, folder = next((split, folder) for split, folder in sources if image.is_relative_to(folder))
        path = wanted = image.relative_to(folder)
        number = 1
        while path.as_posix().casefold() in taken:
            mark = split if number == 1 else f"{split}_{number}"
            path, number = wanted.with_name(f"{wanted.stem}_{mark}{wanted.suffix}"), number + 1
        taken.add(path.as_posix().casefold())
        names[image] = path.as_posix()
    return names

"""What splits have in common: the same image in two of them makes the measured score better than the model is."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from yololab.data.checks.check_report import CheckedFile
from yololab.data.images.perceptual import HASH_BYTES, nearest
from yololab.data.problems import DataProblem, note, warning

_REMEDY = "put an image, and the frames around it, in one split: the score on the other one is too good otherwise"


def repeated_content(split: str, images: Sequence[CheckedFile]) -> Iterator[DataProblem]:
    """Find images of one split with the same bytes; a path that is listed twice is `repeated_images`' finding."""
    first: dict[bytes, Path] = {}
    for item in images:
        other = first.setdefault(item.digest, item.image)
        if other != item.image:
            what = f"{split}: the same bytes as {other}"
            yield note("duplicate_image", item.image, what, "it counts twice: delete one of them", other=other)


def same_images(splits: Mapping[str, Sequence[CheckedFile]]) -> Iterator[DataProblem]:
    """Find images whose very bytes are in two splits; one finding an image, at the later split."""
    reported: set[tuple[str, Path]] = set()
    for (one, ours), (other, theirs) in combinations(splits.items(), 2):
        known = {item.digest: item.image for item in reversed(ours)}
        for item in theirs:
            if item.digest in known and (other, item.image) not in reported:
                reported.add((other, item.image))
                twin = known[item.digest]
                what = f"{other}: the same image as {twin} of {one}"
                yield warning("leak_same", item.image, what, _REMEDY, other=twin)


def similar_images(splits: Mapping[str, Sequence[CheckedFile]], distance: int) -> Iterator[DataProblem]:
    """Find images that look like one of another split; one finding an image, naming the nearest one.

    Args:
        splits: The images of each split.
        distance: Bits of two hashes that may differ.
    """
    reported: set[Path] = set()
    for (one, ours), (other, theirs) in combinations(splits.items(), 2):
        same = {item.digest for item in ours}
        known = [item for item in ours if item.hash is not None]
        candidates = [item for item in theirs if item.hash is not None and item.digest not in same]
        found = nearest(_matrix(candidates), _matrix(known), distance)
        for item, index, bits in zip(candidates, *found, strict=True):
            if index >= 0 and item.image not in reported:
                reported.add(item.image)
                twin = known[index].image
                what = f"{other}: looks like {twin} of {one} ({bits} of {8 * HASH_BYTES} bits differ)"
                yield warning("leak_similar", item.image, what, _REMEDY, other=twin)


def _matrix(images: Sequence[CheckedFile]) -> np.ndarray:
    joined = b"".join(item.hash or b"" for item in images)
    return np.frombuffer(joined, np.uint8).reshape(-1, HASH_BYTES)


def same_names(splits: Mapping[str, Sequence[CheckedFile]]) -> Iterator[DataProblem]:
    """Find file names that two splits give to different images; one finding a pair of splits."""
    for (one, ours), (other, theirs) in combinations(splits.items(), 2):
        known: dict[str, list[CheckedFile]] = defaultdict(list)
        for item in ours:
            known[item.image.name].append(item)
        clashes = [
            item
            for item in theirs
            if item.image.name in known and all(item.digest != candidate.digest for candidate in known[item.image.name])
        ]
        if clashes:
            what = f"{other}: {len(clashes)} file name(s) are also in {one}, with other content"
            remedy = "tools that go by the name alone will mix them up: unique names are safer"
            yield note("same_name", clashes[0].image, what, remedy)


def one_sided_classes(
    yaml: Path, names: Mapping[int, str], instances: Mapping[str, Mapping[int, int]], unit: str = "objects"
) -> Iterator[DataProblem]:
    """Find classes that are in the training split only, or not in it, or nowhere.

    Args:
        yaml: The data.yaml, which the findings are about.
        names: Class names by index.
        instances: Objects of each class in each split.
        unit: What they are counted in.
    """
    counted = {split: Counter(found) for split, found in instances.items() if sum(found.values())}
    if len(counted) < 2 or "train" not in counted:
        return
    for index, name in names.items():
        there = [split for split, found in counted.items() if found[index]]
        if not there:
            what, remedy = f"class {name!r}: no {unit} in any split", "label it, or take it out of `names`"
            yield note("class_unused", yaml, what, remedy)
        elif "train" not in there:
            what, remedy = f"class {name!r}: only in {', '.join(there)}", "nothing can be learnt of it: split anew"
            yield warning("class_one_split", yaml, what, remedy)
        else:
            missing = [split for split in counted if split not in there]
            if missing:
                what = f"class {name!r}: in train, but not in {', '.join(missing)}"
                yield warning("class_one_split", yaml, what, "it cannot be measured there: split anew")

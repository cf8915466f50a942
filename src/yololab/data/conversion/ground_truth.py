"""What is true of the images that somebody's detections are measured on: from an instances JSON, or a YOLO dataset."""

import hashlib
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yololab.data.conversion.coco_files import BROKEN, Faults, Id, Instances, box_of, read_instances
from yololab.data.conversion.image_lookup import ImageId, ImageLookup
from yololab.data.dataset.image_names import image_key
from yololab.data.dataset.layout import Dataset, label_path, split_images
from yololab.data.identity.fingerprint import IMAGES_A_TASK, READING_THREADS, fingerprint_of
from yololab.data.images.image_facts import read_facts
from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.label_rules import check_label
from yololab.data.labels.label_source import read_label
from yololab.data.labels.text_labels import label_digest
from yololab.errors import InputError, Problem
from yololab.files.reading import read_bytes
from yololab.text import counted, first_of

MOST_IMAGE = 2**31
_MOST_DIGITS = 20  # of an id


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Labelled images; I of them with M labels.

    Attributes:
        path: The file that says so.
        keys: Names of the images, sorted: paths from the dataset's root, or as an instances file has them.
        sizes: Width and height, px, shape (I, 2).
        names: Class names by index from 0.
        image: Image of each label, ascending, i64, shape (M,).
        classes: Class of each label, i64, shape (M,).
        boxes: Its box as `x1, y1, x2, y2`, px, f64, shape (M, 4).
        crowd: Whether it marks a crowd, shape (M,).
        areas: Area of the object, px², shape (M,).
        ids: Ids of the images, where the file gives them some.
        categories: The file's id of a class → its index; None for a YOLO dataset, whose ids a program chooses.
        root: The folder that the keys start from; None where no image was found.
        data: The data.yaml, of a YOLO dataset.
        fingerprint: The split's, of a YOLO dataset.
        notes: What a reader should know.
    """

    path: Path
    keys: tuple[str, ...] = field(repr=False)
    sizes: NDArray[np.int64] = field(repr=False)
    names: Mapping[int, str] = field(repr=False)
    image: NDArray[np.int64] = field(repr=False)
    classes: NDArray[np.int64] = field(repr=False)
    boxes: NDArray[np.float64] = field(repr=False)
    crowd: NDArray[np.bool_] = field(repr=False)
    areas: NDArray[np.float64] = field(repr=False)
    ids: tuple[ImageId, ...] | None = field(default=None, repr=False)
    categories: Mapping[ImageId, int] | None = field(default=None, repr=False)
    root: Path | None = None
    data: Path | None = None
    fingerprint: str | None = None
    notes: tuple[str, ...] = ()

    def lookup(self) -> ImageLookup:
        """Return its images by all that they may be called."""
        return ImageLookup(self.keys, self.ids)

    @property
    def order(self) -> NDArray[np.int64]:
        """Rank of each image by its id, in which COCO goes through them; of its name without ids. Shape (I,)."""
        if self.ids is None:
            return np.arange(len(self.keys))
        ranked = sorted(range(len(self.ids)), key=lambda place: (isinstance(self.ids[place], str), self.ids[place]))  # type: ignore[index]
        order = np.empty(len(ranked), np.int64)
        order[ranked] = np.arange(len(ranked))
        return order

    @property
    def label_fingerprint(self) -> str:
        """A hash of images and labels, to a hundredth of a pixel."""
        digest = hashlib.sha256("\0".join(self.keys).encode("utf-8", "surrogatepass"))
        for array in (self.image, self.classes, np.round(self.boxes, 2), self.crowd):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def named_as(self, keys: Sequence[str], names: Mapping[int, str], root: Path | None) -> "GroundTruth":
        """Return the same with the names of another evaluation, as far as they mean the same images and classes.

        Args:
            keys: The images of the other evaluation.
            names: Its classes; those in another order are put in this one, and classes without a label that it does
                not have are left out.
            root: Where its images lie.
        """
        found = self._with_classes(names)
        lookup = ImageLookup(keys)
        places = [lookup.place(None, key) for key in self.keys]
        if min(places, default=-1) < 0 or len(set(places)) != len(keys) or len(places) != len(keys):
            return found
        order = np.argsort(places)
        rank = np.argsort(order)
        labels = np.argsort(rank[found.image], kind="stable")
        return replace(
            found.with_labels(labels),
            keys=tuple(sorted(keys)),
            sizes=found.sizes[order],
            image=rank[found.image][labels],
            ids=None if found.ids is None else tuple(found.ids[place] for place in order.tolist()),
            root=root,
        )

    def with_labels(self, kept: NDArray[np.int64] | NDArray[np.bool_]) -> "GroundTruth":
        """Return the same with some labels alone, or in another order.

        Args:
            kept: Places, or a mask of shape (M,).
        """
        names = ("image", "classes", "boxes", "crowd", "areas")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    def _with_classes(self, names: Mapping[int, str]) -> "GroundTruth":
        """Return the same with classes in another order."""
        ours = {name: index for index, name in self.names.items()}
        target = {ours[name]: index for index, name in names.items() if name in ours}
        if self.names == names or len(target) < len(names) or not set(self.classes.tolist()) <= set(target):
            return self
        categories = {key: target.get(index, -1) for key, index in (self.categories or {}).items()}
        # -1: a class that the other evaluation does not have, and that has no label
        changed = np.vectorize(target.get, otypes=[np.int64])(self.classes) if len(self.classes) else self.classes
        return replace(self, names=dict(names), classes=changed, categories=categories if self.categories else None)


def read_coco_truth(path: Path) -> GroundTruth:
    """Read an instances file.

    Raises:
        InputError: Everything that is wrong with it.
    """
    faults = Faults(path, "annotation")
    content, parts = read_instances(path, faults)
    keys, ids = images_of(path, content)
    order = sorted(range(len(keys)), key=lambda place: keys[place])
    ids = [ids[place] for place in order]
    known = {image: place for place, image in enumerate(ids)}
    named = {plain_id(item.id) for item in content.categories}
    images, tokens, rows, areas, crowd, numbers = [], [], [], [], [], 0
    for part in parts:
        for row in part:
            numbers += 1
            if row.image_id == BROKEN:
                continue
            place = known.get(matching_id(row.image_id, known), -1)  # type: ignore[arg-type]
            box = box_of(row.bbox, row.segmentation)
            if place < 0:
                faults.add("of images that it does not have", row.image_id, "the id of an image in the same file")
            if box is None or not np.isfinite(box).all() or min(box[2:]) < 0:
                allowed = "[x, y, width, height] in pixels, none of them negative, or a mask"
                faults.add("without a box", f"{row.bbox} in number {numbers:,}", allowed)
            elif place >= 0:
                images.append(place)
                tokens.append(matching_id(row.category_id, named))
                rows.append(box)
                areas.append(box[2] * box[3] if row.area is None else row.area)
                crowd.append(bool(row.iscrowd))
    categories, names = classes_of(path, content, tokens, faults)
    faults.stop()
    boxes = np.array(rows, np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    image = np.array(images, np.int64)
    sizes = np.array([[content.images[place].width or 0, content.images[place].height or 0] for place in order])
    truth = GroundTruth(
        path=path,
        keys=tuple(keys[place] for place in order),
        sizes=_whole_sizes(sizes.reshape(-1, 2), image, boxes),
        names=names,
        image=image,
        classes=np.array([categories[token] for token in tokens], np.int64),  # type: ignore[index]
        boxes=boxes,
        crowd=np.array(crowd, bool),
        areas=np.array(areas, np.float64),
        ids=tuple(ids),
        categories=categories,
        root=_folder_of_images(path, keys),
    )
    return truth.with_labels(np.argsort(image, kind="stable"))


def images_of(path: Path, content: Instances) -> tuple[list[str], list[ImageId]]:
    """Return name and id of each image."""
    faults = Faults(path, "image")
    keys: list[str] = []
    ids: list[ImageId] = []
    for place, image in enumerate(content.images, 1):
        identity = plain_id(image.id)
        name = image.file_name or (image.coco_url or "").rpartition("/")[2] or str(identity)
        if identity is None:
            faults.add("without an id", f"number {place:,}")
        keys.append(name.replace("\\", "/").removeprefix("./"))
        ids.append("" if identity is None else identity)
    for what, found in (("id", ids), ("file name", keys)):
        seen: set[ImageId] = set()
        for item in found:
            if item in seen:
                faults.add(f"with the {what} of another", item, f"each {what} once")
            seen.add(item)
    faults.stop()
    if not keys:
        raise InputError(Problem(str(path), "no image", "at least one image"))
    return keys, ids


def classes_of(
    path: Path, content: Instances, used: Sequence[ImageId | None], faults: Faults
) -> tuple[dict[ImageId, int], dict[int, str]]:
    """Return the index of each category by its id, and the names; without a list of them, ids are names.

    Raises:
        InputError: As `names_by_id`, or two categories have one name.
    """
    named = names_by_id(path, content, used, faults)
    names = list(named.values())
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        found = f"{repeated[0]!r} is the name of several categories"
        raise InputError(Problem(f"{path}, categories", found, "a different name for each"))
    return {token: index for index, token in enumerate(named)}, dict(enumerate(names))


def names_by_id(path: Path, content: Instances, used: Sequence[ImageId | None], faults: Faults) -> dict[ImageId, str]:
    """Return the name of each category by its id, in the order of the ids; without a list of them, ids are names.

    Args:
        path: The file.
        content: What it holds.
        used: The ids that labels have.
        faults: Takes labels of categories that it does not have.

    Raises:
        InputError: Two categories have one id.
    """
    named: dict[ImageId | None, str] = {} if content.categories else {token: str(token) for token in used}
    for item in content.categories:
        token, name = plain_id(item.id), str("" if item.name is None else item.name).strip() or str(item.id)
        if named.setdefault(token, name) != name:
            found = f"{token!r} is the id of {named[token]!r} and of {name!r}"
            raise InputError(Problem(f"{path}, categories", found, "an id of its own for each"))
    for token in used:
        if token is None or token not in named:
            faults.add("of categories that it does not have", token, first_of(named, 12))
    known = [token for token in named if token is not None]
    return {token: named[token] for token in sorted(known, key=lambda token: (isinstance(token, str), token))}


def matching_id(identity: Id, known: Container[ImageId | None]) -> ImageId | None:
    """Return an id as it is known: programs write the id 7 of one list as the text "7" in another.

    >>> matching_id("7", {7}), matching_id(7.0, {"7"}), matching_id("07", {7})
    (7, '7', '07')
    """
    token = plain_id(identity)
    if token in known or token is None:
        return token
    if isinstance(token, int):
        return str(token) if str(token) in known else token
    number = int(token) if token.isdecimal() and len(token) < _MOST_DIGITS else None
    return number if number in known and str(number) == token else token


def plain_id(identity: Id) -> ImageId | None:
    """Return an id as a whole number where it is one."""
    return int(identity) if isinstance(identity, float) and identity.is_integer() else identity  # type: ignore[return-value]


def _whole_sizes(sizes: NDArray[np.float64], image: NDArray[np.int64], boxes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return sizes; of an image that says none, as large as its labels need."""
    needed = np.ones_like(sizes, dtype=np.float64)
    np.maximum.at(needed, image, np.ceil(boxes[:, 2:]))
    return np.where(sizes > 0, sizes, needed).astype(np.int64)


def _folder_of_images(path: Path, keys: Sequence[str]) -> Path | None:
    """Return the folder from which the first images are named: beside the file, or a folder or two from there."""
    near = [path.parent, path.parent.parent]
    below = [
        child for folder in near for name in ("images", "train", "val", "test") if (child := folder / name).is_dir()
    ]
    named = [path.parent.parent / path.stem.rpartition("_")[2]]
    return next(
        (folder for folder in (*near, *named, *below) if all((folder / key).is_file() for key in keys[:3])), None
    )


def read_yolo_truth(
    dataset: Dataset, split: str, progress: Callable[[int, int], object] = lambda done, all_: None
) -> GroundTruth:
    """Read the labels of a YOLO dataset's split, as Ultralytics evaluates with them: boxes, also those around polygons.

    Args:
        dataset: The dataset.
        split: The split.
        progress: Told how many images were read, of how many.

    Raises:
        InputError: The split or one of its images cannot be read, or it is a classification dataset.
    """
    if dataset.folders:
        raise InputError(Problem(str(dataset.yaml), "a folder for each class", "a dataset with boxes"))
    images = list(dict.fromkeys(split_images(dataset, split)))
    rules = label_rules("detect", len(dataset.names), dataset.kpt_shape)

    def read(image: Path) -> tuple[bytes, tuple[int, int] | None, list[tuple[int, ...]], NDArray[np.float64]]:
        content, label = read_bytes(image, MOST_IMAGE), read_label(label_path(image)) or b""
        digest = label_digest(label) + hashlib.sha256(content).digest()
        facts, verdict = read_facts(content), check_label(label, rules)
        if facts.error is not None or verdict.dropped:
            return digest, None, [], np.zeros((0, 4))
        boxes = np.array(verdict.boxes, np.float64).reshape(-1, 4) * np.tile(facts.shown_size, 2)
        corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
        return digest, facts.shown_size, [(index,) for index in verdict.classes], corners

    found = []
    with ThreadPool(READING_THREADS) as pool:
        for done, item in enumerate(pool.imap(read, images, chunksize=IMAGES_A_TASK), 1):
            found.append(item)
            progress(done, len(images))
    fingerprint = fingerprint_of(dataset, images, [item[0] for item in found], {}, False, None)
    kept = {image_key(str(image), dataset.root): item for image, item in zip(images, found, strict=True) if item[1]}
    left_out = len(images) - len(kept)
    ordered = [kept[key] for key in sorted(kept)]
    boxes = np.concatenate([np.zeros((0, 4)), *(item[3] for item in ordered)])
    sizes = np.array([item[1] for item in ordered], np.int64).reshape(-1, 2)
    image = np.repeat(np.arange(len(ordered)), [len(item[2]) for item in ordered])
    boxes = np.clip(boxes, 0, np.tile(sizes[image], 2)) if len(boxes) else boxes
    note = f"{counted(left_out, 'image')} of the split left out, as Ultralytics does: see yololab check"
    return GroundTruth(
        path=dataset.yaml,
        keys=tuple(sorted(kept)),
        sizes=sizes,
        names=dict(dataset.names),
        image=image,
        classes=np.array([index for item in ordered for (index,) in item[2]], np.int64),
        boxes=boxes,
        crowd=np.zeros(len(boxes), bool),
        areas=(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]),
        root=dataset.root,
        data=dataset.yaml,
        fingerprint=fingerprint,
        notes=(note,) if left_out else (),
    )

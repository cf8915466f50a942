"""Ultralytics' validators of detections, keeping what they know of each image until somebody has read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from ultralytics.data.augment import Compose
from ultralytics.utils import ops
from ultralytics.utils.metrics import ConfusionMatrix

from yololab.data.dataset.image_names import image_key
from yololab.data.images.appearance import Appearance, appearance_of
from yololab.statistics.records.base import Records, RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.text import read_number
from yololab.ultralytics_adapter.validation.confusion import Confusion
from yololab.ultralytics_adapter.validation.timing import InferenceTimer

if TYPE_CHECKING:
    from ultralytics.engine.validator import BaseValidator as _Base
else:
    _Base = object

CONFUSION_CONFIDENCE = 0.25
# What is matched → the key of its flags in a validator's statistics.
FLAGS = {"box": "tp", "mask": "tp_m", "pose": "tp_p"}


class Look:
    """Measures an image on its way to the model: a transform for the head of Ultralytics' list."""

    KEY = "appearance"

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Add how an image looks to what is known of it."""
        labels[self.KEY] = appearance_of(labels["img"])
        return labels


class RecordingMixin(_Base):
    """What a recording validator of any task tells after it has run: put one of its kind before the validator.

    Attributes:
        dataset_root: The dataset's folder; set it before the validator runs.
        label_fingerprint: Content hash of the labels that were evaluated against.
        recorded: What was seen of each image, in the order of evaluation.
        left_out: How many images of the split the validator does not look at.
        appearances: How each image looked to the model, by its key.
        timer: Times the model's calls; None times nothing.
        classes_differ: What it means when the model's classes are not the dataset's.
    """

    classes_differ = "detections and labels are matched by index, so the numbers mean little"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.dataset_root = Path()
        self.label_fingerprint = ""
        self.recorded: list[Any] = []
        self.left_out = 0
        self.appearances: dict[str, Appearance] = {}
        self.timer: InferenceTimer | None = None

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation: the model is called from here on."""
        super().init_metrics(model)
        if self.timer is not None:
            self.timer.attach(model, self.device)

    def build_dataset(self, *arguments: Any, **keywords: Any) -> Any:
        """Have the images measured where they are decoded: at the size they are evaluated at, before any padding."""
        dataset: Any = super().build_dataset(*arguments, **keywords)
        if isinstance(transforms := getattr(dataset, "transforms", None), Compose):
            transforms.insert(0, Look())
        return dataset

    def preprocess(self, batch: Any) -> Any:
        """Keep how the images of a batch look."""
        for file, seen in zip(batch.get("im_file", ()), batch.get(Look.KEY, ()), strict=False):
            self.appearances[image_key(file, self.dataset_root)] = seen
        return super().preprocess(batch)

    @property
    def labelled(self) -> bool:
        """Whether there was anything to measure against."""
        raise NotImplementedError

    def packed(self, header: RecordsHeader) -> Records:
        """Return the records of what was evaluated."""
        raise NotImplementedError

    def class_values(self, names: Iterable[int], columns: Mapping[str, str]) -> dict[int, dict[str, Any]]:
        """Return for each class `instances`, `images`, and its values, which are None without a label.

        Args:
            names: The classes.
            columns: Our key → where its values are, see `Task.per_class`.
        """
        raise NotImplementedError

    def confusion(self) -> Confusion | None:
        """Return the confusion matrix; None when the task has none."""
        return None


class ReadableConfusionMatrix(ConfusionMatrix):
    """A confusion matrix of the detections that somebody would look at.

    The validator counts at its own confidence, 0.001, where the false positives of every image drown all else.
    """

    def process_batch(self, detections: Any, batch: Any, conf: float = CONFUSION_CONFIDENCE, **keywords: Any) -> None:
        """Count an image's detections above `CONFUSION_CONFIDENCE`, or above a higher `conf`."""
        super().process_batch(detections, batch, conf=max(conf, CONFUSION_CONFIDENCE), **keywords)


def untied(confidences: Sequence[NDArray[Any]], keys: Sequence[str]) -> list[NDArray[np.float64]]:
    """Return confidences of which no two are equal, in the order in which records are ranked.

    Ultralytics sorts detections by an unstable sort, which may put equally confident ones into any order, and another
    one with another batch size: a hardly trained model's AP moves by hundredths. So equal confidences are set apart, in
    double precision, by less than half of what single precision can tell: first the image whose key is first, within an
    image the order of the validator.

    Args:
        confidences: Confidences of each image, f32, shape (N,) each.
        keys: Keys of the images.

    >>> [values.round(6).tolist() for values in untied([np.float32([0.5]), np.float32([0.5])], ["b", "a"])]
    [[0.5], [0.5]]
    >>> later, first = untied([np.float32([0.5]), np.float32([0.5])], ["b", "a"])
    >>> bool(first[0] > later[0])
    True
    """
    counts = [len(values) for values in confidences]
    joined = np.concatenate([np.asarray(values, np.float32) for values in confidences]) if counts else np.zeros(0)
    rank = np.empty(len(keys), np.int64)
    rank[np.argsort(np.array(keys, dtype=object), kind="stable")] = np.arange(len(keys))
    order = np.lexsort((np.repeat(rank, counts), -joined))
    ordered = joined[order]
    first = np.flatnonzero(np.diff(ordered, prepend=np.inf))
    place = np.arange(len(ordered)) - np.repeat(first, np.diff(first, append=len(ordered)))
    apart = joined.astype(np.float64)
    apart[order] -= place / (2 * max(len(ordered), 1)) * np.spacing(ordered).astype(np.float64)
    return np.split(apart, np.cumsum(counts)[:-1]) if counts else []


class DetectionRecording(RecordingMixin):
    """Keeps each image's statistics with its path, before the validator clears them.

    Attributes:
        box_columns: 4, or 5 for rotated boxes.
        label_parts: What of a label the task looks at besides class and box: `segments`, `keypoints`.
        kinds: What is matched: `box`, and for some tasks `mask` or `pose`.
    """

    box_columns = 4
    label_parts: tuple[str, ...] = ()

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.kinds = tuple(kind for kind, key in FLAGS.items() if key in self.metrics.stats)
        self._places: list[Callable[..., ImageRecord]] = []

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation."""
        super().init_metrics(model)
        theirs: Any = self.confusion_matrix
        self._places, self.recorded = [], []
        self.label_fingerprint = fingerprint_of_labels(
            self.dataloader.dataset.labels, self.dataset_root, self.label_parts
        )
        self.confusion_matrix: Any = ReadableConfusionMatrix(
            names=model.names, task=theirs.task, save_matches=self.args.visualize
        )

    def _process_batch(self, preds: Any, batch: Any) -> Any:
        """Keep an image's boxes, and count it in the confusion matrix also when no plots are drawn."""
        self._places.append(
            partial(
                ImageRecord,
                key=image_key(batch["im_file"], self.dataset_root),
                size=(int(batch["ori_shape"][1]), int(batch["ori_shape"][0])),
                boxes=self._in_image(preds["bboxes"], batch),
                target_boxes=self._in_image(batch["bboxes"], batch),
            )
        )
        if not self.args.plots:
            self.confusion_matrix.process_batch(preds, batch, conf=self.args.conf)
        return super()._process_batch(preds, batch)

    def _in_image(self, boxes: Any, batch: Any) -> Any:
        """Return boxes in pixels of the image file, shape (N, 4 or 5)."""
        if not len(boxes):
            return np.zeros((0, self.box_columns), np.float32)
        rotated = self.box_columns == 5
        placed = ops.scale_boxes(
            batch["imgsz"], boxes.clone(), batch["ori_shape"], ratio_pad=batch["ratio_pad"], xywh=rotated
        )
        return placed.float().cpu().numpy()

    def get_stats(self) -> Any:
        """Copy the statistics before they are cleared."""
        stats = self.metrics.stats
        self.recorded = [
            record(
                classes=stats["pred_cls"][place],
                confidence=stats["conf"][place],
                flags={kind: stats[FLAGS[kind]][place] for kind in self.kinds},
                target_classes=stats["target_cls"][place],
            )
            for place, record in enumerate(self._places)
        ]
        stats["conf"] = untied(stats["conf"], [record.key for record in self.recorded])
        return super().get_stats()

    @property
    def labelled(self) -> bool:
        """Whether any image has a label."""
        return bool(int(self.metrics.nt_per_class.sum()))

    def packed(self, header: RecordsHeader) -> Records:
        """Return the detections of each image."""
        return pack_records(self.recorded, header, kinds=self.kinds, box_columns=self.box_columns)

    def class_values(self, names: Iterable[int], columns: Mapping[str, str]) -> dict[int, dict[str, Any]]:
        """Return the values of each class.

        The arrays of Ultralytics' metrics have an entry for each class *with* labels, in the order of `ap_class_index`.
        """
        position = {int(index): place for place, index in enumerate(self.metrics.ap_class_index)}
        return values_of_classes(self.metrics, names, columns, position)

    def confusion(self) -> Confusion | None:
        """Return the confusion matrix, with the background at its end."""
        names = {**self.names, len(self.names): "background"}
        return labelled_matrix(names, self.confusion_matrix.matrix, CONFUSION_CONFIDENCE)


def values_of_classes(
    metrics: Any, names: Iterable[int], columns: Mapping[str, str], position: Mapping[int, int]
) -> dict[int, dict[str, Any]]:
    """Return for each class its values, `instances` and `images`.

    Args:
        metrics: Ultralytics' metrics.
        names: The classes.
        columns: Our key → the path of an array of `metrics`.
        position: Class with labels → its place in these arrays.
    """
    arrays = {key: attrgetter(path)(metrics) for key, path in columns.items()}
    return {
        index: {
            **{
                key: read_number(found[position[index]]) if index in position else None for key, found in arrays.items()
            },
            "instances": int(metrics.nt_per_class[index]),
            "images": int(metrics.nt_per_image[index]),
        }
        for index in names
    }


def labelled_matrix(names: Mapping[int, str], matrix: Any, confidence: float | None = None) -> Confusion:
    """Return a matrix of counts as plain numbers, with the names of its rows and columns."""
    labels = tuple(str(name) for _, name in sorted(names.items()))
    return Confusion(labels, tuple(tuple(int(value) for value in line) for line in matrix), confidence)


def fingerprint_of_labels(labels: list[dict[str, Any]], root: Path, parts: Sequence[str] = ()) -> str:
    """Return a SHA-256 of which images there are and what labels each has, in any order of images and labels.

    Coordinates count to 6 decimals, as labels are usually written.

    Args:
        labels: Ultralytics' labels of a dataset, after `classes` and `single_cls` have been applied.
        root: The dataset's folder.
        parts: What counts besides class and box: `segments`, `keypoints`.
    """
    digest = hashlib.sha256()
    keyed = {image_key(label["im_file"], root): label for label in labels}
    for key, label in sorted(keyed.items()):
        rows = np.column_stack([label["cls"].reshape(-1), np.round(label["bboxes"].astype(np.float64), 6)]).tolist()
        for part in parts:
            for row, points in zip(rows, label.get(part, ()), strict=False):
                row.extend(np.round(np.asarray(points, dtype=np.float64), 6).ravel().tolist())
        digest.update(key.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(repr(sorted(rows)).encode() + b"\n")
    return digest.hexdigest()

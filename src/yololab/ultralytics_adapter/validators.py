"""Ultralytics' validators, keeping what they know of each image until somebody has read it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ultralytics.models.rtdetr.val import RTDETRValidator
from ultralytics.models.yolo.detect.val import DetectionValidator
from ultralytics.utils import ops
from ultralytics.utils.metrics import ConfusionMatrix

from yololab.errors import InputError, Problem
from yololab.statistics.records import ImageRecord

if TYPE_CHECKING:
    from ultralytics.engine.validator import BaseValidator as _Base
else:
    _Base = object

CONFUSION_CONFIDENCE = 0.25
# What is matched → the key of its flags in a validator's statistics.
FLAGS = {"box": "tp", "mask": "tp_m", "pose": "tp_p"}


class ReadableConfusionMatrix(ConfusionMatrix):
    """A confusion matrix of the detections that somebody would look at.

    The validator counts at its own confidence, 0.001, where the false positives of every image drown all else.
    """

    def process_batch(self, detections: Any, batch: Any, conf: float = CONFUSION_CONFIDENCE, **keywords: Any) -> None:
        """Count an image's detections above `CONFUSION_CONFIDENCE`, or above a higher `conf`."""
        super().process_batch(detections, batch, conf=max(conf, CONFUSION_CONFIDENCE), **keywords)


@dataclass(frozen=True)
class _Place:
    """Where an image's boxes are.

    Attributes:
        file: The image file.
        size: Its width and height, px.
        boxes: The detections' boxes in its pixels, f32, shape (N, 4 or 5).
        target_boxes: The labels' boxes, f32, shape (M, 4 or 5).
    """

    file: str
    size: tuple[int, int]
    boxes: Any
    target_boxes: Any


class RecordingMixin(_Base):
    """Keeps each image's statistics with its path, before the validator clears them: put it before the validator.

    Attributes:
        recorded: What was seen of each image, in the order of evaluation, after the validator has run.
        kinds: What is matched: `box`, and for some tasks `mask` or `pose`.
        box_columns: 4, or 5 for rotated boxes.
        dataset_root: The dataset's folder; set it before the validator runs.
        label_fingerprint: Content hash of the labels that were evaluated against.
    """

    box_columns = 4

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.recorded: list[ImageRecord] = []
        self.kinds = tuple(kind for kind, key in FLAGS.items() if key in self.metrics.stats)
        self.dataset_root = Path()
        self.label_fingerprint = ""
        self._places: list[_Place] = []

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation."""
        super().init_metrics(model)
        self._places, self.recorded = [], []
        self.label_fingerprint = fingerprint_of_labels(self.dataloader.dataset.labels, self.dataset_root)
        self.confusion_matrix = ReadableConfusionMatrix(names=model.names, save_matches=self.args.visualize)

    def _process_batch(self, preds: Any, batch: Any) -> Any:
        """Keep an image's boxes, and count it in the confusion matrix also when no plots are drawn."""
        self._places.append(
            _Place(
                batch["im_file"],
                (int(batch["ori_shape"][1]), int(batch["ori_shape"][0])),
                self._in_image(preds["bboxes"], batch),
                self._in_image(batch["bboxes"], batch),
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
        rows = zip(*stats.values(), strict=True)
        self.recorded = [
            self._record(place, dict(zip(stats, row, strict=True)))
            for place, row in zip(self._places, rows, strict=True)
        ]
        return super().get_stats()

    def _record(self, place: _Place, values: dict[str, Any]) -> ImageRecord:
        """Return what is kept of an image."""
        return ImageRecord(
            image_key(place.file, self.dataset_root),
            place.size,
            values["pred_cls"],
            values["conf"],
            place.boxes,
            {kind: values[FLAGS[kind]] for kind in self.kinds},
            values["target_cls"],
            place.target_boxes,
        )


class DetectValidator(RecordingMixin, DetectionValidator):
    """Detection with YOLO."""


class RTDETRDetectValidator(RecordingMixin, RTDETRValidator):
    """Detection with RT-DETR."""


# (task, family) → validator, and the attribute of its metrics that has the values of each class.
VALIDATORS: dict[tuple[str, str], tuple[type[Any], str]] = {
    ("detect", "yolo"): (DetectValidator, "box"),
    ("detect", "rtdetr"): (RTDETRDetectValidator, "box"),
}


def validator_for(task: str, family: str) -> tuple[type[Any], str]:
    """Return the validator of a task and family, and the attribute of its metrics that has the values of each class.

    Raises:
        InputError: yololab has none (yet).
    """
    if (task, family) not in VALIDATORS:
        allowed = ", ".join(f"{known} ({kind})" for known, kind in VALIDATORS)
        raise InputError(Problem("model", f"a {family} model for {task!r} cannot be evaluated", allowed))
    return VALIDATORS[task, family]


def image_key(im_file: str, root: Path) -> str:
    """Return the key of an image: its path relative to the dataset's folder, with `/`.

    An image that lies elsewhere (a list of files, a linked folder) is named by the way there.
    """
    path = Path(im_file)
    for folder in (root, root.resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    try:
        return Path(os.path.relpath(path, root.resolve())).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


def fingerprint_of_labels(labels: list[dict[str, Any]], root: Path) -> str:
    """Return a SHA-256 of which images there are and what labels each has, in any order of images and labels.

    Boxes count to 6 decimals, as labels are usually written.

    Args:
        labels: Ultralytics' labels of a dataset, after `classes` and `single_cls` have been applied.
        root: The dataset's folder.
    """
    digest = hashlib.sha256()
    keyed = {image_key(label["im_file"], root): label for label in labels}
    for key, label in sorted(keyed.items()):
        rows = np.column_stack([label["cls"].reshape(-1), np.round(label["bboxes"].astype(np.float64), 6)])
        ordered = rows[np.lexsort(rows.T[::-1])]
        digest.update(key.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(repr(ordered.tolist()).encode() + b"\n")
    return digest.hexdigest()

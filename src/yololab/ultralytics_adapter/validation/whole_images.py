"""Ultralytics' validators of whole images (their class, their pixels, their depth), keeping what they say of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from ultralytics.data import build_dataloader
from ultralytics.utils.metrics import DepthMetrics

from yololab.data.dataset.image_names import image_key
from yololab.data.images.appearance import appearance_of
from yololab.statistics.records.base import Records, RecordsHeader
from yololab.statistics.records.classification import MOST_NAMED, ClassifiedImage, pack_classified
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth
from yololab.ultralytics_adapter.models.checkpoints import file_digest
from yololab.ultralytics_adapter.validation.confusion import Confusion
from yololab.ultralytics_adapter.validation.detections import (
    RecordingMixin,
    fingerprint_of_labels,
    labelled_matrix,
    values_of_classes,
)

if TYPE_CHECKING:
    from ultralytics.models.yolo.classify.val import ClassificationValidator as _ClassificationBase
    from ultralytics.models.yolo.depth.val import DepthValidator as _DepthBase
    from ultralytics.models.yolo.semantic.val import SemanticSegmentationValidator as _SemanticBase
else:
    _ClassificationBase = _DepthBase = _SemanticBase = object

_IGNORED = 255


class ClassRecording(RecordingMixin, _ClassificationBase):
    """Keeps the classes that were named first for each image."""

    classes_differ = "folders are matched by their names where any is the model's, else in their order"

    def get_dataloader(self, dataset_path: Path | str, batch_size: int) -> Any:
        """Read the images in their order: Ultralytics shuffles them, and its batches do not say which they are."""
        dataset = self.build_dataset(str(dataset_path))
        if not dataset.samples:
            raise FileNotFoundError(f"No images from the model's classes found in {dataset_path}")
        self.left_out = len(dataset.base.samples) - len(dataset.samples)
        return build_dataloader(
            dataset, batch_size, self.args.workers, shuffle=False, rank=-1, pin_memory=False, device=self.device
        )

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation."""
        super().init_metrics(model)
        self.recorded = []
        dataset: Any = self.dataloader.dataset
        self._samples = [(image_key(str(sample[0]), self.dataset_root), int(sample[1])) for sample in dataset.samples]
        self.label_fingerprint = _digest((key, str(index).encode()) for key, index in self._samples)

    def preprocess(self, batch: Any) -> Any:
        """Keep how the images of a batch look: of each the part that the model sees."""
        first = len(self.appearances)
        for (key, _), pixels in zip(self._samples[first : first + len(batch["img"])], batch["img"], strict=True):
            seen = (pixels.clamp(0, 1) * 255).round().byte().flip(0).permute(1, 2, 0)
            self.appearances[key] = appearance_of(seen.contiguous().numpy())
        return super().preprocess(batch)

    def update_metrics(self, preds: Any, batch: Any) -> None:
        """Keep the classes that were named first, with the image's name."""
        first = len(self.recorded)
        super().update_metrics(preds, batch)
        named, targets = self.pred[-1].numpy(), self.targets[-1].numpy()
        confidence = preds.amax(dim=1).float().cpu().numpy()
        samples = self._samples[first : first + len(targets)]
        for (key, listed), target, classes, best in zip(samples, targets, named, confidence, strict=True):
            if listed != int(target):
                raise RuntimeError(f"the images come in another order than they are listed: {key}")
            self.recorded.append(ClassifiedImage(key, int(target), classes, float(best)))

    @property
    def labelled(self) -> bool:
        """Whether there is an image: its folder is its label."""
        return bool(self.recorded)

    def packed(self, header: RecordsHeader) -> Records:
        """Return the classes of each image."""
        return pack_classified(self.recorded, header)

    def class_values(self, names: Iterable[int], columns: Mapping[str, str]) -> dict[int, dict[str, Any]]:
        """Return the share of each class's images that are right at once, and within the first five."""
        first = {"top1": 1, "top5": MOST_NAMED}
        values = {}
        for index in names:
            own = [image.predicted for image in self.recorded if image.target == index]
            shares = {
                key: sum(index in predicted[: first[source]] for predicted in own) / len(own) if own else None
                for key, source in columns.items()
            }
            values[index] = {**shares, "instances": len(own), "images": len(own)}
        return values

    def confusion(self) -> Confusion | None:
        """Return which class was taken for which."""
        return labelled_matrix(self.names, self.confusion_matrix.matrix)


class PixelRecording(RecordingMixin, _SemanticBase):
    """Keeps how many pixels of which class were taken for which, image by image."""

    classes_differ = "pixels are matched by index, so the numbers mean little"

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation."""
        super().init_metrics(model)
        self.recorded = []
        dataset: Any = self.dataloader.dataset
        files = [label.get("mask_file") for label in dataset.labels]
        if all(files):
            mapping = repr(sorted(dataset.label_mapping.items())).encode() if dataset.label_mapping else b""
            self.label_fingerprint = _digest(
                (image_key(str(image), self.dataset_root), mapping + file_digest(Path(mask)).encode())
                for image, mask in zip(dataset.im_files, files, strict=True)
            )
        else:
            self.label_fingerprint = fingerprint_of_labels(dataset.labels, self.dataset_root, ("segments",))

    def update_metrics(self, preds: Any, batch: Any) -> None:
        """Count each image's pixels."""
        super().update_metrics(preds, batch)
        side = self.metrics.cm_nc
        for file, predicted, truth in zip(batch["im_file"], preds, batch["semantic_mask"], strict=True):
            matrix = pixel_matrix(truth.cpu().numpy(), predicted.cpu().numpy(), side)
            self.recorded.append(ConfusionImage(image_key(file, self.dataset_root), matrix))

    @property
    def labelled(self) -> bool:
        """Whether any pixel belongs to a class."""
        return bool(int(self.metrics.nt_per_class.sum()))

    def packed(self, header: RecordsHeader) -> Records:
        """Return the pixels of each image."""
        return pack_confusion(self.recorded, header)

    def class_values(self, names: Iterable[int], columns: Mapping[str, str]) -> dict[int, dict[str, Any]]:
        """Return the values of each class; its arrays have an entry for every class."""
        present = {int(index): int(index) for index in self.metrics.ap_class_index}
        return values_of_classes(self.metrics, names, columns, present)

    def confusion(self) -> Confusion | None:
        """Return how many pixels of which class were taken for which; a single class is told from the background."""
        return labelled_matrix(self.confusion_matrix.names, self.confusion_matrix.matrix)


def pixel_matrix(truth: NDArray[Any], predicted: NDArray[Any], side: int) -> NDArray[np.int64]:
    """Return how many pixels of an image belong to each pair of classes, rows true, columns predicted.

    Source: `SemanticMetrics.update_stats` of `ultralytics/utils/metrics.py`.

    Args:
        truth: The true class of each pixel; 255 is ignored.
        predicted: The predicted one, of the same shape.
        side: Number of classes.

    >>> pixel_matrix(np.array([[0, 1], [1, 255]]), np.array([[0, 0], [1, 1]]), 2).tolist()
    [[1, 0], [1, 1]]
    """
    valid = (truth != _IGNORED) & (truth >= 0) & (truth < side) & (predicted >= 0) & (predicted < side)
    pairs = truth[valid].astype(np.int64) * side + predicted[valid].astype(np.int64)
    return np.bincount(pairs, minlength=side * side).reshape(side, side)


class _EachImage(DepthMetrics):
    """Depth metrics that also keep the values of each image; the sums stay Ultralytics' own.

    Attributes:
        values: For each image its metrics, None where Ultralytics left it out, and its number of valid pixels.
    """

    _totals: Any
    _count: float

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.values: list[tuple[dict[str, float] | None, int]] = []

    def update_stats(self, preds: torch.Tensor, targets: torch.Tensor) -> None:
        """Add images one by one, to sums that are set aside meanwhile."""
        for predicted, truth in zip(preds, targets, strict=True):
            totals, count = self._totals, self._count
            self._totals, self._count = None, 0.0
            super().update_stats(predicted[None], truth[None])
            own, pixels = self._totals, int(((truth > self.min_depth) & (truth < self.max_depth)).sum())
            found = None if own is None else dict(zip(DEPTH_METRICS, own.tolist(), strict=True))
            self.values.append((found, pixels))
            self._totals = totals if own is None else own if totals is None else totals + own
            self._count += count


class DepthRecording(RecordingMixin, _DepthBase):
    """Keeps the errors of each image."""

    def init_metrics(self, model: Any) -> None:
        """Begin an evaluation."""
        super().init_metrics(model)
        theirs: Any = self.metrics
        self.metrics: Any = _EachImage(min_depth=theirs.min_depth, max_depth=theirs.max_depth, align=theirs.align)
        self.recorded = []
        dataset: Any = self.dataloader.dataset
        self.label_fingerprint = _digest(
            (image_key(str(image), self.dataset_root), file_digest(Path(dataset.depth_files_by_image[image])).encode())
            for image in dataset.im_files
        )

    def update_metrics(self, preds: Any, batch: Any) -> None:
        """Keep each image's errors."""
        first = len(self.metrics.values)
        super().update_metrics(preds, batch)
        for file, (values, pixels) in zip(batch["im_file"], self.metrics.values[first:], strict=True):
            self.recorded.append(DepthImage(image_key(file, self.dataset_root), values, pixels))

    @property
    def labelled(self) -> bool:
        """Whether any image has enough pixels of known depth."""
        return any(image.values is not None for image in self.recorded)

    def packed(self, header: RecordsHeader) -> Records:
        """Return the errors of each image."""
        return pack_depth(self.recorded, header)


def _digest(entries: Iterable[tuple[str, bytes]]) -> str:
    """Return a SHA-256 of images and their labels, in any order."""
    digest = hashlib.sha256()
    for key, label in sorted(entries):
        digest.update(key.encode("utf-8", "surrogatepass") + b"\0" + label + b"\n")
    return digest.hexdigest()

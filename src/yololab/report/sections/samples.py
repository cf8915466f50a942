"""What the model sees: a sample of the evaluated images, and the ones on which it goes wrong most."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.report.pictures import Outline, panel
from yololab.report.run_files import RunFiles
from yololab.statistics.diagnosis.worst_images import (
    ImageErrors,
    evenly_spaced,
    image_errors,
    lowest_values,
    worst_images,
)
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords
from yololab.tasks import TASKS, Direction
from yololab.text import number

SAMPLES, WORST = 6, 24
_BATCH_SIDE = 760
_MOST_BOXES = 40  # of an image, the most confident ones
# In the order of the filter.
ERRORS = {"false": "false positives", "missed": "misses", "confused": "confusions"}


def samples(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the pictures; None without records of the images."""
    records = run.records
    if records is None or not len(records.keys):
        return None
    gallery = _Gallery(run, records, run.images_in(run.metrics.get("dataset_root")))
    found = gallery.of_detections(records) if isinstance(records, DetectionRecords) else gallery.of_values(records)
    # What records do not hold (masks, keypoints, pixels, depths), Ultralytics has drawn of the first batch.
    drawn = [] if records.truth_is_whole else gallery.first_batch()
    return (
        {"samples": [], "worst": [], "errors": {}, "threshold": None, "metric": ""}
        | found
        | {
            "drawn": drawn,
            "full": run.album.full,
            "gone": gallery.root is None,
            "by_boxes": isinstance(records, DetectionRecords) and not records.truth_is_whole,
            "classes": sorted(gallery.classes.items(), key=lambda item: item[1]),
        }
    )


class _Gallery:
    """The panels of a run's images.

    Attributes:
        classes: The classes that the worst images are about: index → name.
    """

    def __init__(self, run: RunFiles, records: Records, root: Path | None) -> None:
        self.album, self.root, self.folder = run.album, root, run.folder
        self.names: Mapping[int, str] = records.names
        self.keys = records.keys
        self.metric = TASKS[records.task].primary
        self.classes: dict[int, str] = {}

    def of_detections(self, records: DetectionRecords) -> dict[str, Any]:
        """Draw a sample and the worst images with what is found, wrong and missed."""
        measure = DetectionMetrics(records, self.metric.name)
        threshold = measure.point_of(measure.kind).confidence or 0.0
        found = image_errors(records, threshold)
        worst = worst_images(found, WORST)
        totals = {kind: sum(item.counts[kind] for item in found) for kind in ERRORS}
        return {
            "samples": [self._panel(records, found[place], {}) for place in evenly_spaced(len(found), SAMPLES)],
            "worst": [self._panel(records, item, self._filtered(item)) for item in worst],
            "errors": {kind: (name, totals[kind]) for kind, name in ERRORS.items() if totals[kind]},
            "threshold": threshold,
        }

    def _filtered(self, item: ImageErrors) -> dict[str, str]:
        """Return what the filters go by: classes, and kinds of errors."""
        return self._about(item.classes) | {"data_kinds": " ".join(kind for kind, many in item.counts.items() if many)}

    def _about(self, classes: set[int]) -> dict[str, str]:
        """Note the classes of a panel, for the filter."""
        self.classes |= {index: self._name(index) for index in classes}
        return {"data_classes": " ".join(map(str, sorted(classes)))}

    def _panel(self, records: DetectionRecords, item: ImageErrors, attributes: dict[str, str]) -> Markup:
        """Draw one image with its detections and the labels that are missed."""
        shown = item.shown
        outlines = [
            Outline(box, f"{self._name(index)}, missed", "missed")
            for box, index, missed in zip(item.truth_boxes, item.truth_classes, item.missed, strict=True)
            if missed
        ]
        for place, index in enumerate(shown.classes[:_MOST_BOXES].tolist()):
            label = f"{self._name(index)} {number(float(shown.confidence[place]), 2)}"
            true = item.taken_for[place]
            kind = "found" if shown.hits[place] else "false" if true < 0 else "confused"
            if kind == "confused":
                label += f", is {self._name(int(item.truth_classes[true]))}"
            outlines.append(Outline(shown.boxes[place].tolist(), label, kind))
        counted_kinds = [f"{many} {kind}" for kind, many in item.counts.items() if many]
        labels = len(item.truth_classes)
        message = ", ".join(counted_kinds) or (f"all {labels} found" if labels else "rightly nothing")
        if len(shown.classes) > _MOST_BOXES:
            message += f"; {_MOST_BOXES} of {len(shown.classes)} drawn"
        width, height = records.sizes[item.place].tolist()
        return self._drawn(item.place, message, attributes, (max(width, 1), max(height, 1)), outlines)

    def of_values(self, records: Records) -> dict[str, Any]:
        """Draw a sample and the worst images of a task where each image has a value of its own."""
        measure = metrics_of(records, self.metric.name)
        values = measure.image_values()
        lower = self.metric.direction is Direction.LOWER

        def caption(place: int) -> str:
            truth, said = measure.truth_of(place), measure.prediction_text(place)
            if said is not None:
                return f"{said}, right" if values is not None and values[place] == 1 else f"{said}, is {truth}"
            return f"{self.metric.name} {number(None if values is None else values[place], 3)}"

        def filtered(place: int) -> dict[str, str]:
            if not isinstance(records, ClassifyRecords):
                return {}
            return self._about({int(records.target[place]), int(records.predicted[place, 0])})

        worst = lowest_values(measure, WORST, lower_is_better=lower)
        return {
            "samples": [self._drawn(place, caption(place), {}) for place in evenly_spaced(len(self.keys), SAMPLES)],
            "worst": [self._drawn(place, caption(place), filtered(place)) for place, _ in worst],
            "metric": self.metric.name,
        }

    def first_batch(self) -> list[Markup]:
        """Return Ultralytics' pictures of the first batch, as far as it drew any."""
        files = (("Labels", self.folder.batch_labels), ("Predictions", self.folder.batch_predictions))
        pictures = [(title, self.album.picture(file, _BATCH_SIDE)) for title, file in files if file.is_file()]
        return [panel(title, "the first batch", picture) for title, picture in pictures if picture]

    def _drawn(
        self,
        place: int,
        message: str,
        attributes: dict[str, str],
        size: tuple[float, float] | None = None,
        outlines: list[Outline] | None = None,
    ) -> Markup:
        """Draw a panel of an image by its place."""
        key = self.keys[place]
        picture = self.album.of(self.root, key) if self.root else None
        if picture is None and self.root:
            message += " (no picture)"
        return panel(key.rpartition("/")[2], message, picture, size, outlines or [], full=key, **attributes)

    def _name(self, index: int) -> str:
        return self.names.get(index, str(index))

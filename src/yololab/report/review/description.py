"""Suspects in words, with the file and the line where each is mended."""

from functools import cache
from pathlib import Path
from typing import Any

from yololab.data.dataset.layout import label_path
from yololab.data.labels.label_lines import label_line, rows_of_file
from yololab.report.review.suspicion import Box, Suspicion, label_row, why
from yololab.statistics.diagnosis.labels.suspects import Kind, Suspect
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.detections import DetectionRecords


class Description:
    """Suspects in words, with the file and the line where each is mended.

    Args:
        records: The evaluation.
        root: Folder of the dataset; None when it is gone.
        file: The one file that all labels are in; None where each image has its own.
    """

    def __init__(self, records: Records, root: Path | None, file: Path | None = None) -> None:
        self.records, self.root, self.file = records, root, file
        self.rows = cache(rows_of_file)
        self.one_class = bool(records.protocol.get("single_cls"))

    def of(self, item: Suspect, rank: int) -> Suspicion:
        """Return a suspect in words."""
        if isinstance(self.records, DetectionRecords):
            return self._of_object(self.records, item, rank)
        assert isinstance(self.records, ClassifyRecords)
        return self._of_image(self.records, item, rank)

    def _of_object(self, records: DetectionRecords, item: Suspect, rank: int) -> Suspicion:
        key, size = records.keys[item.image], (int(records.sizes[item.image][0]), int(records.sizes[item.image][1]))
        file = self._label_file(key)
        said, given, box_given, line = self._name(int(records.classes[item.detection])), None, None, None
        if item.label is not None:
            index = int(records.truth_class[item.label])
            given, box_given = self._name(index), _box(records.truth_boxes[item.label])
            if self.root is not None and self.file is None:
                row_class = None if self.one_class else index
                line = label_line(self.rows(file, records.task), row_class, box_given, size)
        box = _within(_box(records.boxes[item.detection]), size)
        if item.kind is Kind.CLASS and box_given is not None:
            box = box_given
        confidence = float(records.confidence[item.detection])
        text = why(item.kind, given, said, item._asdict() | {"confidence": confidence})
        row = label_row(int(records.classes[item.detection]), box, size) if records.truth_is_whole else None
        head = (rank, key, size, file, line, item.kind, item.score)
        return Suspicion(*head, given, said, box_given, box, row, confidence, text)

    def _of_image(self, records: ClassifyRecords, item: Suspect, rank: int) -> Suspicion:
        given, said = self._name(int(records.target[item.image])), self._name(int(records.predicted[item.image, 0]))
        confidence = float(records.confidence[item.image])
        text = why(item.kind, given, said, item._asdict() | {"confidence": confidence}, "answers")
        head = (rank, records.keys[item.image], (0, 0), None, None, item.kind, item.score)
        return Suspicion(*head, given, said, None, None, None, confidence, text)

    def _label_file(self, key: str) -> Path:
        """Return the label file of an image, below the dataset's folder when that is gone."""
        if self.file is not None:
            return self.file
        if self.root is not None:
            return label_path(self.root / key)
        return label_path(Path("/") / key).relative_to("/")

    def _name(self, index: int) -> str:
        return self.records.names.get(index, str(index))


def _box(row: Any) -> Box:
    return tuple(float(value) for value in row)


def _within(box: Box, size: tuple[int, int]) -> Box:
    """Return an upright box as far as it lies in its image: a label file may not hold more."""
    if len(box) == 5:
        return box
    return tuple(min(max(value, 0.0), float(size[place % 2])) for place, value in enumerate(box))

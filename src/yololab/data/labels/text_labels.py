"""Labels in text files: boxes, polygons, keypoints, rotated boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from yololab.data.dataset.layout import Dataset, label_path
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.digests import label_digest, text_digest
from yololab.data.labels.label_rows import LabelRules
from yololab.data.labels.label_rules import DROPS, LabelVerdict, check_label
from yololab.data.labels.label_source import ImageLabels, Missing
from yololab.data.problems import DataProblem, Severity

_EMPTY = label_digest(b"")


@dataclass(frozen=True)
class TextLabels:
    """The `.txt` file of each image.

    Attributes:
        rules: What its rows may be.
    """

    rules: LabelRules
    unit: ClassVar[str] = "objects"
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt"})
    reads_maps: ClassVar[bool] = False
    missing: ClassVar[Missing] = Missing(
        "missing_label",
        "no label file: it counts as background",
        Severity.WARNING,
        "label it in {name}, or add an empty file of that name to say that nothing is there",
    )

    def file(self, image: Path) -> Path:
        """Return the label file of an image."""
        return label_path(image)

    def look(self, image: Path, entry: ImageEntry | None, known: CachedMap | None) -> ImageLabels:
        """Judge the rows of an image's label file."""
        del known  # rows are read faster than a cache
        label = label_path(image)
        try:
            content = label.read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return ImageLabels(False, _EMPTY)
        except OSError as error:
            what, remedy = f"not readable ({error.strerror})", f"{DROPS}: mend the file's permissions"
            problem = DataProblem("label_unreadable", label, None, what, Severity.BLOCKING, remedy)
            return ImageLabels(True, _EMPTY, problems=(problem,))
        verdict = check_label(content, self.rules)
        problems = [DataProblem(f.check, label, f.line, f.what, f.severity, f.remedy) for f in verdict.findings]
        problems += _below_a_pixel(label, verdict, entry)
        return ImageLabels(True, label_digest(content), dict(Counter(verdict.classes)), verdict, tuple(problems))

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's rows; that of an empty file when there is none."""
        return text_digest(image)

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find keypoints that nobody says the mirrored ones of."""
        del images
        if self.rules.keypoint_values and not dataset.raw.get("flip_idx"):
            what = "no `flip_idx`: which keypoint each one becomes in a mirrored image is not known"
            remedy = "training does not mirror images then (fliplr): add it to the data.yaml"
            yield DataProblem("keypoint_flip", dataset.yaml, None, what, Severity.NOTE, remedy)

    def header(self) -> dict[str, Any]:
        """Return nothing: the rows say all."""
        return {}


def _below_a_pixel(label: Path, verdict: LabelVerdict, entry: ImageEntry | None) -> Iterator[DataProblem]:
    """Find boxes narrower or lower than one pixel of their own image."""
    if entry is None or not entry.facts.width:
        return
    width, height = entry.facts.shown_size
    small = [box for box in verdict.boxes if 0 < box[2] * width < 1 or 0 < box[3] * height < 1]
    if small:
        box = small[0]
        what = f"{len(small)} box(es) below one pixel, the first {box[2] * width:.2g} x {box[3] * height:.2g} px"
        yield DataProblem("label_tiny", label, None, what, Severity.WARNING, "a slip of the mouse? delete or mend it")

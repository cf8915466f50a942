"""Labels in text files: boxes, polygons, keypoints, rotated boxes."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from yololab.data.dataset.layout import Dataset, label_name, label_path
from yololab.data.images.image_cache import CachedMap, ImageEntry
from yololab.data.labels.label_rows import LabelRules
from yololab.data.labels.label_rules import LabelVerdict, check_label
from yololab.data.labels.label_source import ImageLabels, LabelSource, Missing, read_label, unreadable_label
from yololab.data.problems import DataProblem, Severity, note, warning
from yololab.errors import InputError


@dataclass(frozen=True)
class TextLabels(LabelSource):
    """The `.txt` file of each image.

    Attributes:
        rules: What its rows may be.
    """

    rules: LabelRules
    unit: ClassVar[str] = "objects"
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt"})
    missing: ClassVar[Missing] = Missing(
        "missing_label",
        "no label file: it counts as background",
        Severity.WARNING,
        "label it in {name}, or add an empty file of that name to say that nothing is there",
    )

    def file(self, image: Path) -> Path:
        """Return the label file of an image."""
        return label_path(image)

    def file_name(self, image: str) -> str:
        """Return the name of an image's label file."""
        return label_name(image)

    def read(self, image: Path, entry: ImageEntry | None, cached: tuple[str, CachedMap] | None) -> ImageLabels:
        """Read and check the rows of an image's label file."""
        del cached  # rows are read faster than a cache
        label = label_path(image)
        try:
            content = read_label(label)
        except InputError as error:
            return ImageLabels(True, label_digest(b""), problems=(unreadable_label(label, error),))
        if content is None:
            return ImageLabels(False, label_digest(b""))
        verdict = check_label(content, self.rules)
        problems = [DataProblem(f.check, label, f.line, f.what, f.severity, f.remedy) for f in verdict.findings]
        problems += _below_a_pixel(label, verdict, entry)
        return ImageLabels(True, label_digest(content), dict(Counter(verdict.classes)), verdict, tuple(problems))

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's rows; that of an empty file when there is none."""
        return label_digest(read_label(label_path(image)) or b"")

    def of_dataset(self, dataset: Dataset, images: Mapping[str, Sequence[tuple[Path, bytes]]]) -> Iterator[DataProblem]:
        """Find keypoints that nobody says the mirrored ones of."""
        del images
        if self.rules.keypoint_values and not dataset.raw.get("flip_idx"):
            what = "no `flip_idx`: which keypoint each one becomes in a mirrored image is not known"
            remedy = "training does not mirror images then (fliplr): add it to the data.yaml"
            yield note("keypoint_flip", dataset.yaml, what, remedy)


def label_digest(content: bytes) -> bytes:
    """Return the SHA-256 of a label file's rows, however they are spaced and end."""
    rows = (b" ".join(line.split()) for line in content.removeprefix(b"\xef\xbb\xbf").splitlines())
    return hashlib.sha256(b"\n".join(filter(None, rows))).digest()


def _below_a_pixel(label: Path, verdict: LabelVerdict, entry: ImageEntry | None) -> Iterator[DataProblem]:
    """Find boxes narrower or lower than one pixel of their own image."""
    if entry is None or not entry.facts.width:
        return
    width, height = entry.facts.shown_size
    small = [box for box in verdict.boxes if 0 < box[2] * width < 1 or 0 < box[3] * height < 1]
    if small:
        what = (
            f"{len(small)} box(es) below one pixel, the first {small[0][2] * width:.2g} x {small[0][3] * height:.2g} px"
        )
        yield warning("label_tiny", label, what, "a slip of the mouse? delete or mend it")

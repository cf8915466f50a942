"""A suspected label in words, with the place where it is mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.report.pictures import corners
from yololab.statistics.diagnosis.labels.suspects import Kind
from yololab.text import number, share

Box = tuple[float, ...]


@dataclass(frozen=True)
class Suspicion:
    """A label that may be wrong.

    Attributes:
        rank: Its place in the list, from 1.
        image: The image, as a path below the dataset's folder.
        size: Its width and height, px.
        label_file: The label file; None for one that is not known, or where folders name the classes.
        line: Its line there; None for a missing label, and where the file has changed since.
        kind: What may be wrong.
        score: How likely it is.
        class_given: The class of the label; None where it is missing.
        class_suggested: The class that the model says.
        box_given: The box of the label: `x1, y1, x2, y2`, or `center x, center y, width, height, angle`, px; None
            where it is missing, and where images have classes.
        box_suggested: The box that the model says; None where images have classes.
        row_suggested: The row that the model would write into the label file; None where a row holds more than a box.
        confidence: How confident the model is.
        why: What speaks for it, as a sentence.
    """

    rank: int
    image: str
    size: tuple[int, int]
    label_file: Path | None
    line: int | None
    kind: Kind
    score: float
    class_given: str | None
    class_suggested: str
    box_given: Box | None
    box_suggested: Box | None
    row_suggested: str | None
    confidence: float
    why: str

    def to_row(self) -> dict[str, Any]:
        """Return it as a row of the list: boxes in pixels, and as numbers of a label file."""
        return {
            "rank": self.rank,
            "image": self.image,
            "label_file": None if self.label_file is None else str(self.label_file),
            "line": self.line,
            "kind": self.kind.value,
            "score": round(self.score, 4),
            "class_given": self.class_given,
            "class_suggested": self.class_suggested,
            "box_given_px": _rounded(self.box_given, 1),
            "box_given": _rounded(_normalised(self.box_given, self.size), 6),
            "box_suggested_px": _rounded(self.box_suggested, 1),
            "box_suggested": _rounded(_normalised(self.box_suggested, self.size), 6),
            "row_suggested": self.row_suggested,
            "confidence": round(self.confidence, 4),
            "why": self.why,
        }


def why(
    kind: Kind, given: str | None, said: str, numbers: Mapping[str, float | None], several: str = "detections"
) -> str:
    """Return what speaks for a suspicion, as a sentence.

    Args:
        kind: What may be wrong.
        given: The class of the label; None where it is missing.
        said: The class that the model says.
        numbers: `confidence`, `right`, `own`, `overlap` and `usual` of a `Suspect`.
        several: What the model makes: detections, or answers about images.
    """
    sees = f"the model says {said} with confidence {number(numbers['confidence'], 2)}"
    reliable = f"{share(numbers['right'])} of {several} like that are right"
    overlap, usual = number(numbers["overlap"], 2), numbers["usual"]
    if kind is Kind.MISSING:
        return f"No label here: {sees}; {reliable}."
    if kind is Kind.MISPLACED:
        typical = f"; {number(usual, 2)} is usual for {given}" if usual is not None else ""
        return f"The label overlaps the model's box by IoU {overlap}{typical}: {sees}."
    own = numbers["own"]
    sees_own = "" if own is None else f", and no {given} here" if not own else f", and {given} with {number(own, 2)}"
    return f"Labelled {given}: {sees}{sees_own}; {reliable}."


def label_row(index: int, box: Box, size: tuple[int, int]) -> str:
    """Return a class and a box as a row of a label file.

    >>> label_row(2, (10.0, 20.0, 30.0, 40.0), (100, 100))
    '2 0.2 0.3 0.2 0.2'
    """
    return " ".join([str(index), *map(str, _rounded(_normalised(box, size), 6) or ())])


def _normalised(box: Box | None, size: tuple[int, int]) -> Box | None:
    """Return a box as a label file has it: center, width and height, or the four corners of a rotated one."""
    if box is None:
        return None
    width, height = max(size[0], 1), max(size[1], 1)
    if len(box) == 5:
        return tuple(part for x, y in corners(box) for part in (x / width, y / height))
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


def _rounded(box: Sequence[float] | None, digits: int) -> list[float] | None:
    return None if box is None else [round(float(value), digits) for value in box]

"""The page of suspected labels: each with the label as it is, and as the model says, cut out of its image."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from yololab.report.appearance import Appearance, Tone
from yololab.report.pictures import Album, Outline, Part, corners, panel
from yololab.report.review.suspicion import Box, Suspicion
from yololab.report.section import Section, render
from yololab.statistics.diagnosis.labels.suspects import Kind
from yololab.text import count, counted, share

_SIDE = 240  # of a cut-out picture, px
_AROUND = 2.4  # how much wider than its boxes a part of an image is
_LEAST_PX = 48
NAMES = {Kind.MISSING: "missing", Kind.CLASS: "wrong class", Kind.MISPLACED: "misplaced"}


@dataclass(frozen=True)
class Review:
    """The suspected labels of an evaluation.

    Attributes:
        name: The run.
        split: The evaluated split.
        images: Number of its images.
        labels: Number of its labels.
        listed: What is listed, the most likely first.
        suspects: How many there are in all, also those that were not asked for.
        remarks: What a reader should know of the list.
        weak: Whether it is a weak list.
        root: Folder of the dataset; None when it is gone.
        table: Name of the list beside the page.
    """

    name: str
    split: str
    images: int
    labels: int
    listed: Sequence[Suspicion]
    suspects: int
    remarks: Sequence[str]
    weak: bool
    root: Path | None
    table: str
    album: Album = field(default_factory=Album, compare=False)

    @property
    def expected(self) -> float:
        """How many of those that are listed are expected to be wrong."""
        return sum(item.score for item in self.listed)


def render_review(review: Review) -> str:
    """Return the page."""
    sections = (Section("", "sections/01_verdict", _head), Section("Suspected labels", "review/suspects", _suspects))
    return render(f"Labels of {review.name}", sections, review, album=review.album)


def _head(review: Review) -> dict[str, Any]:
    """Prepare the top of the page."""
    listed = len(review.listed)
    headline = f"{counted(listed, 'label')} to look at" if listed else "No label stands out"
    shown = Appearance(headline, Tone.WARN if listed else Tone.GOOD, "question" if listed else "tick")
    message = (
        f"About {review.expected:.0f} of them are expected to be wrong; more where the model was trained on labels "
        "with the same errors. Nothing was changed: each row of the list names the file and line to mend."
        if listed
        else "Nothing in the model's detections speaks against a label."
    )
    kinds = {kind: sum(item.kind is kind for item in review.listed) for kind in Kind}
    facts = [("split", review.split), ("images", count(review.images)), ("labels", count(review.labels))]
    facts += [(NAMES[kind], count(many)) for kind, many in kinds.items() if many]
    return {
        "shown": shown,
        "tag": "LABEL REVIEW",
        "sentence": message,
        "unsupported": False,
        "primary": None,
        "facts": facts,
        "badges": [],
        "links": [(review.table, f"./{review.table}")],
        "error": None,
        "warnings": list(review.remarks) if review.weak else [],
        "remarks": [] if review.weak else list(review.remarks),
    }


def _suspects(review: Review) -> dict[str, Any] | None:
    """Prepare the pictures."""
    if not review.listed:
        return None
    classes = sorted({name for item in review.listed for name in (item.class_given, item.class_suggested) if name})
    numbers = {name: str(place) for place, name in enumerate(classes)}
    kinds = [(kind.value, NAMES[kind]) for kind in Kind if any(item.kind is kind for item in review.listed)]
    return {
        "panels": [_panel(review, item, numbers) for item in review.listed],
        "classes": [(numbers[name], name) for name in classes],
        "kinds": kinds,
        "gone": review.root is None,
        "full": review.album.full,
        "boxes": any(item.box_suggested for item in review.listed),
    }


def _panel(review: Review, item: Suspicion, numbers: dict[str, str]) -> Markup:
    """Draw one suspect, and say why it is one."""
    part = _around([box for box in (item.box_given, item.box_suggested) if box is not None], item.size)
    picture = review.album.of(review.root, item.image, _SIDE, part) if review.root else None
    outlines = []
    if item.box_given is not None and item.class_given is not None and part is not None:
        outlines.append(Outline(_moved(item.box_given, part), f"{item.class_given}, label", "missed"))
    if item.box_suggested is not None and part is not None:
        outlines.append(Outline(_moved(item.box_suggested, part), item.class_suggested, "found"))
    size = None if part is None else (float(part[2] - part[0]), float(part[3] - part[1]))
    name = item.image.rpartition("/")[2]
    place = f"{name}, line {item.line}" if item.line else name
    message = f"{NAMES[item.kind]}, {share(item.score)}" + ("" if picture or not review.root else " (no picture)")
    named = {numbers[name] for name in (item.class_given, item.class_suggested) if name}
    shown = {"data_kinds": item.kind.value, "data_classes": " ".join(sorted(named))}
    return panel(f"{item.rank}. {place}", message, picture, size, outlines, full=item.image, text=item.why, **shown)


def _around(boxes: Sequence[Box], size: tuple[int, int]) -> Part | None:
    """Return the part of an image that shows some boxes and what is around them; None without a box."""
    if not boxes:
        return None
    points = [point for box in boxes for point in corners(box)]
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    side = max(_AROUND * max(right - left, bottom - top), _LEAST_PX)
    edges = []
    for low, high, whole in ((left, right, size[0]), (top, bottom, size[1])):
        length = min(side, whole)
        begin = min(max((low + high - length) / 2, 0.0), whole - length)
        edges.append((round(begin), max(round(begin + length), round(begin) + 1)))
    return edges[0][0], edges[1][0], edges[0][1], edges[1][1]


def _moved(box: Box, part: Part) -> Box:
    """Return a box within a part of its image."""
    left, top = part[:2]
    if len(box) == 5:
        return box[0] - left, box[1] - top, *box[2:]
    return box[0] - left, box[1] - top, box[2] - left, box[3] - top

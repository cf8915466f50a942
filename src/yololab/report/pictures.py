"""Pictures of detections: small copies of the images, each on the page once, and boxes drawn over them."""

import base64
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from yololab.files.reading import open_regular
from yololab.report.charts.svg import element
from yololab.text import text_width

SIDE = 330
_QUALITY = 72
MOST_BYTES, MOST_PIXELS = 2**28, 2**26  # of an image file: a picture is not worth more memory
ROOM = 800_000  # letters of a page that are pictures
_MOST_TAGS = 14
_TAG_GLYPH, _TAG_LINE = 7.8, 13.0  # of a tag's 12.5 px type
KINDS = ("found", "false", "missed", "confused")
Part = tuple[int, int, int, int]  # left, top, right, bottom, px


@dataclass(frozen=True)
class Outline:
    """One box on a picture.

    Attributes:
        box: `x1, y1, x2, y2`, or `center x, center y, width, height, angle`, px of the image file.
        label: What is in it.
        kind: One of `KINDS`.
    """

    box: Sequence[float]
    label: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """A picture of an album.

    Attributes:
        name: Its id on the page.
        data: The JPEG as a data URI.
        size: Its width and height, px.
    """

    name: str
    data: str
    size: tuple[int, int]


@dataclass
class Album:
    """The pictures of a page; they are drawn as often as somebody likes, but lie on the page once.

    Attributes:
        full: Whether a picture was left out because there was no room for it.
    """

    full: bool = False
    _known: dict[tuple[Path, int, Part | None], Picture | None] = field(default_factory=dict)
    _used: int = 0

    def of(self, root: Path, key: str, side: int = SIDE, part: Part | None = None) -> Picture | None:
        """Return a small picture of an image, or of a part of it.

        Args:
            root: Folder of the dataset.
            key: Path of the image, relative to it; one that leads further than to what lies next to it has no picture.
            side: Its longer side, px.
            part: What is shown of it; None for all.

        Returns:
            The picture; None when the image cannot be read, or when there is no room.
        """
        path = Path(os.path.normpath(root / key))
        return self.picture(path, side, part) if path.is_relative_to(root.parent) else None

    def picture(self, path: Path, side: int = SIDE, part: Part | None = None) -> Picture | None:
        """Return a small picture of an image file; None when it cannot be read, or when there is no room."""
        if self._used > ROOM:
            self.full = True
            return self._known.get((path, side, part))
        if (path, side, part) not in self._known:
            found = thumbnail(path, side, part)
            picture = Picture(f"picture-{len(self._known)}", *found) if found else None
            self._known[path, side, part] = picture
            self._used += len(picture.data) if picture else 0
        return self._known[path, side, part]

    def definitions(self) -> Markup:
        """Return the pictures, each a square of side 1 that `panel` gives its shape."""
        pictures = [picture for picture in self._known.values() if picture]
        square = {"width": "1", "height": "1", "preserveAspectRatio": "none"}
        images = (element("image", id=picture.name, href=picture.data, **square) for picture in pictures)
        hidden = {"kind": "hidden", "width": "0", "height": "0", "aria_hidden": "true"}
        return element("svg", element("defs", *images), **hidden) if pictures else Markup("")


def thumbnail(path: Path, side: int = SIDE, part: Part | None = None) -> tuple[str, tuple[int, int]] | None:
    """Return a small JPEG of an image as a data URI, turned as its EXIF says, and its size; None when unreadable.

    Args:
        path: The image file.
        side: The longer side of the JPEG, px.
        part: What is shown of the turned image; None for all.
    """
    from PIL import Image, ImageOps

    try:
        with open_regular(path, MOST_BYTES) as file, Image.open(file) as image:
            longer = max(image.size)
            least = 2 * side if part is None else 2 * side * longer // max(part[2] - part[0], part[3] - part[1], 1)
            image.draft("RGB", (least, least))
            if image.width * image.height > MOST_PIXELS:
                return None
            small = ImageOps.exif_transpose(image).convert("RGB")
            if part is not None:
                left, top, right, bottom = (round(place * max(image.size) / longer) for place in part)
                small = small.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
            small.thumbnail((side, side))
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=_QUALITY)
    except Exception:  # whatever a broken file makes Pillow raise: the page says that there is no picture
        return None
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode(), small.size


def panel(
    title: str,
    message: str,
    picture: Picture | None,
    size: tuple[float, float] | None = None,
    outlines: Sequence[Outline] = (),
    *,
    full: str = "",
    text: str = "",
    **attributes: str,
) -> Markup:
    """Draw one picture with its boxes; those that are wrong on top, and with their labels.

    Args:
        title: Its caption.
        message: What it shows, for those who do not see it.
        picture: The picture; None draws the boxes on an empty ground.
        size: Width and height of the image file, px; None for an image without boxes.
        outlines: The boxes.
        full: The whole of a title that is cut.
        text: What is written below it.
        attributes: Further attributes of the `<figure>`.
    """
    of_file = size or (picture.size if picture else (4.0, 3.0))
    scale = SIDE / max(*of_file, 1.0)
    width, height = of_file[0] * scale, of_file[1] * scale
    shape = {"width": width, "height": height}
    ground = element("rect", kind="ground", **shape)
    if picture:
        ground = element("use", href=f"#{picture.name}", transform=f"scale({width:.1f} {height:.1f})")
    ordered = sorted(outlines, key=lambda outline: KINDS.index(outline.kind))
    drawn = [
        element(
            "polygon", element("title", outline.label), kind=f"outline {outline.kind}", points=_points(outline, scale)
        )
        for outline in ordered
    ]
    box = f"0 0 {width:.1f} {height:.1f}"
    svg = element(
        "svg",
        ground,
        *drawn,
        *_tags(ordered, scale, width, height),
        viewBox=box,
        role="img",
        aria_label=f"{title}: {message}",
    )
    drawing = [svg] if picture or outlines else []  # nothing at all need not be drawn
    caption = element("figcaption", element("span", title, title=full or title), element("span", message, kind="key"))
    below = [element("p", text, kind="small muted")] if text else []
    return element("figure", *drawing, caption, *below, kind="panel", **attributes)


def _tags(outlines: Sequence[Outline], scale: float, width: float, height: float) -> list[Markup]:
    """Write what is in the last boxes, above or in their upper left corner; where there is no room, a tooltip tells."""
    tags: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    for outline in reversed(outlines[-_MOST_TAGS:]):
        placed = [(x * scale, y * scale) for x, y in corners(outline.box)]
        wide = text_width(outline.label) * _TAG_GLYPH
        x = min(max(min(x for x, _ in placed), 2.0), max(width - wide, 2.0))
        top = min(y for _, y in placed)
        for y in (top - 4, top + _TAG_LINE):
            free = all(abs(y - other) >= _TAG_LINE or x > end or x + wide < start for other, start, end in taken)
            if _TAG_LINE - 2 <= y <= height and free:
                taken.append((y, x, x + wide))
                tags.append(element("text", outline.label, x=x, y=y, aria_hidden="true"))
                break
    return tags


def _points(outline: Outline, scale: float) -> str:
    """Return the corners of a box on the picture."""
    return " ".join(f"{x * scale:.1f},{y * scale:.1f}" for x, y in corners(outline.box))


def corners(box: Sequence[float]) -> list[tuple[float, float]]:
    """Return the four corners of a box.

    >>> corners([0, 0, 4, 2])
    [(0, 0), (4, 0), (4, 2), (0, 2)]
    """
    if len(box) == 4:
        x1, y1, x2, y2 = box
        return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    x, y, width, height, angle = box
    cos, sin = math.cos(angle), math.sin(angle)
    half = [(-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2)]
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in half]

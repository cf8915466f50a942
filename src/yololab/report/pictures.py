"""Pictures of detections: a small copy of the image, and boxes drawn over it."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from yololab.files.reading import open_regular
from yololab.report.charts.svg import element

SIDE = 300
_QUALITY = 70
MOST_BYTES, MOST_PIXELS = 2**28, 2**26  # of an image file: a picture is not worth more memory


@dataclass(frozen=True)
class Outline:
    """One box on a picture.

    Attributes:
        box: `x1, y1, x2, y2`, or `center x, center y, width, height, angle`, px of the image file.
        label: What is in it.
        kind: `found`, `missed` or `false`.
    """

    box: Sequence[float]
    label: str
    kind: str


def thumbnail(path: Path) -> str | None:
    """Return a small JPEG of an image as a data URI, turned as its EXIF says; None when it is unreadable."""
    from PIL import Image, ImageOps

    try:
        with open_regular(path, MOST_BYTES) as file, Image.open(file) as image:
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            if image.width * image.height > MOST_PIXELS:
                return None
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((SIDE, SIDE))
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=_QUALITY)
    except Exception:  # whatever a broken file makes Pillow raise: the page says that there is no picture
        return None
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def panel(
    title: str, message: str, picture: str | None, size: tuple[float, float], outlines: Sequence[Outline]
) -> Markup:
    """Draw one picture with its boxes.

    Args:
        title: Its caption.
        message: What it shows, for those who do not see it.
        picture: The data URI; None draws the boxes on an empty ground.
        size: Width and height of the image file, px.
        outlines: The boxes.
    """
    scale = SIDE / max(*size, 1.0)
    width, height = size[0] * scale, size[1] * scale
    size_drawn = {"width": width, "height": height}
    ground = element("image", href=picture, **size_drawn) if picture else element("rect", kind="ground", **size_drawn)
    drawn = (
        element(
            "polygon", element("title", outline.label), kind=f"outline {outline.kind}", points=_points(outline, scale)
        )
        for outline in outlines
    )
    box = f"0 0 {width:.1f} {height:.1f}"
    svg = element("svg", ground, *drawn, viewBox=box, role="img", aria_label=f"{title}: {message}")
    caption = element("figcaption", element("span", title), element("span", message, kind="key"))
    return element("figure", svg, caption, kind="panel")


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

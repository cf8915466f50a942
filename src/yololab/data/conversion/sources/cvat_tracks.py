"""CVAT for video 1.1: tracks of objects through numbered frames, as the shapes of each frame.

CVAT writes a track with a shape in every frame, those between keyframes worked out. Where a file has keyframes alone,
boxes between two of them are worked out here as CVAT does it: each side on a straight line.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element

from yololab.data.conversion.sources.numbers import NumberReader
from yololab.data.conversion.sources.xml_files import place
from yololab.errors import InputError, Problem
from yololab.text import read_number

_SIDES = ("xtl", "ytl", "xbr", "ybr")
_MOST_FRAMES = 10**7


def frames_of(file: Path, tree: Element, numbers: NumberReader) -> dict[int, list[Element]]:
    """Return the shapes of each frame of a task, also of those without any.

    Args:
        file: The file, for messages.
        tree: Its root.
        numbers: Takes what is wrong with a shape.

    Raises:
        InputError: Its tracks have other shapes than boxes, in keyframes alone.
    """
    step = _step(tree)
    frames: dict[int, list[Element]] = {frame: [] for frame in _all_frames(tree, step)}
    for track in tree.iter("track"):
        for frame, shape in _shapes(file, track, step, numbers):
            shape.set("label", track.get("label") or "")
            frames.setdefault(frame, []).append(shape)
    return dict(sorted(frames.items()))


def name_of(frame: int) -> str:
    """Return what CVAT calls the image of a frame, but for its suffix.

    >>> name_of(7)
    'frame_000007'
    """
    return f"frame_{frame:06d}"


def size_of(tree: Element) -> tuple[float, float] | None:
    """Return width and height of the film, px; None where the file does not say."""
    size = next(tree.iter("original_size"), None)
    found = [read_number(size.findtext(side)) or 0 for side in ("width", "height")] if size is not None else [0.0]
    return (found[0], found[1]) if min(found) > 0 else None


def _step(tree: Element) -> int:
    """Return by how many frames of the film the frames of a task are apart."""
    found = re.search(r"step\s*=\s*(\d+)", next(tree.iter("frame_filter"), Element("")).text or "")
    return max(int(found[1]), 1) if found else 1


def _all_frames(tree: Element, step: int) -> range:
    """Return the frames that a task says it has; none where it does not say."""
    first, last = (read_number(next(tree.iter(tag), Element("")).text) for tag in ("start_frame", "stop_frame"))
    if first is None or last is None or not 0 <= first <= last < _MOST_FRAMES:
        return range(0)
    return range(int(first), int(last) + 1, step)


def _shapes(file: Path, track: Element, step: int, numbers: NumberReader) -> Iterator[tuple[int, Element]]:
    """Yield the shapes of a track where its object is in the image, each with its frame."""
    shapes = [(frame, shape) for shape in track if (frame := _frame(file, shape, numbers)) is not None]
    shapes.sort(key=lambda item: item[0])
    seen = [(frame, shape) for frame, shape in shapes if shape.get("outside") != "1"]
    yield from seen
    for (first, shape), (last, following) in pairwise(shapes):
        between = range(first + step, last, step)
        if not between or shape.get("outside") == "1":
            continue
        if shape.tag != "box":
            found = f"a {shape.tag} in frame {first} and again in {last}, none between"
            remedy = "have CVAT write the file: it has a shape in every frame"
            raise InputError(Problem(place(file, shape), found, "boxes, or a shape in every frame", remedy))
        # One that is outside from `last` on stays where it was until then.
        other = shape if following.get("outside") == "1" else following
        sides = [numbers.read({side: item.get(side) for side in _SIDES}, place(file, item)) for item in (shape, other)]
        if sides[0] is None or sides[1] is None:
            continue
        for frame in between:
            part = (frame - first) / (last - first)
            values = [a + (b - a) * part for a, b in zip(sides[0], sides[1], strict=True)]
            drawn = {side: repr(value) for side, value in zip(_SIDES, values, strict=True)}
            yield frame, Element("box", shape.attrib | drawn)


def _frame(file: Path, shape: Element, numbers: NumberReader) -> int | None:
    """Return the frame of a shape; None for what is no shape, or has none, which is noted."""
    if shape.tag == "attribute":
        return None
    text = shape.get("frame") or ""
    if not text.isdecimal() or int(text) >= _MOST_FRAMES:
        numbers.wrong("without a frame", place(file, shape), "a whole number")
        return None
    return int(text)

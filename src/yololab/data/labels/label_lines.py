"""In which line of its file a label stands that an evaluation has met: the evaluation keeps its box alone."""

from collections.abc import Sequence
from pathlib import Path

from yololab.data.labels.label_rows import BOX_COLUMNS, LabelRules, Row, read_rows
from yololab.data.labels.label_source import read_label
from yololab.errors import InputError

_NEAR_PX, _NEAR_SHARE = 1.0, 0.02


def label_line(rows: Sequence[Row], index: int | None, box: Sequence[float], size: tuple[int, int]) -> int | None:
    """Return the line of a label; None when no row is like it: the file has changed since.

    Args:
        rows: The rows of its file.
        index: Its class; None when all classes count as one.
        box: `x1, y1, x2, y2`, or `center x, center y, width, height, angle`, px.
        size: Width and height of the image, px.
    """
    rotated = len(box) == 5
    wanted = box[:2] if rotated else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0], box[3] - box[1])
    allowed = max(_NEAR_PX, _NEAR_SHARE * max(box[2:4] if rotated else wanted[2:]))
    near = [
        (max(abs(one - other) for one, other in zip(_in_pixels(row, size), wanted, strict=False)), row.line)
        for row in rows
        if row.box is not None and row.values and (index is None or row.values[0] == index)
    ]
    distance, line = min(near, default=(allowed, 0))
    return line if distance < allowed else None


def rows_of_file(file: Path, task: str) -> list[Row]:
    """Return the rows of a label file as an evaluation takes them; none for one that is gone or cannot be read.

    Args:
        file: The file.
        task: The task: the rows of a pose begin with a box, however long they are.
    """
    try:
        text = (read_label(file) or b"").decode("utf-8-sig", "replace")
    except InputError:
        return []
    lengths = {len(line.split()) for line in text.splitlines()}
    boxes = {count for count in lengths if count == BOX_COLUMNS or (count > BOX_COLUMNS and count % 2 == 0)}
    return read_rows(text, LabelRules(frozenset(lengths if task == "pose" else boxes), 0, polygons=True, nc=0))


def _in_pixels(row: Row, size: tuple[int, int]) -> tuple[float, ...]:
    x, y, width, height = row.box or (0.0, 0.0, 0.0, 0.0)
    return x * size[0], y * size[1], width * size[0], height * size[1]

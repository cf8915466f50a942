"""What a prediction leaves, image by image: COCO results, labels as YOLO has them, the images with what was found.

Nothing is kept in memory, and whatever ends the process, what is there is whole: predictions.json is a list after each
image, and an image or a label appears under its name when it is written.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.files.atomic import write_bytes
from yololab.files.json_files import JsonRows
from yololab.files.paths import PredictionFolder
from yololab.ultralytics_adapter.prediction.predictor import Prediction, encoded

_DRAWN_AS = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_MOST_GREY = 255


class PredictionWriter:
    """Writes the predictions of one command.

    Args:
        folder: Where.
        rows: predictions.json, opened.
        names: Class index → name.
        confidence: Whether a label says how sure the model is, as its last number.
    """

    def __init__(self, folder: PredictionFolder, rows: JsonRows, names: Mapping[int, str], *, confidence: bool) -> None:
        self._folder, self._rows, self._names, self._confidence = folder, rows, names, confidence
        self._taken: set[str] = set()

    def write(self, name: str, found: Prediction) -> int:
        """Write what was found in one image.

        Args:
            name: What it is called: a path with `/`.
            found: What was found.

        Returns:
            How many detections, or answers, were written.
        """
        stem = self._label_stem(name)
        rows = list(self._coco_rows(name, found))
        self._rows.add(rows)
        if found.pixels is not None:
            kind = np.uint8 if int(found.pixels.max(initial=0)) <= _MOST_GREY else np.uint16
            self._put(self._folder.labels / f"{stem}.png", encoded(found.pixels.astype(kind), ".png"))
        elif found.depth is not None:
            self._put(self._folder.labels / f"{stem}.npy", _npy(found.depth))
        else:
            lines = self._label_lines(found)
            self._put(self._folder.labels / f"{stem}.txt", "".join(f"{line}\n" for line in lines).encode())
        if found.drawn is not None:
            suffix = PurePosixPath(name).suffix.lower()
            place = self._folder.images / (name if suffix in _DRAWN_AS else f"{name}.jpg")
            self._put(place, encoded(found.drawn, place.suffix.lower()))
        return len(rows)

    def _put(self, place: Path, content: bytes) -> None:
        write_bytes(place, content, durable=False)

    def _label_stem(self, name: str) -> str:
        """Return what the label of an image is called; of two that differ in the suffix the second one's keeps it."""
        stem = str(PurePosixPath(name).with_suffix(""))
        stem = name if stem in self._taken else stem
        self._taken.add(stem)
        return stem

    def _coco_rows(self, name: str, found: Prediction) -> Iterator[dict[str, Any]]:
        """Yield COCO's row of each detection; of a classification its answer."""
        stem = PurePosixPath(name).stem
        about = {"image_id": int(stem) if stem.isdecimal() else stem, "file_name": name}
        if found.pixels is not None or found.depth is not None:
            yield {**about, "labels": self._taken_name(name, ".png" if found.depth is None else ".npy")}
            return
        if found.boxes is None:
            sure = list(zip(found.classes.tolist(), found.confidence.tolist(), strict=True))
            top = [
                {"category_id": place, "name": self._names.get(place), "score": _six(score)} for place, score in sure
            ]
            yield {
                **about,
                **(top[0] if found.kept else {"category_id": None, "name": None, "score": top[0]["score"]}),
                "top": top,
            }
            return
        for place, (box, kind, score) in enumerate(
            zip(found.boxes.tolist(), found.classes.tolist(), found.confidence.tolist(), strict=True)
        ):
            left, top_, right, bottom = box
            row = about | {
                "category_id": kind,
                "category": self._names.get(kind, str(kind)),
                "bbox": [_two(left), _two(top_), _two(right - left), _two(bottom - top_)],
                "score": _six(score),
            }
            if found.outlines is not None:
                row["segmentation"] = [[_two(value) for value in found.outlines[place].ravel().tolist()]]
            if found.corners is not None:
                row["poly"] = [_two(value) for value in found.corners[place].ravel().tolist()]
            if found.keypoints is not None:
                row["keypoints"] = [_two(value) for value in found.keypoints[place].ravel().tolist()]
            yield row

    def _taken_name(self, name: str, suffix: str) -> str:
        return f"{self._folder.labels.name}/{PurePosixPath(name).with_suffix(suffix)}"

    def _label_lines(self, found: Prediction) -> list[str]:
        """Return a label as a dataset of the task has it: class and numbers from 0 to 1."""
        if found.boxes is None:  # classes: their confidence first, as Ultralytics writes them
            if not found.kept:
                return []
            return [
                f"{score:.4f} {self._names.get(kind, kind)}"
                for kind, score in zip(found.classes, found.confidence, strict=True)
            ]
        scale = np.array(found.size, np.float32)
        lines = []
        for place, kind in enumerate(found.classes.tolist()):
            numbers = self._numbers(found, place, scale)
            if numbers is None:
                continue
            sure = [f"{found.confidence[place]:.6f}"] if self._confidence else []
            lines.append(" ".join([str(kind), *(f"{value:.6f}" for value in numbers), *sure]))
        return lines

    def _numbers(self, found: Prediction, place: int, scale: NDArray[np.float32]) -> list[float] | None:
        """Return what stands behind the class of a detection; None for a mask of nothing."""
        if found.corners is not None:
            return list((found.corners[place] / scale).ravel().tolist())
        if found.outlines is not None:
            outline = found.outlines[place]
            return list((outline / scale).ravel().tolist()) if len(outline) > 2 else None
        assert found.boxes is not None
        first, last = found.boxes[place, :2] / scale, found.boxes[place, 2:] / scale
        numbers: list[float] = [*((first + last) / 2).tolist(), *(last - first).tolist()]
        if found.keypoints is not None:
            points = found.keypoints[place].copy()
            points[:, :2] /= scale
            numbers += points.ravel().tolist()
        return numbers


@contextmanager
def writing(folder: PredictionFolder, names: Mapping[int, str], *, confidence: bool) -> Iterator[PredictionWriter]:
    """Open the files of a prediction; what was written is whole whenever the block ends."""
    with JsonRows(folder.predictions) as rows:
        yield PredictionWriter(folder, rows, names, confidence=confidence)


def _npy(values: NDArray[Any]) -> bytes:
    """Return an array as the content of a .npy."""
    import io

    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    return content.getvalue()


def _two(value: float) -> float:
    return round(value, 2)


def _six(value: float) -> float:
    return round(value, 6)

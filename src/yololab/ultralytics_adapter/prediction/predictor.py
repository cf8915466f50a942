"""A model that is asked image by image: Ultralytics' own predictor, its answers as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.errors import InputError, JobError, Problem
from yololab.text import one_of
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import first_line
from yololab.ultralytics_adapter.models.exports import describe_model

_BGR, _GREY = 3, 1


@dataclass(frozen=True)
class PredictionSettings:
    """How a model is asked.

    Attributes:
        imgsz: Image size, px; an export of one fixed size keeps its own.
        thresholds: Class index → least confidence of what is kept; classes that are not named have `threshold`.
        threshold: Least confidence of all other classes.
        iou: IoU threshold of the suppression.
        max_det: Detections an image at most.
        agnostic_nms: Suppression across classes.
    """

    imgsz: int
    thresholds: Mapping[int, float]
    threshold: float
    iou: float
    max_det: int
    agnostic_nms: bool = False

    def least(self, classes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the least confidence of each of some classes, in single precision as confidences are, shape (N,)."""
        return np.array([self.thresholds.get(index, self.threshold) for index in classes.tolist()], np.float32)


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of one image; what its task does not give is None.

    Attributes:
        size: Width and height of the image, px.
        classes: Class of each detection; of a classification of the first five, the surest first, shape (N,).
        confidence: Confidence of each, f32, shape (N,).
        boxes: `x1, y1, x2, y2` in px, shape (N, 4); of rotated boxes the upright box around each.
        corners: Corners of rotated boxes, px, shape (N, 4, 2).
        outlines: Outline of the largest part of each mask, px, shape (K, 2); empty where the mask is.
        keypoints: `x, y` in px and, where the model gives it, how visible each is, shape (N, K, 2 or 3).
        kept: Whether the answer of a classification is sure enough; True for everything else.
        pixels: Class of each pixel, shape (H, W).
        depth: Depth of each pixel, f32, shape (H, W).
        drawn: The image with what was found, BGR, u8, shape (H, W, 3); None when it was not asked for.
    """

    size: tuple[int, int]
    classes: NDArray[np.int64]
    confidence: NDArray[np.float32]
    boxes: NDArray[np.float32] | None = None
    corners: NDArray[np.float32] | None = None
    outlines: tuple[NDArray[np.float32], ...] | None = None
    keypoints: NDArray[np.float32] | None = None
    kept: bool = True
    pixels: NDArray[Any] | None = None
    depth: NDArray[np.float32] | None = None
    drawn: NDArray[np.uint8] | None = None


class Predictor:
    """A checkpoint or an exported model, loaded once and asked for one image after the other.

    Args:
        path: The checkpoint or the export.
        settings: How it is asked.
        device: Ultralytics' `device`.
        threads: Number of torch's threads on a CPU; None follows what is free of the machine.

    Attributes:
        task: Its task.
        names: Class index → name.
        channels: Colours of its images: 3, or 1 for grey ones.

    Raises:
        InputError: It is no model of Ultralytics, or the device is not there.
    """

    def __init__(self, path: Path, settings: PredictionSettings, device: Any, threads: int | None) -> None:
        from yololab.ultralytics_adapter.isolation.devices import resolve_device
        from yololab.ultralytics_adapter.isolation.threads import ComputeThreads

        runtime.activate()
        self.path, self.settings = path, settings
        self.task, family, names = describe_model(path)
        self._device = resolve_device(device)
        from ultralytics import RTDETR, YOLO

        self._model: Any = RTDETR(str(path)) if family == "rtdetr" else YOLO(str(path), task=self.task)
        self._compute = ComputeThreads(threads)
        self.names = {int(index): str(name) for index, name in names.items()}
        self.channels = self._channels()
        if self.channels not in (_GREY, _BGR):
            found = f"a model for images of {self.channels} channels"
            raise InputError(Problem(str(path), found, "one for colour images, or for grey ones"))

    def _channels(self) -> int:
        """Return how many colours the model looks at."""
        yaml = getattr(getattr(self._model, "model", None), "yaml", None)
        if isinstance(yaml, dict):
            return int(yaml.get("channels", _BGR))
        from ultralytics.nn.backends.base import BaseBackend

        return int(BaseBackend.read_metadata(self.path).get("channels") or _BGR)

    def read(self, image: Path) -> NDArray[np.uint8] | None:
        """Read an image as the model needs it, turned as its EXIF says; None when it is not readable."""
        import cv2
        from ultralytics.utils.patches import imread

        try:
            flags = cv2.IMREAD_GRAYSCALE if self.channels == _GREY else cv2.IMREAD_COLOR
            pixels: NDArray[np.uint8] | None = imread(str(image), flags=flags)
        except Exception:  # whatever a file makes a decoder raise, the file is the cause
            return None
        return None if pixels is None or not pixels.size else self.shaped(pixels)

    def shaped(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return an image, also a colour one of a film, with the channels of the model, shape (H, W, C)."""
        import cv2

        if self.channels == _GREY and pixels.ndim == 3 and pixels.shape[2] == _BGR:
            pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
        return pixels if pixels.ndim == 3 else pixels[..., None]

    def predict(self, pixels: NDArray[np.uint8], *, draw: bool) -> Prediction:
        """Ask the model about one image.

        Args:
            pixels: The image, BGR or grey, u8, shape (H, W, C).
            draw: Whether the image is wanted with what was found.

        Raises:
            JobError: The model failed.
        """
        import torch

        how = self.settings
        weakest = min([*how.thresholds.values(), how.threshold])
        self._compute.begin(torch.device("cpu" if self._device.kind == "cpu" else self._device.kind))
        try:
            (result,) = self._model.predict(
                pixels,
                # One at the threshold itself counts, and Ultralytics asks for more than it.
                conf=max(np.nextafter(np.float32(weakest), np.float32(0)).item(), 0.0),
                iou=how.iou,
                max_det=how.max_det,
                agnostic_nms=how.agnostic_nms,
                imgsz=how.imgsz,
                device=self._device.id,
                verbose=False,
                save=False,
            )
        except ImportError as error:
            found = f"its runtime is not installed ({error.name})"
            raise InputError(Problem(str(self.path), found, remedy=f"pip install {error.name}")) from error
        except Exception as error:
            raise JobError(f"{self.path.name} failed: {type(error).__name__}: {first_line(error)}") from error
        finally:
            self._compute.end()
        return READERS[self.task](result, how, draw)


def _detections(result: Any, how: PredictionSettings, draw: bool) -> Prediction:
    """Read boxes, and what else a detection has."""
    found = result.obb if result.obb is not None else result.boxes
    classes = found.cls.cpu().numpy().astype(np.int64)
    enough = found.conf.cpu().numpy().astype(np.float32) >= how.least(classes)
    first, last = np.split(found.xyxy.cpu().numpy().reshape(-1, 4), 2, axis=1)
    enough &= (last > first).all(axis=1)  # an untrained model gives boxes whose sides are swapped: they are none
    result = result[np.flatnonzero(enough)]
    rotated = result.obb is not None
    found = (result.obb if rotated else result.boxes).cpu().numpy()
    masks, points = result.masks, result.keypoints
    return Prediction(
        _size(result),
        found.cls.astype(np.int64),
        found.conf.astype(np.float32),
        boxes=np.asarray(found.xyxy, np.float32).reshape(-1, 4),
        corners=np.asarray(found.xyxyxyxy, np.float32).reshape(-1, 4, 2) if rotated else None,
        outlines=None if masks is None else tuple(np.asarray(part, np.float32).reshape(-1, 2) for part in masks.xy),
        keypoints=None if points is None else points.data.cpu().numpy().astype(np.float32),
        drawn=_drawn(result) if draw else None,
    )


def _answers(result: Any, how: PredictionSettings, draw: bool) -> Prediction:
    """Read the first five classes of an image."""
    first = np.array(result.probs.top5, np.int64)
    sure = result.probs.top5conf.cpu().numpy().astype(np.float32)
    drawn = _drawn(result) if draw else None
    return Prediction(_size(result), first, sure, kept=bool(sure[0] >= how.least(first)[0]), drawn=drawn)


def _pixels(result: Any, _how: PredictionSettings, draw: bool) -> Prediction:
    """Read a class of each pixel."""
    found = np.asarray(result.semantic_mask.data.cpu().numpy()).reshape(result.orig_shape)
    none = np.zeros(0, np.int64), np.zeros(0, np.float32)
    return Prediction(_size(result), *none, pixels=found, drawn=_drawn(result) if draw else None)


def _depth(result: Any, _how: PredictionSettings, draw: bool) -> Prediction:
    """Read a depth of each pixel."""
    found = np.asarray(result.depth.data.cpu().numpy(), np.float32).reshape(result.orig_shape)
    none = np.zeros(0, np.int64), np.zeros(0, np.float32)
    return Prediction(_size(result), *none, depth=found, drawn=_drawn(result) if draw else None)


# Task → how its answers are read.
READERS = {
    **dict.fromkeys(("detect", "segment", "pose", "obb"), _detections),
    "classify": _answers,
    "semantic": _pixels,
    "depth": _depth,
}


def encoded(pixels: NDArray[Any], suffix: str) -> bytes:
    """Return an image as the content of a file, by its suffix.

    Raises:
        InputError: Images are not written so.
    """
    import cv2

    done, content = cv2.imencode(suffix, pixels)
    if not done:
        raise InputError(Problem(suffix, "no format for this image", one_of([".jpg", ".png"])))
    return content.tobytes()


def _size(result: Any) -> tuple[int, int]:
    """Return width and height."""
    return int(result.orig_shape[1]), int(result.orig_shape[0])


def _drawn(result: Any) -> NDArray[np.uint8]:
    """Return the image with what was found."""
    return np.ascontiguousarray(result.plot())

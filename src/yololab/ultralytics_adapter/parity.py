"""Does an export, run by its own runtime, give what the checkpoint gives? Raw outputs are compared, before any NMS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.errors import InputError, JobError, Problem
from yololab.ultralytics_adapter.checkpoints import inspect_checkpoint
from yololab.ultralytics_adapter.logs import plain_lines


@dataclass(frozen=True)
class ExportCheck:
    """How far an export's raw outputs are from the checkpoint's.

    Attributes:
        images: Number of images that were tried.
        max_abs_difference: Largest difference of two outputs as they are, boxes in px; None when not comparable.
        max_relative_difference: The same with boxes relative to the image size, so that boxes and scores lie in 0…1;
            None when not comparable.
        runtime: What ran the export.
        reason: Why the outputs are not comparable; None when they are.
    """

    images: int
    max_abs_difference: float | None
    max_relative_difference: float | None
    runtime: str
    reason: str | None = None


def exported_outputs_differ(
    weights: Path, exported: Path, images: Sequence[Path], imgsz: int, threads: int | None
) -> ExportCheck:
    """Run the same preprocessed images through a checkpoint and its export, on the CPU, and compare the raw outputs.

    Both see the same letterboxed square, or the one shape that the export has; outputs are compared before NMS. A model
    that selects its detections itself (an NMS-free head, RT-DETR) may order them differently; there each detection is
    compared with the nearest of the other.

    Args:
        weights: The checkpoint.
        exported: The export.
        images: Image files.
        imgsz: Image size, px.
        threads: Number of torch's threads; None for all cores that the process may use.

    Raises:
        InputError: A file cannot be read, or the export's runtime is not installed.
        JobError: The export cannot be loaded or run, or its outputs have another shape.
    """
    info = inspect_checkpoint(weights.resolve())
    if not images:
        raise InputError(Problem("export check", "no images to compare outputs on"))
    import torch
    from ultralytics.nn.autobackend import AutoBackend

    from yololab.ultralytics_adapter.devices import set_threads

    set_threads(threads)
    cpu = torch.device("cpu")
    theirs = _loaded(exported, cpu)
    metadata = getattr(theirs, "metadata", None) or {}
    runtime = _runtime(theirs.format)
    if metadata.get("args", {}).get("nms"):
        return ExportCheck(0, None, None, runtime, "the export has NMS inside, so it has no raw outputs")
    end2end = bool(metadata.get("end2end", False))
    ours = AutoBackend(model=str(info.path), device=cpu, verbose=False, end2end=end2end)
    fixed = None if metadata.get("dynamic") else metadata.get("imgsz")
    height, width = (int(side) for side in (fixed or (imgsz, imgsz)))
    box_unit = 1.0 if info.family == "rtdetr" else float(max(height, width))
    gaps: list[OutputGap] = []
    for image in images:
        batch = torch.from_numpy(_letterboxed(image, height, width, channels=int(ours.channels)))
        with torch.inference_mode():
            first, second = _raw(ours(batch.clone())), _raw(_run(theirs, batch, exported))
        if first.shape != second.shape:
            raise JobError(f"{exported.name} gives outputs of shape {second.shape}, the checkpoint {first.shape}")
        if end2end or info.family == "rtdetr":
            gap = selected_gap(first[0], second[0], box_unit)
        else:
            gap = output_gap(first[0].T, second[0].T, box_unit)
        if gap is not None:
            gaps.append(gap)
    if not gaps:
        return ExportCheck(len(images), None, None, runtime, "no detection stands out enough to be found again")
    return ExportCheck(len(images), max(g.absolute for g in gaps), max(g.relative for g in gaps), runtime)


@dataclass(frozen=True)
class OutputGap:
    """The largest difference of two outputs, as they are and with boxes in units of `box_unit`."""

    absolute: float
    relative: float


def output_gap(first: NDArray[Any], second: NDArray[Any], box_unit: float) -> OutputGap:
    """Return the largest difference of two outputs of the same order.

    Args:
        first: Rows of four box coordinates and scores, shape (N, 4 + C).
        second: The other, of the same shape.
        box_unit: What a box coordinate is divided by.
    """
    difference = np.abs(first.astype(np.float64) - second.astype(np.float64))
    if not np.isfinite(difference).all():
        return OutputGap(math.inf, math.inf)
    scaled = difference.copy()
    scaled[:, :4] /= box_unit
    return OutputGap(float(difference.max(initial=0.0)), float(scaled.max(initial=0.0)))


def selected_gap(first: NDArray[Any], second: NDArray[Any], box_unit: float) -> OutputGap | None:
    """Return the largest difference of two selections of detections, each compared with the nearest of the other.

    Which of the weakest detections are among the selected ones may differ; those within 0.01 of the lowest score are
    left out. None when nothing remains.

    Args:
        first: Rows of four box coordinates, score and class, shape (N, 6).
        second: The other, of the same shape.
        box_unit: What a box coordinate is divided by.
    """
    floor = max(first[:, 4].min(initial=1.0), second[:, 4].min(initial=1.0)) + 0.01
    strong = first[first[:, 4] > floor]
    if not len(strong):
        return None
    unit = np.array([box_unit] * 4 + [1.0, 1.0])
    free = np.ones(len(second), dtype=bool)
    partners = []
    for row in strong[np.argsort(-strong[:, 4], kind="stable")]:
        distance = np.where(free, (np.abs(second - row) / unit).max(axis=1), np.inf)
        partners.append((row, second[distance.argmin()]))
        free[distance.argmin()] = False
    return output_gap(np.array([a for a, _ in partners]), np.array([b for _, b in partners]), box_unit)


def _loaded(exported: Path, device: Any) -> Any:
    """Load an export by its own runtime."""
    from ultralytics.nn.autobackend import AutoBackend

    if not exported.exists():
        raise InputError(Problem(str(exported), "no such file", remedy="export the model again"))
    try:
        return AutoBackend(model=str(exported), device=device, verbose=False)
    except ImportError as error:
        found = f"its runtime is not installed ({error.name})"
        raise InputError(Problem(str(exported), found, remedy=f"pip install {error.name}")) from error
    except Exception as error:
        line = next(iter(plain_lines(str(error))), type(error).__name__)
        raise JobError(f"{exported.name} cannot be loaded by its runtime: {line}") from error


def _run(model: Any, batch: Any, exported: Path) -> Any:
    """Run an export on a batch."""
    try:
        return model(batch.clone())
    except Exception as error:
        line = next(iter(plain_lines(str(error))), type(error).__name__)
        raise JobError(f"{exported.name} does not run: {line}") from error


def _raw(output: Any) -> NDArray[Any]:
    """Return the first output as an array, shape (1, …)."""
    while isinstance(output, (list, tuple)):
        output = output[0]
    array: NDArray[Any] = output.detach().float().cpu().numpy()
    return array


def _letterboxed(image: Path, height: int, width: int, channels: int) -> NDArray[np.float32]:
    """Return an image as validation without `rect` prepares it: letterboxed, RGB, 0…1, shape (1, C, height, width)."""
    import cv2
    from ultralytics.data.augment import LetterBox
    from ultralytics.utils.patches import imread

    pixels = imread(str(image), flags=cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR)
    if pixels is None:
        raise InputError(Problem(str(image), "not readable as an image"))
    boxed = LetterBox(new_shape=(height, width), auto=False, scaleup=False)(image=pixels)
    boxed = boxed.reshape(height, width, -1)[..., ::-1].transpose(2, 0, 1)
    return np.ascontiguousarray(boxed, dtype=np.float32)[None] / np.float32(255)


def _runtime(format_name: str) -> str:
    """Name what ran an export, with its version."""
    package = {"onnx": "onnxruntime", "torchscript": "torch", "openvino": "openvino", "engine": "tensorrt"}.get(
        format_name
    )
    try:
        return f"{package} {version(package)}" if package else format_name
    except PackageNotFoundError:
        return str(package)

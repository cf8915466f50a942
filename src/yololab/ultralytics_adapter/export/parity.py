"""Does an export, run by its own runtime, give what the checkpoint gives? Raw outputs are compared, before any NMS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.errors import InputError, JobError, Problem
from yololab.ultralytics_adapter.export.output_difference import (
    OutputDifference,
    class_difference,
    detections_difference,
    largest_of,
    map_difference,
    selected_difference,
)
from yololab.ultralytics_adapter.isolation.logs import first_line
from yololab.ultralytics_adapter.isolation.onnx_sessions import modest_sessions
from yololab.ultralytics_adapter.models.checkpoints import inspect_checkpoint


@dataclass(frozen=True)
class ExportCheck:
    """How far an export's raw outputs are from the checkpoint's.

    Attributes:
        images: Number of images that were tried.
        max_abs_difference: Largest difference of two outputs as they are, boxes in px; None when not comparable.
        max_relative_difference: The same with boxes relative to the image size, so that boxes and scores lie in 0…1,
            and maps relative to their largest value; None when not comparable.
        runtime: What ran the export.
        reason: Why the outputs are not comparable; None when they are.
        precision: In which precision the runtime computes here, when it is not single; None for single.
    """

    images: int
    max_abs_difference: float | None
    max_relative_difference: float | None
    runtime: str
    reason: str | None = None
    precision: str | None = None


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
        threads: Number of torch's threads; None follows what is free of the machine.

    Raises:
        InputError: A file cannot be read, or the export's runtime is not installed.
        JobError: The export cannot be loaded or run, or its outputs have another shape.
    """
    info = inspect_checkpoint(weights.resolve())
    if not images:
        raise InputError(Problem("export check", "no images to compare outputs on"))
    import torch
    from ultralytics.nn.autobackend import AutoBackend

    from yololab.ultralytics_adapter.isolation.threads import set_threads

    set_threads(threads)
    cpu = torch.device("cpu")
    theirs = _loaded(exported, cpu)
    metadata = getattr(theirs, "metadata", None) or {}
    precision = _precision(theirs.format)
    runtime = f"{_runtime(theirs.format)}{f' in {precision}' if precision else ''}"
    if metadata.get("args", {}).get("nms"):
        return ExportCheck(0, None, None, runtime, "the export has NMS inside, so it has no raw outputs", precision)
    end2end = bool(metadata.get("end2end", False))
    ours = AutoBackend(model=str(info.path), device=cpu, verbose=False, end2end=end2end)
    fixed = None if metadata.get("dynamic") else metadata.get("imgsz")
    height, width = (int(side) for side in (fixed or (imgsz, imgsz)))
    normalised = info.family == "rtdetr"
    layout = Layout(end2end or normalised, 1.0 if normalised else float(max(height, width)))
    compared = COMPARED[info.task]
    differences: list[OutputDifference] = []
    for image in images:
        batch = torch.from_numpy(_letterboxed(image, height, width, channels=int(ours.channels)))
        with torch.inference_mode():
            first, second = _arrays(ours(batch.clone())), _arrays(_run(theirs, batch, exported))
        difference = compared(first, second, layout)
        if difference is not None:
            differences.append(difference)
    if not differences:
        reason = "no detection stands out enough to be found again"
        return ExportCheck(len(images), None, None, runtime, reason, precision)
    difference = largest_of(differences)
    return ExportCheck(len(images), difference.absolute, difference.relative, runtime, precision=precision)


@dataclass(frozen=True)
class Layout:
    """How detections are laid out.

    Attributes:
        selected: The model selects its detections itself: rows of box, score, class and more, in any order. Otherwise
            the output has a column for each place of the image, with box, a score for each class, and more.
        box_unit: The largest box coordinate.
    """

    selected: bool
    box_unit: float


def _detections(first: list[NDArray[Any]], second: list[NDArray[Any]], layout: Layout) -> OutputDifference | None:
    """Compare detections."""
    ours, theirs = _of_one_shape(first[0], second[0])
    if layout.selected:
        return selected_difference(ours[0], theirs[0], layout.box_unit)
    return detections_difference(ours[0].T, theirs[0].T, layout.box_unit)


def _detections_with_masks(
    first: list[NDArray[Any]], second: list[NDArray[Any]], layout: Layout
) -> OutputDifference | None:
    """Compare detections, and the prototypes that their masks are made of."""
    masks = map_difference(*_of_one_shape(first[1], second[1]))
    boxes = _detections(first, second, layout)
    return masks if boxes is None else largest_of((boxes, masks))


def _probabilities(first: list[NDArray[Any]], second: list[NDArray[Any]], _: Layout) -> OutputDifference:
    """Compare the probability of each class."""
    return map_difference(*_of_one_shape(first[0], second[0]))


def _class_maps(first: list[NDArray[Any]], second: list[NDArray[Any]], _: Layout) -> OutputDifference:
    """Compare the classes of pixels: some formats give the class, others a value for each class at each pixel."""
    theirs = second[0]
    ours = _resized(first[0], theirs.shape[-2:], align_corners=False)
    if theirs.ndim == 4:
        return map_difference(*_of_one_shape(ours, theirs))
    classes = ours.argmax(axis=1) if ours.shape[1] > 1 else ours[:, 0] > 0
    return class_difference(*_of_one_shape(classes.astype(np.int64), theirs.astype(np.int64)))


def _depths(first: list[NDArray[Any]], second: list[NDArray[Any]], _: Layout) -> OutputDifference:
    """Compare depths; an export gives them at the image's size, the checkpoint at a quarter of it."""
    theirs = second[0].reshape(len(second[0]), 1, *second[0].shape[-2:])
    return map_difference(*_of_one_shape(_resized(first[0], theirs.shape[-2:], align_corners=True), theirs))


# Task → how the raw outputs of two models are compared.
COMPARED: dict[str, Callable[[list[NDArray[Any]], list[NDArray[Any]], Layout], OutputDifference | None]] = {
    "detect": _detections,
    "segment": _detections_with_masks,
    "pose": _detections,
    "obb": _detections,
    "classify": _probabilities,
    "semantic": _class_maps,
    "depth": _depths,
}


def _of_one_shape(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return both, or refuse them."""
    if first.shape != second.shape:
        raise JobError(f"the export gives outputs of shape {second.shape}, the checkpoint {first.shape}")
    return first, second


def _resized(values: NDArray[Any], size: Sequence[int], *, align_corners: bool) -> NDArray[Any]:
    """Return maps, shape (N, C, H, W), at another size, as the exported head resizes them."""
    import torch

    resized: NDArray[Any] = torch.nn.functional.interpolate(
        torch.from_numpy(values), tuple(size), mode="bilinear", align_corners=align_corners
    ).numpy()
    return resized


def _loaded(exported: Path, device: Any) -> Any:
    """Load an export by its own runtime."""
    from ultralytics.nn.autobackend import AutoBackend

    if not exported.exists():
        raise InputError(Problem(str(exported), "no such file", remedy="export the model again"))
    try:
        with modest_sessions(exported):
            return AutoBackend(model=str(exported), device=device, verbose=False)
    except ImportError as error:
        found = f"its runtime is not installed ({error.name})"
        raise InputError(Problem(str(exported), found, remedy=f"pip install {error.name}")) from error
    except Exception as error:
        raise JobError(f"{exported.name} cannot be loaded by its runtime: {first_line(error)}") from error


def _run(model: Any, batch: Any, exported: Path) -> Any:
    """Run an export on a batch."""
    try:
        return model(batch.clone())
    except Exception as error:
        raise JobError(f"{exported.name} does not run: {first_line(error)}") from error


def _arrays(output: Any) -> list[NDArray[Any]]:
    """Return the outputs as arrays in their order; what a checkpoint gives for its loss, in dictionaries, is left."""
    if isinstance(output, (list, tuple)):
        return [array for item in output for array in _arrays(item)]
    return [output.detach().float().cpu().numpy()] if hasattr(output, "detach") else []


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


def _precision(format_name: str) -> str | None:
    """Return in which precision a runtime computes on this processor; None for single.

    OpenVINO takes bf16 where the processor has it, whatever the weights of the model are (its documentation,
    "Precision Control").
    """
    if format_name != "openvino":
        return None
    import openvino

    kind = str(openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT").to_string())
    return {"f32": None, "f16": "fp16"}.get(kind, kind)


def _runtime(format_name: str) -> str:
    """Name what ran an export, with its version."""
    package = {"onnx": "onnxruntime", "torchscript": "torch", "engine": "tensorrt"}.get(format_name, format_name)
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package

"""Exporting a checkpoint, and checking that the export, run by its own runtime, gives the checkpoint's outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yololab.errors import InputError, JobError, Problem
from yololab.ultralytics_adapter.logs import plain_lines, quiet_progress
from yololab.ultralytics_adapter.models import inspect_checkpoint

# What a format needs beyond our own dependencies: modules to import, and the line that installs them.
_NEEDS = {
    "onnx": (("onnx", "onnxruntime", "onnxslim"), 'pip install "onnx>=1.12" onnxruntime "onnxslim>=0.1.82"'),
    "openvino": (("openvino",), 'pip install "openvino>=2024.0.0"'),
    "engine": (("tensorrt", "onnx"), "pip install tensorrt-cu12 onnx"),
    "coreml": (("coremltools",), "pip install coremltools"),
    "ncnn": (("ncnn", "pnnx"), "pip install ncnn pnnx"),
    "mnn": (("MNN",), "pip install MNN"),
    "paddle": (("paddle", "x2paddle"), "pip install paddlepaddle x2paddle"),
}


@dataclass(frozen=True)
class ExportedModel:
    """An export.

    Attributes:
        path: The file or folder, beside the checkpoint.
        format: Ultralytics' name of the format.
        size_bytes: Its size.
        seconds: What the export took.
    """

    path: Path
    format: str
    size_bytes: int
    seconds: float


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


def export_formats() -> tuple[str, ...]:
    """Return the names of the formats that Ultralytics exports to."""
    from yololab.ultralytics_adapter.runtime import activate

    activate()
    from ultralytics.engine.exporter import export_formats as formats

    return tuple(name for name in formats()["Argument"] if name != "-")


def export_model(
    weights: Path, format: str, options: Mapping[str, Any], threads: int | None, cache: Path  # noqa: A002
) -> ExportedModel:
    """Export a checkpoint; the export lands beside it.

    Args:
        weights: The checkpoint.
        format: Ultralytics' name of the format.
        options: Ultralytics' export arguments; without `imgsz` that of the training.
        threads: Number of torch's threads; None for all cores that the process may use.
        cache: Our cache folder.

    Raises:
        InputError: The format, an option that it does not have, or a package that it needs.
        JobError: The export failed.
    """
    info = inspect_checkpoint(weights.resolve())
    formats = export_formats()
    if format not in formats:
        close = get_close_matches(format, formats, n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else ""
        raise InputError(Problem("export.format", f"{format!r}", f"one of {', '.join(formats)}", hint))
    check_packages(format)
    from ultralytics.engine.exporter import Exporter
    from ultralytics.nn.tasks import load_checkpoint

    from yololab.ultralytics_adapter.data_guard import guarded_data
    from yololab.ultralytics_adapter.devices import set_threads
    from yololab.ultralytics_adapter.randomness import preserved_randomness

    set_threads(threads)
    arguments = {"imgsz": info.train_args.get("imgsz", 640), "batch": 1, **options}
    arguments |= {"format": format, "mode": "export", "task": info.task, "model": str(info.path), "verbose": False}
    cache.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    with quiet_progress(), preserved_randomness(), guarded_data(cache.resolve()):
        try:
            path = Path(Exporter(overrides=arguments)(model=load_checkpoint(str(info.path))[0]))
        except ImportError as error:
            found = f"{format!r} needs the package {error.name}, which is not installed"
            raise InputError(Problem("export.format", found, remedy=f"pip install {error.name}")) from error
        except (AssertionError, TypeError, ValueError, SyntaxError) as error:
            lines = plain_lines(str(error)) or [type(error).__name__]
            raise InputError(Problem("export", lines[0].removeprefix("ERROR ❌️ "))) from error
        except Exception as error:
            lines = plain_lines(str(error)) or [""]
            raise JobError(f"the export to {format} failed: {type(error).__name__}: {lines[0]}") from error
    return ExportedModel(path.resolve(), format, _size(path), time.perf_counter() - started)


def check_packages(format_name: str) -> None:
    """Refuse a format whose packages are missing: nothing is ever installed while a job runs.

    Raises:
        InputError: A package is missing.
    """
    modules, line = _NEEDS.get(format_name, ((), ""))
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        found = f"{format_name!r} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        raise InputError(Problem("export.format", found, remedy=line))


def exported_outputs_differ(
    weights: Path, exported: Path, images: Sequence[Path], imgsz: int, threads: int | None
) -> ExportCheck:
    """Run the same preprocessed images through a checkpoint and its export, on the CPU, and compare the raw outputs.

    Both see the same letterboxed square, or the one shape that the export has; outputs are compared before NMS. Where
    the model itself selects its detections (an NMS-free head, RT-DETR), whose order may differ, each one is compared
    with the nearest of the other.

    Args:
        weights: The checkpoint.
        exported: The export.
        images: Image files.
        imgsz: Image size, px.
        threads: Number of torch's threads; None for all cores that the process may use.

    Raises:
        InputError: A file cannot be read, or the export's runtime is not installed.
        JobError: The export cannot be loaded or run.
    """
    inspect_checkpoint(weights.resolve())
    if not images:
        raise InputError(Problem("export check", "no images to compare outputs on"))
    import numpy as np
    import torch
    from ultralytics.nn.autobackend import AutoBackend

    from yololab.ultralytics_adapter.devices import set_threads

    set_threads(threads)
    cpu = torch.device("cpu")
    try:
        theirs = AutoBackend(model=str(exported), device=cpu, verbose=False)
    except ImportError as error:
        found = f"its runtime is not installed ({error.name})"
        raise InputError(Problem(str(exported), found, remedy=f"pip install {error.name}")) from error
    except Exception as error:
        line = next(iter(plain_lines(str(error))), type(error).__name__)
        raise JobError(f"{exported.name} cannot be loaded by its runtime: {line}") from error
    metadata = getattr(theirs, "metadata", None) or {}
    runtime = _runtime(theirs.format)
    if metadata.get("args", {}).get("nms"):
        return ExportCheck(0, None, None, runtime, "the export has NMS inside, so it has no raw outputs")
    ours = AutoBackend(model=str(weights), device=cpu, verbose=False, end2end=bool(metadata.get("end2end", False)))
    shape = tuple(metadata.get("imgsz") or (imgsz, imgsz)) if not metadata.get("dynamic") else (imgsz, imgsz)
    absolute = relative = 0.0
    with torch.inference_mode():
        for image in images:
            batch = torch.from_numpy(_letterboxed(image, (int(shape[0]), int(shape[1])))[None])
            first, second = _raw(ours(batch.clone())), _raw(theirs(batch.clone()))
            if first.shape != second.shape:
                raise JobError(f"{exported.name} gives outputs of shape {second.shape}, the checkpoint {first.shape}")
            gaps = np.abs(*_aligned(first, second, selected=first.shape[-1] == 6 and first.ndim == 3))
            absolute = max(absolute, float(gaps.max(initial=0.0)))
            scaled = gaps / _scale(first, max(shape))
            relative = max(relative, float(scaled.max(initial=0.0)))
    return ExportCheck(len(images), absolute, relative, runtime)

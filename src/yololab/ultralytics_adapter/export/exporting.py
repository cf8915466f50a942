"""Exporting a checkpoint; its packages are looked for first, and nothing is ever installed."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yololab.errors import InputError, JobError, Problem
from yololab.text import one_of
from yololab.ultralytics_adapter.export.parity import ExportCheck, exported_outputs_differ
from yololab.ultralytics_adapter.isolation.logs import plain_lines, quiet_progress
from yololab.ultralytics_adapter.models.checkpoints import inspect_checkpoint

__all__ = [
    "ExportCheck",
    "ExportedModel",
    "check_packages",
    "export_formats",
    "export_model",
    "exported_outputs_differ",
]

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
        path: The file or folder, next to the checkpoint.
        format: Ultralytics' name of the format.
        size_bytes: Its size.
        seconds: What the export took.
    """

    path: Path
    format: str
    size_bytes: int
    seconds: float


def export_formats() -> tuple[str, ...]:
    """Return the names of the formats that Ultralytics exports to."""
    from yololab.ultralytics_adapter.isolation.runtime import activate

    activate()
    from ultralytics.engine.exporter import export_formats as formats

    return tuple(name for name in formats()["Argument"] if name != "-")


def check_export_format(format_name: str | None) -> None:
    """Refuse, before a training, a format that does not exist or whose packages are missing.

    Raises:
        InputError: The format, or a package that it needs.
    """
    if format_name is None:
        return
    formats = export_formats()
    if format_name not in formats:
        close = get_close_matches(format_name, formats, n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else ""
        raise InputError(Problem("export.format", f"{format_name!r}", one_of(formats), hint))
    check_packages(format_name)


def export_model(
    weights: Path, format: str, options: Mapping[str, Any], threads: int | None, cache: Path
) -> ExportedModel:
    """Export a checkpoint; the export lands next to it.

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
    check_export_format(format)
    from ultralytics.engine.exporter import Exporter
    from ultralytics.nn.tasks import load_checkpoint

    from yololab.ultralytics_adapter.isolation.data_guard import guarded_data
    from yololab.ultralytics_adapter.isolation.devices import set_threads
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness

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
        found = (
            f"{format_name!r} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        )
        raise InputError(Problem("export.format", found, remedy=line))


def _size(path: Path) -> int:
    """Return the size of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)

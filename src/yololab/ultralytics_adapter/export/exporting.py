"""Exporting a checkpoint; its packages are looked for first, and nothing is ever installed."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yololab.errors import InputError, JobError, Problem
from yololab.text import one_of
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import first_line, quiet_progress, quiet_root
from yololab.ultralytics_adapter.models.checkpoints import inspect_checkpoint

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
    """

    path: Path
    format: str
    size_bytes: int


def export_formats() -> tuple[str, ...]:
    """Return the names of the formats that Ultralytics exports to."""
    runtime.activate()
    from ultralytics.engine.exporter import export_formats as formats

    return tuple(name for name in formats()["Argument"] if name != "-")


def check_export_format(format_name: str | None, precision: str | None = None) -> None:
    """Refuse, before a training, a format that does not exist, lacks the precision, or whose packages are missing.

    Args:
        format_name: Ultralytics' name of the format; None exports nothing.
        precision: INT8, FP16, w8a16 or w8a32; None for full precision.

    Raises:
        InputError: The format, its precision, or a package that it needs.
    """
    if format_name is None:
        return
    formats = export_formats()
    if format_name not in formats:
        close = get_close_matches(format_name, formats, n=2)
        hint = f"did you mean {' or '.join(close)}?" if close else ""
        raise InputError(Problem("export.format", f"{format_name!r}", one_of(formats), hint))
    _check_precision(format_name, precision)
    modules, line = _NEEDS.get(format_name, ((), ""))
    if (format_name, precision) == ("openvino", "INT8"):
        modules, line = (*modules, "nncf"), f"{line} nncf"
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        found = f"{format_name!r} needs packages that are not installed: {', '.join(missing)}"
        raise InputError(Problem("export.format", found, remedy=line))


def _check_precision(format_name: str, precision: str | None) -> None:
    """Refuse a precision that Ultralytics does not export a format in."""
    from ultralytics.engine.exporter import FP16_FORMATS, INT8_FORMATS, W8A16_FORMATS, W8A32_FORMATS

    having = {"FP16": FP16_FORMATS, "INT8": INT8_FORMATS, "w8a16": W8A16_FORMATS, "w8a32": W8A32_FORMATS}
    if precision is not None and format_name not in having[precision]:
        known = [name for name, formats in having.items() if format_name in formats]
        allowed = one_of([*known, "full precision (null)"])
        raise InputError(Problem("export.quantize", f"{format_name} has no {precision}", allowed))


def export_model(weights: Path, format: str, options: Mapping[str, Any], threads: int | None) -> ExportedModel:
    """Export a checkpoint; the export lands next to it.

    Args:
        weights: The checkpoint.
        format: Ultralytics' name of the format.
        options: Ultralytics' export arguments; without `imgsz` that of the training.
        threads: Number of torch's threads; None follows what is free of the machine.

    Raises:
        InputError: The format, an option that it does not have, or a package that it needs.
        JobError: The export failed.
    """
    info = inspect_checkpoint(weights.resolve())
    check_export_format(format)
    from ultralytics.engine.exporter import Exporter
    from ultralytics.nn.tasks import load_checkpoint

    from yololab.ultralytics_adapter.isolation.data_guard import guarded_data
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness
    from yololab.ultralytics_adapter.isolation.threads import set_threads

    set_threads(threads)
    arguments = {"imgsz": info.train_args.get("imgsz", 640), "batch": 1, **options}
    arguments |= {"format": format, "mode": "export", "task": info.task, "model": str(info.path), "verbose": False}
    with quiet_progress(), quiet_root(), preserved_randomness(), guarded_data(runtime.current().cache):
        try:
            path = Path(Exporter(overrides=arguments)(model=load_checkpoint(str(info.path))[0]))
        except ImportError as error:
            found = f"{format!r} needs the package {error.name}, which is not installed"
            raise InputError(Problem("export.format", found, remedy=f"pip install {error.name}")) from error
        except (AssertionError, TypeError, ValueError, SyntaxError) as error:
            raise InputError(Problem("export", first_line(error).removeprefix("ERROR ❌️ "))) from error
        except Exception as error:
            found = f"{type(error).__name__}: {first_line(error)}"
            raise JobError(f"the export to {format} failed: {found}") from error
    size = sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())
    return ExportedModel(path.resolve(), format, size)

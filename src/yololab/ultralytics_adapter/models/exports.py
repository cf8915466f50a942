"""Exported models, which can be measured and used but not trained: what they say of themselves."""

import ast
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.models.checkpoints import file_digest, inspect_checkpoint
from yololab.ultralytics_adapter.models.resolve import ResolvedModel, local_file

_TRAINABLE = (".pt", ".yaml", ".yml")


def describe_model(path: Path) -> tuple[str, str, Mapping[int, str]]:
    """Return task, family and class names of a checkpoint or an exported model.

    Args:
        path: The file, or the folder of an export that is one.

    Raises:
        InputError: It is neither.
    """
    if path.suffix.lower() == ".pt":
        info = inspect_checkpoint(path)
        return info.task, info.family, info.names
    if not path.is_file() and not path.is_dir():
        raise InputError(Problem(str(path), "a pipe or a device", "a regular file, or the folder of an exported model"))
    from ultralytics.nn.autobackend import AutoBackend
    from ultralytics.nn.backends.base import BaseBackend

    metadata = BaseBackend.read_metadata(path)
    if AutoBackend._model_type(str(path)) is None or not metadata.get("task"):
        found = "neither a checkpoint nor a model that Ultralytics exported"
        raise InputError(Problem(str(path), found, "a .pt, or an exported model with Ultralytics' metadata"))
    names = metadata.get("names")
    if isinstance(names, str):  # some formats keep nothing but text
        with suppress(ValueError, SyntaxError):
            names = ast.literal_eval(names)
    family = "rtdetr" if "RTDETR" in str(metadata.get("head", "")) else "yolo"
    return (
        str(metadata["task"]),
        family,
        {int(key): str(name) for key, name in names.items()} if isinstance(names, dict) else {},
    )


def trained_size(path: Path) -> int | None:
    """Return the image size that a checkpoint was trained at, px; None when it does not say, and of an export."""
    found = inspect_checkpoint(path).train_args.get("imgsz") if path.suffix.lower() == ".pt" else None
    return found if isinstance(found, int) else None


def find_export(name: str, search: Sequence[Path]) -> ResolvedModel | None:
    """Return the exported model of that path; None for what is none: a checkpoint, an architecture, nothing at all.

    Args:
        name: A path.
        search: Folders where relative paths are looked for, after the working directory.

    Raises:
        InputError: It is there, and no model that Ultralytics exported.
    """
    path = None if name.lower().endswith(_TRAINABLE) else local_file(name, search)
    if path is None:
        return None
    task, family, names = describe_model(path)
    # Of a folder the largest file has the weights.
    files = (file for file in path.rglob("*") if file.is_file())
    weights = path if path.is_file() else max(files, key=lambda file: file.stat().st_size)
    return ResolvedModel(str(path), True, task, family, "", names, file_digest(weights))

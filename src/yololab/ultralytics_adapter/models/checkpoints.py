"""What a checkpoint says of itself; one that cannot be used is refused in one line, whatever is wrong with it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.isolation.decoded_images import file_state
from yololab.ultralytics_adapter.isolation.kept_checkpoints import copied
from yololab.ultralytics_adapter.isolation.logs import plain_lines
from yololab.ultralytics_adapter.models.foreign_files import check_file, foreign_problem, not_usable


@dataclass(frozen=True)
class CheckpointInfo:
    """What a checkpoint says of itself.

    Attributes:
        path: The file.
        train_args: The arguments it was trained with.
        names: Class index → name.
        task: Its task.
        family: `yolo`, `rtdetr`, `world` or `yoloe`.
        head: Name of its last module.
        train_metrics: What it measured last while it was trained, by Ultralytics' names.
    """

    path: Path
    train_args: Mapping[str, Any]
    names: Mapping[int, str]
    task: str
    family: str
    head: str = ""
    train_metrics: Mapping[str, float] = field(default_factory=dict)


def inspect_checkpoint(path: Path) -> CheckpointInfo:
    """Read what a checkpoint says of itself; it is loaded as Ultralytics loads it, restricted to known classes.

    A process reads a file once, as long as nobody changes it: a job asks several times, and each takes half a second.

    Raises:
        InputError: It is no checkpoint of Ultralytics: damaged, TorchScript, somebody else's.
    """
    if path.suffix.lower() != ".pt" or path.is_dir():
        found = "a folder" if path.is_dir() else f"a {path.suffix or 'file without a suffix'}"
        raise InputError(Problem(str(path), found, "a checkpoint (.pt)"))
    check_file(path)
    return _inspected(path, file_state(path))


@lru_cache(maxsize=32)
def _inspected(path: Path, _state: tuple[int, ...]) -> CheckpointInfo:
    """Load a checkpoint that is in a certain state."""
    from yololab.ultralytics_adapter.isolation.runtime import activate

    activate()
    from ultralytics.nn import tasks

    try:
        model, content = copied(tasks.load_checkpoint)(str(path))
        names = {int(index): str(name) for index, name in dict(getattr(model, "names", None) or {}).items()}
        head = model.model[-1]._get_name()
        task = str(model.task)
    except Exception as error:  # whatever a file that somebody gave us makes the loader raise, the file is the cause
        raise _unreadable(path, error) from error
    # Fused models of the open-vocabulary families keep only their class.
    family = family_of_head(f"{type(model).__name__.removesuffix('DetectionModel')} {head}")
    said = dict(content.get("train_metrics") or {})
    measured = {str(key): float(value) for key, value in said.items() if isinstance(value, (int, float))}
    return CheckpointInfo(path, dict(content.get("train_args") or {}), names, task, family, head, measured)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unreadable(path: Path, error: Exception) -> InputError:
    """Say in one line why a checkpoint cannot be used, and what to do."""
    text = " ".join(plain_lines(str(error)))
    if "empty, truncated or corrupted" in text or isinstance(error, EOFError):
        return not_usable(path, "a file of PyTorch that is cut or damaged", "download or copy the file again")
    found = "PyTorch data without a model of Ultralytics, such as weights alone"
    return foreign_problem(path) or not_usable(path, found, "give a .pt that Ultralytics wrote")


def family_of_head(head: str) -> str:
    """Return the family of an architecture from its last module."""
    for mark, family in (("RTDETR", "rtdetr"), ("World", "world"), ("YOLOE", "yoloe")):
        if mark in head:
            return family
    return "yolo"

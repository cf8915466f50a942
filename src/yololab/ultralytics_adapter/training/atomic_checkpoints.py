"""Checkpoints that are there whole or not at all, whenever the process is killed."""

from __future__ import annotations

import os
import pathlib
import tempfile
from pathlib import Path
from typing import Any


class AtomicPath(type(Path())):  # type: ignore[misc]
    """A path whose `write_bytes` replaces the file in one step; paths made from it are such paths too."""

    def write_bytes(self, data: Any) -> int:
        """Write to a file beside it, to the disk, and rename."""
        with tempfile.NamedTemporaryFile(prefix=f".{self.name}.", dir=self.parent, delete=False) as file:
            temporary = pathlib.Path(file.name)
            try:
                written = file.write(data)
                file.flush()
                os.fsync(file.fileno())
                _shared(temporary)
                temporary.replace(self)
            finally:
                temporary.unlink(missing_ok=True)
        return written


def strip_checkpoints(last: Path, best: Path) -> None:
    """Strip both checkpoints of what only training needs, each in one step; stripping twice does no harm.

    Args:
        last: last.pt.
        best: best.pt; it is given the table of epochs of last.pt.
    """
    content = _strip(last, None) if last.exists() else {}
    if best.exists():
        _strip(best, {"train_results": content["train_results"]} if content.get("train_results") else None)


def _strip(checkpoint: Path, updates: dict[str, Any] | None) -> dict[str, Any]:
    """Strip a checkpoint; Ultralytics would write over it in place."""
    from ultralytics.utils.torch_utils import strip_optimizer

    temporary = Path(checkpoint).with_name(f".{checkpoint.name}.{os.getpid()}.stripped")
    try:
        content: dict[str, Any] = strip_optimizer(checkpoint, s=str(temporary), updates=updates)
        if content:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            _shared(temporary)
            temporary.replace(checkpoint)
    finally:
        temporary.unlink(missing_ok=True)
    return content


def remove_half_written(weights: Path) -> None:
    """Remove what a process that was killed while it wrote a checkpoint has left beside it."""
    for path in weights.glob(".*.pt.*"):
        path.unlink(missing_ok=True)


def copy_checkpoint(source: Path, target: Path) -> None:
    """Copy a checkpoint in one step."""
    AtomicPath(target).write_bytes(source.read_bytes())


def _shared(path: Path) -> None:
    """Give a temporary file, which only its owner can read, the rights of an ordinary one."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)

"""Checkpoints that are there whole or not at all, whenever the process is killed."""

from pathlib import Path
from typing import Any

from yololab.files.atomic import atomically, write_bytes


class AtomicPath(type(Path())):  # type: ignore[misc]
    """A path whose `write_bytes` replaces the file in one step; paths made from it are such paths too."""

    def write_bytes(self, data: Any) -> int:
        """Write, and return the number of bytes."""
        return write_bytes(Path(self), data)


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

    with atomically(Path(checkpoint)) as temporary:
        content: dict[str, Any] = strip_optimizer(checkpoint, s=str(temporary), updates=updates)
    return content


def remove_half_written(weights: Path) -> None:
    """Remove what a process that was killed while it wrote a checkpoint has left next to it."""
    for path in weights.glob(".*.pt.*"):
        path.unlink(missing_ok=True)

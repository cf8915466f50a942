"""ONNX Runtime with our number of threads: its own would take every core, and search it for work between two runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yololab.ultralytics_adapter.isolation.patching import replaced

_SUFFIX = ".onnx"
_NO_SPINNING = ("session.intra_op.allow_spinning", "0")


@contextmanager
def modest_sessions(model: Path) -> Iterator[None]:
    """Let a session of an ONNX model that is made within compute with as many threads as torch does now.

    Args:
        model: The model that is loaded; for other formats nothing is changed.
    """
    if model.suffix.lower() != _SUFFIX:
        yield
        return
    try:
        import onnxruntime
    except ImportError:  # whoever loads the model says so
        yield
        return
    import torch

    make = onnxruntime.SessionOptions

    def options() -> Any:
        made = make()
        made.intra_op_num_threads = torch.get_num_threads()
        made.add_session_config_entry(*_NO_SPINNING)
        return made

    with replaced(onnxruntime, {"SessionOptions": options}):
        yield

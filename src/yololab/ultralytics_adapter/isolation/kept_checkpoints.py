"""The checkpoint that a job has read last: estimate and training begin with one, and best.pt is tried several times."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from yololab.ultralytics_adapter.isolation.decoded_images import file_state
from yololab.ultralytics_adapter.isolation.patching import replaced

# A larger file is not kept in memory.
_MOST_BYTES = 128 * 2**20

# Name and state of a file, and the model and content that Ultralytics has read from it.
_Kept = dict[tuple[str, tuple[int, ...]], Any]
_open: list[_Kept] = []


@contextmanager
def keeping_checkpoints() -> Iterator[None]:
    """Keep the checkpoint that was read last until leaving."""
    _open.append({})
    try:
        yield
    finally:
        _open.pop()


def copied(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loader that gives copies of what a job has read already; a file that has changed is read anew.

    A copy takes a quarter of the time. What is read for inference alone could not be trained, and is not kept.

    Args:
        load: Ultralytics' `load_checkpoint`.
    """
    import torch

    def load_checkpoint(weight: Any, device: Any = None, inplace: bool = True, fuse: bool = False) -> Any:
        state = file_state(weight)
        keeps = bool(_open) and inplace and not fuse and 0 < state[0] <= _MOST_BYTES
        kept, key = _open[-1] if keeps else {}, (str(weight), state)
        if key in kept:
            model, content = deepcopy(kept[key])
            return model.to(device), content
        model, content = load(weight, device=device, inplace=inplace, fuse=fuse)
        if keeps and device is None and not torch.is_inference_mode_enabled():
            kept.clear()
            kept[key] = deepcopy((model, content))
        return model, content

    return load_checkpoint


@contextmanager
def kept_checkpoints() -> Iterator[None]:
    """Have Ultralytics take checkpoints that a job keeps."""
    from ultralytics.engine import trainer
    from ultralytics.nn import tasks

    load = copied(tasks.load_checkpoint)
    with replaced(tasks, {"load_checkpoint": load}), replaced(trainer, {"load_checkpoint": load}):
        yield

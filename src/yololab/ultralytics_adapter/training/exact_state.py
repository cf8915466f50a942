"""What a checkpoint must hold so that a resumed training is the one that was interrupted, in the same bits.

Ultralytics keeps the averaged weights (EMA) in half precision and resumes with those in place of the weights that it
had trained; it halves the optimizer's momentum, drops the gradients of a step that is not complete, and keeps no state
of the random generators. All that is added to the optimizer's state, which the end of a training strips.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ultralytics.utils import RANK
from ultralytics.utils.torch_utils import unwrap_model

if TYPE_CHECKING:
    from yololab.ultralytics_adapter.training.trainer import TrainerMixin

_KEY = "yololab"
_PARTS: dict[str, Any] = {
    "model": Mapping,
    "ema": Mapping,
    "gradients": list | None,
    "last_step": int,
    "buffer": list,
    "cuda": list,
}
_PARTS |= {"python": tuple, "numpy": tuple, "torch": torch.Tensor, "order": torch.Tensor}


def with_exact_state(optimizer: dict[str, Any], trainer: TrainerMixin) -> dict[str, Any]:
    """Return the optimizer's state, in full precision, with all else that a training goes on from."""
    loader: Any = trainer.train_loader
    numpy: Any = np.random.get_state()
    pending = trainer.steps.last < len(loader) * (trainer.epoch + 1) - 1
    state = {
        "model": unwrap_model(trainer.model).state_dict(),
        "ema": trainer.ema.ema.state_dict(),
        "gradients": [parameter.grad for parameter in trainer.model.parameters()] if pending else None,
        "last_step": trainer.steps.last,
        "python": random.getstate(),
        "numpy": (numpy[0], torch.from_numpy(np.asarray(numpy[1]).astype(np.int64)), *numpy[2:]),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if trainer.device.type == "cuda" else [],
        "order": loader.generator.get_state(),
        "buffer": list(getattr(loader.dataset, "buffer", ())),
        "selection": trainer.selection.state(),
    }
    return {**optimizer, _KEY: state}


def exact_state(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what `with_exact_state` has added to a checkpoint; None in one of another trainer, or of other parts."""
    found = (checkpoint.get("optimizer") or {}).get(_KEY)
    whole = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in _PARTS.items())
    return found if whole else None


def restore_weights(trainer: TrainerMixin, state: Mapping[str, Any]) -> None:
    """Put back the weights that were trained, and their average."""
    unwrap_model(trainer.model).load_state_dict(state["model"])
    trainer.ema.ema.load_state_dict(state["ema"])


def restore_progress(trainer: TrainerMixin, state: Mapping[str, Any]) -> None:
    """Put back where the training stood between two epochs: gradients, order of the images, random numbers.

    Loader processes have random numbers of their own, which nobody can put back: they are started anew. Of several GPUs
    the checkpoint knows the first one's, so that they draw anew, too.
    """
    loader: Any = trainer.train_loader
    for parameter, gradient in zip(trainer.model.parameters(), state["gradients"] or (), strict=False):
        parameter.grad = None if gradient is None else gradient.to(parameter.device)
    if RANK != -1:
        return
    for index in state["buffer"]:  # the images that a mosaic is made of
        loader.dataset.load_image(index)
    if state["buffer"]:
        loader.dataset.buffer[:] = state["buffer"]
    if not loader.num_workers:
        # At the end of an epoch, as it was then: what is drawn there and before it has a place in the order, too.
        loader.iterator = loader._get_iterator()
        for _ in range(len(loader)):
            next(loader.iterator._sampler_iter)
        if trainer.epoch > trainer.epochs - trainer.args.close_mosaic:
            loader.reset = lambda: None  # the loop closes the mosaic once more, and would begin a new iterator
    loader.generator.set_state(state["order"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if len(state["cuda"]) == torch.cuda.device_count() > 0:
        torch.cuda.set_rng_state_all(state["cuda"])


class Steps:
    """When the optimizer steps: after `accumulate` batches, across the end of an epoch and an interruption, too.

    Ultralytics steps at the first batch after a resume, whatever was due.

    Attributes:
        last: Index of the batch after which the optimizer stepped last, counted from the first of the training.
        resumed: That of the training that is resumed, until the first batch after it.
        ahead: How many batches of the next step are from before the interruption.
    """

    def __init__(self) -> None:
        self.last = -1
        self.resumed: int | None = None
        self.ahead = 0

    def resume(self, last: int) -> None:
        """Go on after the step that a checkpoint knows of; the next checkpoint may come before another one is due."""
        self.last = self.resumed = last

    def due(self, batch: int, accumulate: int) -> bool:
        """Return whether a step that Ultralytics takes at a batch is due; note it."""
        resumed, self.resumed = self.resumed, None
        if resumed is not None and batch - resumed < accumulate:
            self.last, self.ahead = resumed, batch - resumed
            return False
        self.last, self.ahead = batch, 0
        return True

"""A dry run: one batch through every stage before anything long is started, or trained on until it is learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OVERFIT_EPOCHS = 60
# Everything that changes a batch from one epoch to the next, at the value that leaves it alone.
_STILL: dict[str, float | None] = {
    "mosaic": 0.0,
    "mixup": 0.0,
    "cutmix": 0.0,
    "copy_paste": 0.0,
    "hsv_h": 0.0,
    "hsv_s": 0.0,
    "hsv_v": 0.0,
    "degrees": 0.0,
    "translate": 0.0,
    "scale": 0.0,
    "shear": 0.0,
    "perspective": 0.0,
    "flipud": 0.0,
    "fliplr": 0.0,
    "bgr": 0.0,
    "erasing": 0.0,
    "auto_augment": None,
    "multi_scale": 0.0,
}


def dry_run_arguments(arguments: Mapping[str, Any], *, overfit: bool, batch: int) -> dict[str, Any]:
    """Return the train arguments of a dry run; what is not about its length stays as it was asked for.

    Args:
        arguments: The arguments of the whole training.
        overfit: Train on the batch until it should be learnt: no augmentation, no warm-up, a constant learning rate,
            one step an epoch.
        batch: Images of the batch.
    """
    short = {"epochs": 1, "time": None, "fraction": 1.0, "cache": False, "save_period": -1, "patience": 0}
    if not overfit:
        return {**arguments, **short}
    steady = {"epochs": OVERFIT_EPOCHS, "warmup_epochs": 0.0, "lrf": 1.0, "cos_lr": False, "nbs": batch, "batch": batch}
    still = {name: value for name, value in _STILL.items() if name in arguments}
    return {**arguments, **short, **still, **steady, "close_mosaic": 0, "dropout": 0.0, "weight_decay": 0.0}

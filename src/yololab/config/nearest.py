"""The name that a misspelt one may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from yololab.errors import Problem

# What other trainers call an argument.
_OTHER_NAMES = {
    "batch_size": "batch",
    "image_size": "imgsz",
    "img_size": "imgsz",
    "img": "imgsz",
    "learning_rate": "lr0",
    "lr": "lr0",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "num_workers": "workers",
    "early_stopping": "patience",
    "weights": "model",
    "dataset": "data",
    "hyp": "hparams",
    "gpu": "device",
    "gpus": "device",
    "optim": "optimizer",
    "wd": "weight_decay",
}


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """Return at most three of `candidates` that `name` may have meant, the likeliest first.

    Example:
        >>> nearest("epoch", ["epochs", "batch", "patience"])
        ['epochs']
    """
    spelling = {candidate.lower(): candidate for candidate in candidates}
    other = _OTHER_NAMES.get(name.lower())
    close = [spelling[match] for match in get_close_matches(name.lower(), spelling, n=3, cutoff=0.6)]
    first = [other] if other in spelling else []
    return [*first, *(match for match in close if match not in first)][:3]


def unknown_key(key: str, candidates: Iterable[str], prefix: str = "") -> Problem:
    """Return the problem for a key that nobody reads, with the nearest valid names; `prefix` is part of all of them."""
    close = [f"{prefix}{name}" for name in nearest(key, candidates)]
    return Problem(
        f"{prefix}{key}",
        "unknown key",
        remedy=f"did you mean {' or '.join(close)}?" if close else "`yololab --cfg job` shows every key",
    )

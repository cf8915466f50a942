"""`speed`: which parts of a training are made cheaper, and what that means for each of its epochs.

Everything follows from the number of an epoch alone, so that a resumed training does what the interrupted one would
have done.

Small images first, then the whole ones: what is coarse is learnt from a quarter of the pixels, and the last epochs
undo what a network owes to the size that it was trained at (Touvron et al., *Fixing the train-test resolution
discrepancy*, 2019; Howard, DAWNBench 2018). A validation costs as much as a third of the same images in training, and
before the last part of a schedule hardly ever chooses the checkpoint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Any

VALIDATIONS, IMAGES = "validations", "image sizes"
# Smaller ones leave the last feature map a single pixel, of which a batch of one image has no variance.
_LEAST_STRIDES = 2
# What a step costs beside its pixels, as a share of one with whole images: a third at 160 px, a tenth at 640 px.
FIXED_SHARE = 0.2
# The last quarter of the epochs, and three at least, are all validated; before it one of so many.
_CHOSEN_FROM = 0.75
_LEAST_CHOSEN = 3
_EARLY = 8


@dataclass(frozen=True)
class Pace:
    """Which parts of a training are made cheaper; the default is none.

    Attributes:
        speed: The setting that it comes from.
        sparse: Whether only those epochs are validated that can change the choice, and a few before.
        start: Side of the images of the first epoch, as a share of the whole.
        full_from: From this share of the epochs on images are whole; until then their side grows evenly.
        left_off: Part → why it is left off in this training.
    """

    speed: str = "exact"
    sparse: bool = False
    start: float = 1.0
    full_from: float = 0.0
    left_off: Mapping[str, str] = field(default_factory=dict)

    def without(self, part: str, reason: str) -> "Pace":
        """Return it without a part, and the reason on record; itself where it does not have the part.

        >>> PACES["fast"].without(IMAGES, "torch.compile").start
        1.0
        """
        plain: Any = {VALIDATIONS: {"sparse": False}, IMAGES: {"start": 1.0, "full_from": 0.0}}
        changed = replace(self, **plain[part])
        return self if changed == self else replace(changed, left_off={**self.left_off, part: reason})


EXACT = Pace()
# Fewer validations only draw fewer random numbers, as another seed does. Small images cost accuracy where they were
# measured, and are for `fast` alone. No speed freezes layers (docs/decisions/cpu-engine.md says why).
PACES = {
    "exact": EXACT,
    "balanced": Pace("balanced", sparse=True),
    "fast": Pace("fast", sparse=True, start=0.5, full_from=0.6),
}


def pace_for(
    speed: str, *, timed: bool = False, compiled: bool = False, smoothed: bool = False, watched: bool = False
) -> Pace:
    """Return what a speed means for a training.

    Args:
        speed: A name in `PACES`.
        timed: Whether a time limit decides how many epochs there will be.
        compiled: Whether the network is compiled.
        smoothed: Whether best.pt is chosen by means over three epochs.
        watched: Whether a pruner looks at each epoch.

    >>> dict(pace_for("fast", watched=True).left_off)
    {'validations': 'a pruner compares the trial with others after each epoch'}
    """
    pace = PACES[speed]
    for holds, part, reason in (
        (timed, IMAGES, "with a time limit nobody knows which epochs are the last ones"),
        (timed, VALIDATIONS, "with a time limit nobody knows which epochs are the last ones"),
        (compiled, IMAGES, "torch.compile would compile anew for each size"),
        (smoothed, VALIDATIONS, "checkpoint.select=smoothed takes the mean over three epochs in a row"),
        (watched, VALIDATIONS, "a pruner compares the trial with others after each epoch"),
    ):
        pace = pace.without(part, reason) if holds else pace
    return pace


def is_validated(pace: Pace, epoch: int, epochs: int) -> bool:
    """Return whether an epoch is validated whatever patience says.

    Args:
        pace: The pace.
        epoch: The epoch, from 0.
        epochs: How many there are.

    >>> [epoch + 1 for epoch in range(20) if is_validated(PACES["balanced"], epoch, 20)]
    [2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19, 20]
    """
    if not pace.sparse or epoch >= min(_CHOSEN_FROM * epochs, epochs - _LEAST_CHOSEN):
        return True
    return (epoch + 1) % max(2, round(epochs / _EARLY)) == 0


def patience_asks(epoch: int, best_epoch: int, patience: float) -> bool:
    """Return whether patience could end the training soon, so that it has to be seen whether it still improves.

    Args:
        epoch: The epoch, from 0.
        best_epoch: The best one so far, from 1; 0 before there is one.
        patience: Epochs without improvement that end a training.

    >>> patience_asks(13, 5, 20), patience_asks(15, 5, 20)
    (False, True)
    """
    return epoch + 1 - best_epoch > patience / 2


def image_size(pace: Pace, epoch: int, epochs: int, imgsz: int, stride: int) -> int:
    """Return the side of an epoch's images, px: a multiple of the stride.

    Args:
        pace: The pace.
        epoch: The epoch, from 0.
        epochs: How many there are.
        imgsz: The side of the whole images, px.
        stride: The model's largest stride, px.

    >>> [image_size(PACES["fast"], epoch, 10, 320, 32) for epoch in range(10)]
    [160, 192, 224, 256, 256, 288, 320, 320, 320, 320]
    """
    done = epoch / epochs
    if done >= pace.full_from or epoch + 1 >= epochs:
        return imgsz
    side = imgsz * (pace.start + (1.0 - pace.start) * done / pace.full_from)
    return min(imgsz, max(_LEAST_STRIDES * stride, round(side / stride) * stride))


def step_costs(pace: Pace, epochs: int, imgsz: int, stride: int) -> list[float]:
    """Return what a step of each epoch costs, as a share of one with whole images.

    >>> [round(cost, 2) for cost in step_costs(PACES["fast"], 4, 320, 32)]
    [0.4, 0.59, 0.85, 1.0]
    """
    shares = ((image_size(pace, epoch, epochs, imgsz, stride) / imgsz) ** 2 for epoch in range(epochs))
    return [FIXED_SHARE + (1.0 - FIXED_SHARE) * share for share in shares]


def cost_ahead(pace: Pace, done: int, epochs: int, imgsz: int, stride: int) -> float:
    """Return what an epoch that is to come costs, as a multiple of one that is done; 1 at the end.

    >>> round(cost_ahead(PACES["fast"], 2, 4, 320, 32), 2), cost_ahead(Pace(), 1, 4, 320, 32)
    (1.86, 1.0)
    """
    costs = step_costs(pace, epochs, imgsz, stride)
    return fmean(costs[done:]) / fmean(costs[:done]) if 0 < done < epochs else 1.0


def described(pace: Pace, epochs: int, imgsz: int, stride: int) -> dict[str, Any]:
    """Return what the record says of a pace.

    >>> described(PACES["fast"], 2, 320, 32)["image_sizes"]
    [{'from_epoch': 1, 'px': 160}, {'from_epoch': 2, 'px': 320}]
    """
    sizes = [image_size(pace, epoch, epochs, imgsz, stride) for epoch in range(epochs)]
    steps = [(1, sizes[0]), *((place + 2, b) for place, (a, b) in enumerate(pairwise(sizes)) if a != b)]
    content = {
        "validated_epochs": [epoch + 1 for epoch in range(epochs) if is_validated(pace, epoch, epochs)],
        "image_sizes": [{"from_epoch": first, "px": size} for first, size in steps],
        "left_off": dict(pace.left_off),
    }
    return content | {"text": None if pace == EXACT else _in_a_line(pace, epochs, content)}


def _in_a_line(pace: Pace, epochs: int, content: Mapping[str, Any]) -> str:
    """Say in a line what a pace does to a training."""
    parts = []
    if pace.sparse:
        parts.append(f"{len(content['validated_epochs'])} of {epochs} epochs are validated")
    first, last = content["image_sizes"][0], content["image_sizes"][-1]
    if first != last:
        parts.append(f"images of {first['px']} px at first, of {last['px']} px from epoch {last['from_epoch']} on")
    parts += [f"{part} left off: {reason}" for part, reason in pace.left_off.items()]
    return f"speed={pace.speed}: {'; '.join(parts) or 'nothing to leave out'}"

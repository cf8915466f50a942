"""The settings of the choice of best.pt."""

from dataclasses import dataclass
from enum import StrEnum


class Select(StrEnum):
    """Which epoch's checkpoint becomes best.pt."""

    BEST = "best"
    LAST = "last"
    SMOOTHED = "smoothed"


@dataclass
class CheckpointConfig:
    """Which epoch's checkpoint becomes best.pt; patience follows the same number.

    Attributes:
        metric: A metric that each epoch is validated with, by its name in metrics.json: `recall`,
            `per_class.<class>.AP50-95`, `fitness`; null for Ultralytics' fitness.
        select: best (the epoch with the best value), smoothed (the best mean over the epoch and its two neighbours:
            less is luck), last (the last epoch).
    """

    metric: str | None = None
    select: Select = Select.BEST

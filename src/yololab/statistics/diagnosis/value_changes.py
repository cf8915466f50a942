"""Which images made the difference, where each image has a value of its own: right or wrong, an IoU, an error."""

from dataclasses import dataclass

import numpy as np

from yololab.statistics.metrics.base import WeightedMetrics


@dataclass(frozen=True)
class ValueChange:
    """One image in both models.

    Attributes:
        key: The image.
        current: The current model's value.
        baseline: The baseline's value.
        gain: The change, positive for better.
        truth: What is true of the image, in words; None when there is no word for it.
        said_by_current: What the current model says of it; None when there is nothing but the value.
        said_by_baseline: What the baseline says.
    """

    key: str
    current: float
    baseline: float
    gain: float
    truth: str | None
    said_by_current: str | None
    said_by_baseline: str | None


def largest_value_changes(
    current: WeightedMetrics, baseline: WeightedMetrics, count: int, *, lower_is_better: bool = False
) -> list[ValueChange]:
    """Return the images whose value changes most, for better or worse.

    Of equal changes, those come first of which the models are more certain; then the order is that of the keys.

    Args:
        current: The current model.
        baseline: The baseline, over the same images and labels.
        count: Images at most; those without any change are left out.
        lower_is_better: Whether the values are errors.
    """
    ours, theirs = current.image_values(), baseline.image_values()
    if ours is None or theirs is None:
        return []
    gain = (ours - theirs) * (-1 if lower_is_better else 1)
    size = np.where(np.isfinite(gain), np.abs(gain), 0)
    order = np.lexsort((-current.certainty() - baseline.certainty(), -size))
    return [
        ValueChange(
            current.keys[place],
            float(ours[place]),
            float(theirs[place]),
            float(gain[place]),
            current.truth_of(place),
            current.prediction_text(place),
            baseline.prediction_text(place),
        )
        for place in order[:count].tolist()
        if size[place] > 0
    ]

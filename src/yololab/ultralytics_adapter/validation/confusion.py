"""A confusion matrix with its labels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    Attributes:
        labels: Names of its rows and columns; the last may be the background.
        matrix: Counts `[predicted][true]`.
        confidence: Least confidence of what is counted; None where everything is.
    """

    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    confidence: float | None

"""How likely a label has the wrong class: by how far what the model sees on it of another class outweighs its own.

Of each label the model says the class that it sees there with most confidence, as surely as that is ahead of the best
one of another class. Seen at all means with the confidence of the least detection of its class that is looked at: what
is not seen counts as that. Confusion becomes rarer with the lead, wrong labels do not: of classes that a model takes
for each other nothing is suspected (`reliability`).
"""

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Values
from yololab.statistics.diagnosis.labels.reliability import Reliability, reliability


def wrong_class(
    own: Values, other: Values, label_class: NDArray[np.int64], other_class: NDArray[np.int64], least: Values
) -> Reliability:
    """Return how likely each of M labels has the wrong class, and the class that is seen is right.

    Args:
        own: Log odds of the highest confidence in the label's own class on it, NaN for none, shape (M,).
        other: The same of the other class that is seen most there, NaN for none.
        label_class: Its class, shape (M,).
        other_class: The other class; anything where none is seen.
        least: Log odds of the lowest confidence that is looked at in each class, shape (C,).
    """
    ahead = np.where(np.isnan(other), np.median(least), other) - np.where(np.isnan(own), least[label_class], own)
    disagrees = (ahead > 0) & ~np.isnan(other)
    says = np.where(disagrees, other_class, label_class)
    seen = ~(np.isnan(own) & np.isnan(other))
    known = reliability(np.abs(ahead[seen]), says[seen], ~disagrees[seen], len(least))
    right, wrong = np.zeros(len(own)), np.zeros(len(own))
    right[seen], wrong[seen] = known.right, known.wrong_label
    return Reliability(right, wrong)

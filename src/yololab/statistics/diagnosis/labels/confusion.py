"""How likely a label has the wrong class: by what the model sees on it of its own class and of another one.

Of a label of class a on which a detection of class b lies: if b is right, the confidence in b is as it is on labels of
b, and that in a as it is on labels of other classes than a; if a is right, the other way around. Both have a share of
labels on which nothing is seen at all, and a normal distribution of log odds else. What is seen on labels of other
classes is learned of each pair of classes by itself as far as there is enough of it: of two classes that a model takes
for each other nothing is suspected. The rate of wrong classes is found with the distributions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Values
from yololab.statistics.diagnosis.labels.reliability import MOST_RATE, RATE, WEIGHT

_ROUNDS = 20
_PRIOR = 5.0  # labels that hold a class, or a pair of classes, at the distribution of all
_LEAST_SCATTER = 0.4


@dataclass(frozen=True, eq=False)
class _Seen:
    """How a confidence is distributed in each of G groups: nothing seen, or a normal distribution of its log odds."""

    share: Values
    mean: Values
    scatter: float

    def log_density(self, x: Values, group: NDArray[np.int64]) -> Values:
        """Return the log density of each value; NaN for nothing seen."""
        distance = (x - self.mean[group]) / self.scatter
        seen = np.log(self.share[group]) - np.log(self.scatter) - distance**2 / 2 - np.log(2 * np.pi) / 2
        return np.where(np.isnan(x), np.log1p(-self.share[group]), seen)


def wrong_class(
    own: Values, other: Values, label_class: NDArray[np.int64], other_class: NDArray[np.int64], count: int
) -> Values:
    """Return how likely each of M labels has the wrong class, and the class that is seen is right.

    Args:
        own: Log odds of the highest confidence in the label's own class on it, NaN for none, shape (M,).
        other: The same of the other class that is seen most there, NaN for none.
        label_class: Its class, shape (M,).
        other_class: The other class; anything where none is seen.
        count: Number of classes.
    """
    bad, rate = np.zeros(len(own)), RATE
    seen = ~np.isnan(other)
    pair = label_class * count + np.where(seen, other_class, 0)
    reverse = np.where(seen, other_class, 0) * count + label_class
    _, index = np.unique(np.concatenate([pair, reverse]), return_inverse=True)
    forward, backward = index[: len(pair)], index[len(pair) :]
    pairs = int(index.max(initial=0)) + 1
    labels_of = np.bincount(label_class, minlength=count).astype(np.float64)
    present = int((labels_of > 0).sum())
    class_of_pair = np.zeros(pairs, np.int64)
    class_of_pair[forward], class_of_pair[backward] = label_class, np.where(seen, other_class, 0)
    for _ in range(_ROUNDS):
        truth = _fit(own, label_class, 1 - bad, labels_of)
        confused = _fit(other, forward, 1 - bad, labels_of[class_of_pair], len(own) * max(present - 1, 1))
        if_wrong = truth.log_density(other, np.where(seen, other_class, 0)) + confused.log_density(own, backward)
        if_right = truth.log_density(own, label_class) + confused.log_density(other, forward)
        odds = rate / (1 - rate) * np.exp(np.clip(if_wrong - if_right, -30, 30))
        bad = np.where(seen, odds / (1 + odds), 0.0)
        rate = min(float((bad.sum() + RATE * WEIGHT) / (len(own) + WEIGHT)), MOST_RATE)
    return bad


def _fit(x: Values, group: NDArray[np.int64], weights: Values, most: Values, trials: float | None = None) -> _Seen:
    """Return the distribution of a confidence in each group, drawn to that of all.

    Args:
        x: Log odds, NaN for nothing seen, shape (N,).
        group: The group of each, shape (N,).
        weights: What each counts, shape (N,).
        most: Number of labels of each group, seen or not, shape (G,).
        trials: Their number in all groups, also in those where nothing is ever seen; None for the sum.
    """
    seen = ~np.isnan(x)
    w, values, places = weights[seen], x[seen], group[seen]
    total = w.sum()
    mean = float((w * values).sum() / max(total, 1e-9))
    count = np.bincount(places, w, len(most))
    means = (np.bincount(places, w * values, len(most)) + _PRIOR * mean) / (count + _PRIOR)
    scatter = np.sqrt(((w * (values - means[places]) ** 2).sum() + 1.0) / (total + 1.0))
    overall = np.clip(total / max(trials or float(most.sum()), 1.0), 1e-3, 0.99)
    share = np.clip((count + _PRIOR * overall) / (most + _PRIOR), 1e-4, 0.999)
    return _Seen(share, means, max(float(scatter), _LEAST_SCATTER))

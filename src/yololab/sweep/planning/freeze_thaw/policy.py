"""What a freeze-thaw search does next: begin a point, or thaw the paused trial that has shown most.

The first point is a good guess, the config's own or the best of an earlier search: it goes to its end at once. Then
rounds: some points are begun, each paused after the same few epochs; then the best of all that are paused goes on to
its end, and the next round begins. No epoch is trained twice, and no trial is given up before the budget is spent. That
the first epochs tell enough was found by Egele et al. (2023) for many searches over networks. Models of the curves that
let another trial overtake between two pauses needed as many epochs: see docs/decisions/freeze-thaw.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """What a trial has shown so far.

    Attributes:
        values: Epoch, from 1 → the objective there, larger is better; epochs that were not measured are missing.
        trained: Epochs that it has trained, or will have when it is paused or ends.
        running: Whether it is being trained.
        ended: Whether nothing comes after it.
        complete: Whether it has come to its end, and was measured.
    """

    values: Mapping[int, float]
    trained: int
    running: bool = False
    ended: bool = False
    complete: bool = False

    @property
    def best(self) -> float:
        """The best value so far; minus infinity without one."""
        return max(self.values.values(), default=-math.inf)


@dataclass(frozen=True)
class Rules:
    """How a search goes about it.

    Attributes:
        epochs: The last epoch of a training.
        first_epochs: Epochs after which a point is paused.
        budget: Epochs of all trials together, at most.
        points: How many points are begun at most.
        first_round: Points of the first round.
        later_rounds: Points of each later one.
        whole: How many of the first points go to their end at once, those of the first round among them.
    """

    epochs: int
    first_epochs: int
    budget: int
    points: int
    first_round: int = 4
    later_rounds: int = 3
    whole: int = 1


@dataclass(frozen=True)
class Begin:
    """Begin a new point.

    Attributes:
        until: The epoch after which it is paused; None when it is trained to its end.
    """

    until: int | None


@dataclass(frozen=True)
class Thaw:
    """Go on with a paused trial, to its end.

    Attributes:
        place: Its place among the curves.
    """

    place: int


def next_step(curves: Sequence[Curve], rules: Rules, *, late: bool = False) -> Begin | Thaw | None:
    """Return what is done next; None when nothing is left to do.

    The epochs that a paused trial needs to its end are kept back, so that the budget always buys a trained model and no
    point is begun that could not go on; a trial that has failed has cost only what it took.

    Args:
        curves: The trials that were begun, with what they have shown; the epochs that run count as trained.
        rules: How to go about it.
        late: Time is up: only a trial without which none would come to its end goes on.

    >>> rules = Rules(epochs=9, first_epochs=1, budget=40, points=20)
    >>> next_step([], rules)
    Begin(until=None)
    >>> whole = Curve({9: 0.2}, 9, ended=True, complete=True)
    >>> next_step([whole], rules)
    Begin(until=1)
    >>> next_step([whole, *(Curve({1: value}, 1) for value in (0.1, 0.3, 0.2))], rules)
    Thaw(place=2)
    """
    to_the_end = sum(curve.complete or (curve.running and curve.trained >= rules.epochs) for curve in curves)
    left = rules.budget - sum(curve.trained for curve in curves)
    waiting = [place for place, curve in enumerate(curves) if not (curve.running or curve.ended)]
    affordable = [place for place in waiting if rules.epochs - curves[place].trained <= left]
    lead = max(affordable, key=lambda place: (curves[place].best, -place), default=None)
    if late:
        return None if to_the_end or lead is None else Thaw(lead)
    if len(curves) < min(rules.whole, rules.points) and rules.epochs <= left:
        return Begin(None)
    wanted = min(rules.points, rules.first_round + rules.later_rounds * max(0, to_the_end - rules.whole))
    started = [curve.trained for curve in curves if not curve.ended and curve.trained < rules.epochs]
    kept_back = rules.epochs - max(started, default=rules.first_epochs)
    if len(curves) < wanted and rules.first_epochs + kept_back <= left:
        return Begin(None if rules.first_epochs >= rules.epochs else rules.first_epochs)
    return None if lead is None else Thaw(lead)

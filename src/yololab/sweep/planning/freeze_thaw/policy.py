"""What a freeze-thaw search does next: begin a point, or thaw the trial that is expected to end best.

Rounds: some points are begun and paused after a few epochs; then the one that is expected to end best goes on, in
pieces between which another may overtake it, until one of them has come to its end. Then the next round begins; what
earlier rounds have paused takes part in it. No epoch is trained twice, and no trial given up before the budget is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from yololab.sweep.planning.freeze_thaw.curves import Curve, predicted


@dataclass(frozen=True)
class Rules:
    """How a search goes about it.

    Attributes:
        epochs: The last epoch of a training.
        first_epochs: Epochs after which a point is paused for the first time.
        budget: Epochs of all trials together, at most.
        points: How many points are begun at most.
        first_round: Points of the first round.
        later_rounds: Points of each later one.
        factor: What the epochs of a trial are multiplied by from one piece to the next.
    """

    epochs: int
    first_epochs: int
    budget: int
    points: int
    first_round: int = 4
    later_rounds: int = 3
    factor: float = 3.0


@dataclass(frozen=True)
class Begin:
    """Begin a new point.

    Attributes:
        until: The epoch after which it is paused; None when it is trained to its end.
    """

    until: int | None


@dataclass(frozen=True)
class Thaw:
    """Go on with a paused trial.

    Attributes:
        place: Its place among the curves.
        until: The epoch after which it is paused again; None when it is trained to its end.
    """

    place: int
    until: int | None


def next_step(curves: Sequence[Curve], rules: Rules, *, late: bool = False) -> Begin | Thaw | None:
    """Return what is done next; None when nothing is left to do.

    The epochs that some trial still needs to its end are kept back, so that the budget always buys a trained model; a
    trial that has failed has cost only what it took.

    Args:
        curves: The trials that were begun, with what they have shown; the epochs that run count as trained.
        rules: How to go about it.
        late: Time is up: only a trial without which none would come to its end goes on.

    >>> rules = Rules(epochs=9, first_epochs=1, budget=40, points=20)
    >>> next_step([], rules)
    Begin(until=1)
    >>> next_step([Curve({1: value}, 1) for value in (0.1, 0.3, 0.2, 0.0)], rules)
    Thaw(place=1, until=3)
    """
    complete = sum(curve.complete for curve in curves)
    to_the_end = complete + sum(curve.running and curve.trained >= rules.epochs for curve in curves)
    left = rules.budget - sum(curve.trained for curve in curves)
    waiting = [place for place, curve in enumerate(curves) if not (curve.running or curve.ended)]
    paused = [place for place in waiting if rules.epochs - curves[place].trained <= left]
    expected = predicted(curves, rules.epochs)
    lead = max(paused, key=lambda place: (expected[place], -place), default=None)
    if late:
        return None if to_the_end or lead is None else Thaw(lead, None)
    wanted = min(rules.points, rules.first_round + rules.later_rounds * complete)
    open_epochs = [curve.trained for curve in curves if not curve.ended]
    kept_back = 0 if to_the_end else rules.epochs - max(open_epochs, default=rules.first_epochs)
    if len(curves) < wanted and rules.first_epochs + kept_back <= left:
        return Begin(_until(rules.first_epochs, rules))
    if lead is None:
        return None
    trained = curves[lead].trained
    return Thaw(lead, _until(max(trained + 1, math.ceil(trained * rules.factor)), rules))


def _until(epoch: int, rules: Rules) -> int | None:
    """Return the epoch after which a trial is paused; None for the last one."""
    return None if epoch >= rules.epochs else epoch

"""What a freeze-thaw search may spend, and what it cannot do."""

from collections.abc import Iterator, Sequence

from yololab.config.schema import Speed
from yololab.config.search import SearchConfig
from yololab.errors import Problem
from yololab.sweep.planning.plan import PlannedTrial

# Trainings that a search is worth when nothing else is said: enough for four rounds of the policy.
TRAININGS = 6


def budget_of(search: SearchConfig, epochs: int, points: int) -> int:
    """Return how many epochs all trials together have at most.

    Args:
        search: The search.
        epochs: Epochs of a training.
        points: How many points there are at most.
    """
    return search.budget_epochs or epochs * min(TRAININGS, points)


def most_points(points: int, budget: int, epochs: int, first_epochs: int) -> int:
    """Return how many points a budget of epochs holds at most, when one of them is trained to its end.

    >>> most_points(50, budget=24, epochs=9, first_epochs=1)
    16
    """
    return min(points, 1 + max(0, budget - epochs) // first_epochs)


def freeze_thaw_problems(search: SearchConfig, trials: Sequence[PlannedTrial]) -> Iterator[Problem]:
    """Return what keeps curves from being compared, or a trial from coming to its end.

    Args:
        search: The search.
        trials: Trials in which each end and each choice of its space occurs.
    """
    where = "search.pruner"
    lengths = sorted({trial.experiment.train.epochs for trial in trials})
    if len(lengths) > 1:
        found = f"freeze_thaw, and trainings of {lengths[0]} to {lengths[-1]} epochs"
        yield Problem(where, found, "one number of epochs", "leave epochs out of what varies, or search=asha")
    if any(trial.experiment.train.time is not None for trial in trials):
        remedy = "set epochs instead, or search=asha"
        yield Problem(where, "freeze_thaw with time=…, which changes the number of epochs", "epochs", remedy)
    if any(trial.experiment.speed is not Speed.EXACT for trial in trials):
        remedy = "speed=exact, or search.pruner=none"
        yield Problem(where, "freeze_thaw with a speed that validates few of the first epochs", "speed=exact", remedy)
    if any(not trial.experiment.train.val for trial in trials):
        yield Problem(where, "freeze_thaw with val=false: no curve to look at", "val=true", "search.pruner=none")
    if search.budget_epochs is not None and search.budget_epochs < lengths[-1]:
        found = f"{search.budget_epochs}, fewer than the {lengths[-1]} epochs of one training"
        yield Problem("search.budget_epochs", found, f"at least {lengths[-1]}", "fewer epochs, or a larger budget")

"""The points of a study as one parent knows them: kept up with what changes, so that no list of all is walked a trial.

What has begun stays begun, and what has ended stays as it is. So of ten thousand points only those are asked for that
are new, the first of those that wait (Optuna hands them out in their order), and those that others have running.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

DUPLICATE_ATTRIBUTE = "yololab:duplicate_of"


def same(params: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    """Return what two points have in common when they are the same one."""
    return frozenset(params.items())


class KnownPoints:
    """The points of a study.

    Attributes:
        spent: How many points have used up budget: all that were begun, those that were known already left out.

    Args:
        study: The study.
        is_ours: Whether a point has a trial in this sweep, whose end its parent learns by itself.
    """

    def __init__(self, study: optuna.Study, is_ours: Callable[[int], bool]) -> None:
        self._storage, self._is_ours = study._storage, is_ours
        self._id = self._storage.get_study_id_from_name(study.study_name)
        self._count, self.spent = 0, 0
        self._waiting: deque[int] = deque()
        self._running: set[int] = set()
        self._first_with: dict[frozenset[tuple[str, Any]], int] = {}
        for trial in study.get_trials(deepcopy=False):
            self._add(trial)

    def __len__(self) -> int:
        """Return how many there are, those that were known already and those that wait among them."""
        return self._count

    def __getitem__(self, number: int) -> FrozenTrial:
        """Return a point as it is now.

        Raises:
            KeyError: The study has no such point.
        """
        return self._storage.get_trial(self._storage.get_trial_id_from_study_id_trial_number(self._id, number))

    @property
    def any_waiting(self) -> bool:
        """Whether a point is queued that nobody has begun."""
        return bool(self._waiting)

    def catch_up(self) -> None:
        """Learn of new points, and of the first ones that wait whether they still do."""
        while (trial := self._known(self._count)) is not None:
            self._add(trial)
        while self._waiting and (trial := self[self._waiting[0]]).state is not TrialState.WAITING:
            self._waiting.popleft()
            self._begin(trial)

    def unclaimed(self) -> Iterator[FrozenTrial]:
        """Yield the points that run and have no trial in this sweep, in their order."""
        for number in sorted(self._running):
            trial = self[number]
            duplicate = DUPLICATE_ATTRIBUTE in trial.user_attrs
            self.spent -= duplicate
            if duplicate or trial.state.is_finished() or self._is_ours(number):
                self._running.discard(number)
            else:
                self._first_with.setdefault(same(trial.params), number)  # its values come one after the other
                yield trial

    def twin_of(self, trial: FrozenTrial) -> FrozenTrial | None:
        """Return the first point that was begun with the same values before `catch_up` was called last."""
        number = self._first_with.get(same(trial.params))
        return None if number is None else self[number]

    def _known(self, number: int) -> FrozenTrial | None:
        try:
            return self[number]
        except KeyError:
            return None

    def _add(self, trial: FrozenTrial) -> None:
        """Take note of the next point."""
        self._count += 1
        if trial.state is TrialState.WAITING:
            self._waiting.append(trial.number)
        else:
            self._begin(trial)

    def _begin(self, trial: FrozenTrial) -> None:
        """Take note that a point was begun."""
        if DUPLICATE_ATTRIBUTE in trial.user_attrs:
            return
        self.spent += 1
        self._first_with.setdefault(same(trial.params), trial.number)
        if trial.state is TrialState.RUNNING:
            self._running.add(trial.number)

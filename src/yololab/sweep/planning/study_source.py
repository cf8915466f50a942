"""Trials from a study: interrupted ones first, then the next point that its sampler proposes, claimed under a lock."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from statistics import fmean
from typing import Any, ParamSpec, TypeVar

import optuna
from optuna.distributions import check_distribution_compatibility
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as StudyState

from yololab.config.search import Pruner, Sampler
from yololab.errors import InputError, JobError, Problem
from yololab.host.processes import ProcessIdentity
from yololab.masking import mask_secrets
from yololab.sweep.executor import PASSWORD
from yololab.sweep.planning.known_points import DUPLICATE_ATTRIBUTE, KnownPoints, same
from yololab.sweep.planning.known_trials import KnownTrials
from yololab.sweep.planning.space import Space
from yololab.sweep.planning.storage import absolute_url, journal_url, open_study
from yololab.sweep.planning.strategies import distribution_of, make_pruner, make_sampler
from yololab.sweep.planning.trial_env import TrialEnvironment
from yololab.sweep.state import SweepFolder, SweepSettings, TrialEntry, TrialStatus, failure
from yololab.text import first_of

Asked = ParamSpec("Asked")
Found = TypeVar("Found")
SWEEP_ATTRIBUTE = "yololab:sweep"
# So many points in a row that are known already: the space has no other ones, or hardly any.
DUPLICATES = 30

# How long a database may be away, as for a restart, before the sweep ends; it can be resumed then.
PATIENCE_SECONDS = 300.0

Freeze = Callable[[int, Sequence[str]], None]


def patient(method: Callable[Asked, Found]) -> Callable[Asked, Found]:
    """Repeat what a database did not answer: each method here can be begun again, wherever it was cut off.

    Raises:
        JobError: The database stays away.
    """

    @wraps(method)
    def call(*args: Asked.args, **kwargs: Asked.kwargs) -> Found:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return method(*args, **kwargs)
            except StorageInternalError as error:
                if time.monotonic() > deadline:
                    said = mask_secrets(str(error.__cause__ or error).strip().partition("\n")[0])
                    raise JobError(f"search.storage does not answer ({said}); the sweep can be resumed") from None
                time.sleep(1.0)

    return call


@dataclass
class StudySource:
    """The trials of a sweep, as its study proposes them.

    Attributes:
        folder: The sweep's folder.
        settings: What was asked for.
        space: What varies.
        freeze: Composes a trial from its overrides and freezes it in its folder; raises InputError when it cannot.
        settled: Whether the trials so far give the answer: then no further point is begun. None: they never do.
    """

    folder: SweepFolder
    settings: SweepSettings
    space: Space
    freeze: Freeze
    settled: Callable[[Sequence[TrialEntry]], bool] | None = None

    def __post_init__(self) -> None:
        search, count = self.settings.search, self.settings.search.seeds
        # The seeds that each point is trained with; none when it is trained once, as it is.
        self.seeds = range(self.settings.seed, self.settings.seed + count) if count > 1 else range(0)
        storage = self.settings.storage
        self.url = absolute_url(storage, self.folder.path) if storage else journal_url(self.folder.study_file)
        self._distributions = {item.key: distribution_of(item) for item in self.space.dimensions}
        self._study = open_study(
            self.url,
            self.settings.name,
            [item.direction for item in self.settings.objectives],
            make_sampler(search.sampler, search.seed, search.sampler_options or {}),
            make_pruner(search.pruner, search.pruner_options or {}, self.settings.epochs),
        )
        self._refuse_another_space()
        self.trials = KnownTrials(self.folder)
        self.points = KnownPoints(self._study, self.trials.has_point)
        points = range(len(self.points))
        lost = [
            item.number for item in self.trials.all() if not (item.study_trial is None or item.study_trial in points)
        ]
        if lost:
            found = f"the study {self.settings.name!r} knows nothing of the trials {first_of(lost)} of this sweep"
            remedy = "move the study together with the sweep, or say where it is: search.storage=…"
            raise InputError(Problem("search.storage", found, "the study that the sweep was started with", remedy))
        # What only reports must not touch the sampler.
        self._pruning_study = optuna.load_study(
            study_name=self.settings.name,
            storage=self._study._storage,
            sampler=optuna.samplers.RandomSampler(),
            pruner=self._study.pruner,
        )
        if search.sampler is Sampler.GRID:
            self._queue(self._in_rounds(self.space.grid()[: self.settings.budget]))
        else:
            own = [self.settings.first_point] if self.settings.first_point else []
            self._queue([*self.settings.warm_points, *own])

    @property
    def planned(self) -> int:
        """How many trainings there will be at most."""
        return self.settings.budget * max(1, len(self.seeds))

    @patient
    def next(self) -> TrialEntry | None:
        """Return the next trial, claimed for this process."""
        with self.folder.locked():
            self.trials.catch_up()
            found = self._next()
            if found is None:  # before that is said, all that others have left is looked at
                self.trials.refresh()
                found = self._next()
            return found

    def _next(self) -> TrialEntry | None:
        """Return the next trial, as far as the trials are known."""
        if (again := self._interrupted()) is not None:
            return again
        if self.settled is not None and self.settled(self.trials.all()):
            return None
        following = self._next_seed()
        while following is None or following.status.finished:
            # One that could not be composed has failed, and the next one is tried.
            point = self._next_point()
            if point is None:
                return None
            following = self._create(point.number, point.params, 0)
        return following

    def _interrupted(self) -> TrialEntry | None:
        """Return the first trial that was interrupted and nobody else looks after, claimed; None without one."""
        entry = self.trials.startable()
        return None if entry is None else self._claimed(entry)

    def _claimed(self, entry: TrialEntry) -> TrialEntry:
        """Claim a trial for this process."""
        claimed = replace(entry, owner=ProcessIdentity.current())
        self.write(claimed)
        return claimed

    def write(self, entry: TrialEntry) -> None:
        """Write a trial that is ours."""
        self.trials.write(entry)

    @patient
    def environment(self, entry: TrialEntry) -> dict[str, str]:
        """Tell the trial's process where to report its epochs."""
        search, objectives = self.settings.search, self.settings.objectives
        reports = search.pruner not in (Pruner.NONE, Pruner.WILCOXON) and len(objectives) == 1
        trial_id = None if entry.study_trial is None or not reports else self.points[entry.study_trial]._trial_id
        metric, pruner, options = objectives[0].metric, search.pruner, search.pruner_options or {}
        study = (self.url, self.settings.name, trial_id)
        variables = TrialEnvironment(*study, metric, pruner, options, self.settings.epochs, entry.until).variables()
        return variables | {name: os.environ[name] for name in (PASSWORD,) if name in os.environ}

    @patient
    def ended(self, entry: TrialEntry) -> None:
        """Tell the study of a point whose trainings are all over."""
        if entry.study_trial is None or self.points[entry.study_trial].state.is_finished():
            return
        if not self.seeds:
            self._tell(entry.study_trial, entry.status, entry.objectives)
            return
        with self.folder.locked():
            of_point = self.trials.of_point(entry.study_trial)
        values = [item.objectives for item in of_point if item.objectives is not None]
        lost = entry.objectives is not None and self._should_prune_point(entry)
        ended = len(of_point) == len(self.seeds) and all(item.status.finished for item in of_point)
        if lost or ended:
            means = tuple(fmean(column) for column in zip(*values, strict=True))
            self._tell(entry.study_trial, TrialStatus.COMPLETE if values else TrialStatus.FAILED, means or None)

    def catch_up(self) -> None:
        """Tell the study of what has ended without its learning of it: a parent was killed in between."""
        with self.folder.locked():
            ended = [entry for entry in self.trials.all() if entry.status.finished]
        for entry in ended:
            self.ended(entry)

    def _refuse_another_space(self) -> None:
        """Refuse a study whose trials have other choices for a key: Optuna cannot mix them.

        Raises:
            InputError: The keys.
        """
        problems: dict[str, Problem] = {}
        for trial in self._study.get_trials(deepcopy=False):
            for key in trial.distributions.keys() & self._distributions:
                known = trial.distributions[key]
                try:
                    check_distribution_compatibility(known, self._distributions[key])
                except ValueError:
                    found = f"{key} has other values in the study {self.settings.name!r}"
                    problems[key] = Problem("search.study", found, f"{known}", "name another study")
        if problems:
            raise InputError(problems.values())

    def _in_rounds(self, points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return the points with one seed of each recipe after the other, where that is looked at in between."""
        if not self.settings.search.sequential:
            return [*points]
        seeds = list(dict.fromkeys(point.get("seed") for point in points))
        return sorted(points, key=lambda point: seeds.index(point.get("seed")))

    def _queue(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Queue the points that come first, once; a parent that was killed half-way is made up for."""
        with self.folder.locked():
            queued = [trial.system_attrs.get("fixed_params") for trial in self._study.get_trials(deepcopy=False)]
            known = {same(point) for point in queued if point is not None}
            for point in points:
                if same(point) not in known:
                    self._study.enqueue_trial(dict(point))

    def _next_seed(self) -> TrialEntry | None:
        """Return the next training of a point that has seeds left; one at a time, as each may be the last."""
        for number in sorted(self.trials.idle) if self.seeds else ():
            trained, trial = len(self.trials.of_point(number)), self.points[number]
            if trained < len(self.seeds) and not trial.state.is_finished():
                return self._create(number, trial.params, trained)
            self.trials.idle.discard(number)
        return None

    def _next_point(self) -> FrozenTrial | None:
        """Return the next point to try; None when the budget is spent, or the space has no more points."""
        points = self.points
        points.catch_up()
        for trial in points.unclaimed():
            # A parent was killed between asking and making the trial's folder; we hold the lock, so it is not at work.
            whose = trial.user_attrs.get(SWEEP_ATTRIBUTE)
            mine = self.settings.storage is None or whose in (self.settings.identity, str(self.folder.path))
            if mine and trial.params.keys() == self._distributions.keys():
                self.trials.refresh()
                if not self.trials.has_point(trial.number):
                    return trial
        in_order = self.settings.search.sampler is Sampler.GRID
        if points.spent >= self.settings.budget or (in_order and not points.any_waiting):
            return None
        for _ in range(DUPLICATES):
            asked = self._study.ask(self._distributions)
            asked.set_user_attr(SWEEP_ATTRIBUTE, self.settings.identity or str(self.folder.path))
            trial = points[asked.number]
            twin = points.twin_of(trial)
            if twin is None:
                return trial
            asked.set_user_attr(DUPLICATE_ATTRIBUTE, twin.number)
            done = twin.state is StudyState.COMPLETE
            self._study.tell(
                asked.number, twin.values if done else None, None if done else StudyState.FAIL, skip_if_finished=True
            )
        return None

    def _create(self, study_trial: int, params: Mapping[str, Any], index: int, until: int | None = None) -> TrialEntry:
        """Make the folder of a trial, with its frozen config."""
        number = self.trials.free_number()
        overrides = self.space.overrides(params)
        values = {key: params[key] for key in self.space.keys}
        if self.seeds:
            overrides = (*(item for item in overrides if not item.startswith("seed=")), f"seed={self.seeds[index]}")
            values["seed"] = self.seeds[index]
        ours = ProcessIdentity.current()
        entry = TrialEntry(number, overrides, values, study_trial=study_trial, owner=ours, until=until)
        try:
            self.freeze(number, overrides)
        except InputError as error:
            entry = entry.ended(TrialStatus.FAILED, error=failure(str(error), "InputError", error.exit_code))
            self.folder.leave_record(entry)
            self._tell(study_trial, entry.status, None)
        self.write(entry)
        return entry

    def _tell(self, study_trial: int, status: TrialStatus, values: Sequence[float] | None) -> None:
        """Tell the study how a point has ended."""
        complete, several = status is TrialStatus.COMPLETE, len(self.settings.objectives) > 1
        # Optuna knows no pruned trial of several objectives.
        ended = StudyState.PRUNED if status is TrialStatus.PRUNED and not several else StudyState.FAIL
        self._study.tell(
            study_trial, list(values or ()) if complete else None, None if complete else ended, skip_if_finished=True
        )

    def _should_prune_point(self, entry: TrialEntry) -> bool:
        """Report the result of one seed, and return whether its point has lost against the best one."""
        assert entry.study_trial is not None
        assert entry.objectives is not None
        if len(self.settings.objectives) > 1:
            return False
        trial = optuna.Trial(self._pruning_study, self.points[entry.study_trial]._trial_id)
        trial.report(entry.objectives[0], self.seeds.index(entry.params["seed"]))
        return trial.should_prune()

"""Pruning inside a trial's process: each epoch is reported to the study, which may call the training off."""

from __future__ import annotations

import optuna

from yololab.sweep.planning.storage import open_storage
from yololab.sweep.planning.strategies import make_pruner
from yololab.sweep.planning.trial_env import Handover


class EpochReporter:
    """The trial of the study, rebuilt in the process that trains.

    Args:
        handover: What this process was told.
    """

    def __init__(self, handover: Handover) -> None:
        self.metric = handover.metric
        study = optuna.load_study(
            study_name=handover.study,
            storage=open_storage(handover.storage),
            sampler=optuna.samplers.RandomSampler(),
            pruner=make_pruner(handover.pruner, handover.pruner_options, handover.epochs),
        )
        assert handover.trial_id is not None
        self._trial = optuna.Trial(study, handover.trial_id)
        self._reported = set(self._trial.study._storage.get_trial(handover.trial_id).intermediate_values)

    def hopeless(self, epoch: int, value: float | None) -> bool:
        """Report an epoch, and return whether the training is not worth going on with.

        Args:
            epoch: Its number, from 1. One that was reported before a crash is not reported again.
            value: The metric; None where it was not measured, which is not reported.
        """
        if value is None:
            return False
        if epoch not in self._reported:
            self._trial.report(value, epoch)
            self._reported.add(epoch)
        return self._trial.should_prune()

"""Pruning inside a trial's process: each epoch is reported to the study, which may prune the training."""

import optuna

from yololab.sweep.planning.storage import open_storage
from yololab.sweep.planning.strategies import make_pruner
from yololab.sweep.planning.trial_env import TrialEnvironment


class EpochReporter:
    """The trial of the study, rebuilt in the process that trains.

    Args:
        environment: What this process got from its sweep.
    """

    def __init__(self, environment: TrialEnvironment) -> None:
        self.metric = environment.metric
        study = optuna.load_study(
            study_name=environment.study,
            storage=open_storage(environment.storage),
            sampler=optuna.samplers.RandomSampler(),
            pruner=make_pruner(environment.pruner, environment.pruner_options, environment.epochs),
        )
        assert environment.trial_id is not None
        self._trial = optuna.Trial(study, environment.trial_id)
        self._reported = set(self._trial.study._storage.get_trial(environment.trial_id).intermediate_values)

    def should_prune(self, epoch: int, value: float | None) -> bool:
        """Report an epoch, and return whether to prune the training.

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

"""What a trial's process gets from its sweep, in one environment variable: where to report, and when to prune."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

ENVIRONMENT = "YOLOLAB_TRIAL"


@dataclass(frozen=True)
class TrialEnvironment:
    """What connects a trial's process to the study.

    Attributes:
        storage: The study's storage, as a URL (see `storage.open_storage`).
        study: The study's name in the storage.
        trial_id: The trial's id in the storage; None for a trial that reports nothing.
        metric: What is reported after each epoch: a metric of the task.
        pruner: The pruner's name; `none` reports and never prunes.
        pruner_options: The pruner's keyword arguments.
        epochs: Epochs of the sweep's longest training, by which the pruner reckons.
        until: The epoch after which the trial is paused; None when it is trained to its end.
    """

    storage: str
    study: str
    trial_id: int | None
    metric: str
    pruner: str = "none"
    pruner_options: dict[str, Any] = field(default_factory=dict)
    epochs: int = 1
    until: int | None = None

    def variables(self) -> dict[str, str]:
        """Return the variable as an engine passes it on."""
        return {ENVIRONMENT: json.dumps(asdict(self))}


def read_trial_environment() -> TrialEnvironment | None:
    """Return what this process got from its sweep; None when a user started it."""
    text = os.environ.get(ENVIRONMENT)
    return TrialEnvironment(**json.loads(text)) if text else None


class EpochReporter:
    """The trial of the study, rebuilt in the process that trains: each epoch is reported to it, and may be the last.

    Args:
        environment: What this process got from its sweep.
    """

    def __init__(self, environment: TrialEnvironment) -> None:
        import optuna

        from yololab.sweep.planning.storage import open_storage
        from yololab.sweep.planning.strategies import make_pruner

        study = optuna.load_study(
            study_name=environment.study,
            storage=open_storage(environment.storage),
            sampler=optuna.samplers.RandomSampler(),
            pruner=make_pruner(environment.pruner, environment.pruner_options, environment.epochs),
        )
        assert environment.trial_id is not None
        self._trial = optuna.Trial(study, environment.trial_id)
        self._reported = set(study._storage.get_trial(environment.trial_id).intermediate_values)

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

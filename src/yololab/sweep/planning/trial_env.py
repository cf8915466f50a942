"""What a trial's process gets from its sweep, in one environment variable: where to report, and when to prune."""

import json
import os
from collections.abc import Mapping
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
    """

    storage: str
    study: str
    trial_id: int | None
    metric: str
    pruner: str = "none"
    pruner_options: dict[str, Any] = field(default_factory=dict)
    epochs: int = 1

    def variables(self) -> dict[str, str]:
        """Return the variable as an engine passes it on."""
        return {ENVIRONMENT: json.dumps(asdict(self))}


def read_trial_environment(environment: Mapping[str, str] | None = None) -> TrialEnvironment | None:
    """Return what this process got from its sweep; None when a user started it."""
    text = (os.environ if environment is None else environment).get(ENVIRONMENT)
    return TrialEnvironment(**json.loads(text)) if text else None

"""What a trial's process is told of its sweep, in one environment variable: where to report, and when to give up."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ENVIRONMENT = "YOLOLAB_TRIAL"


@dataclass(frozen=True)
class Handover:
    """What connects a trial's process to the study.

    Attributes:
        storage: The study's storage, as a URL (see `storage.open_storage`).
        study: The study's name in the storage.
        trial_id: The trial's id in the storage; None for a trial that reports nothing.
        metric: What is reported after each epoch: a metric of the task.
        pruner: The pruner's name; `none` reports and never gives up.
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

    def environment(self) -> dict[str, str]:
        """Return the variable as an engine passes it on."""
        return {ENVIRONMENT: json.dumps(asdict(self))}


def read_handover(environment: Mapping[str, str] | None = None) -> Handover | None:
    """Return what this process was told; None when it was started by nobody but a user."""
    text = (os.environ if environment is None else environment).get(ENVIRONMENT)
    return Handover(**json.loads(text)) if text else None

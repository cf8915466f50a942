"""The trackers: which package each needs, when it may use the network, and what keeps it from the user's home."""

import os
import site
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec

from yololab.errors import InputError, Problem
from yololab.files.paths import TrackingStore
from yololab.text import counted
from yololab.tracking.tracker import Tracker

_HOMES = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")


@dataclass(frozen=True)
class Row:
    """A tracker.

    Attributes:
        tracker: Module and class, in `trackers/`.
        package: What it imports.
        remote: Environment variable → the value that asks for a server; None takes any.
        environment: What its process is given; `{store}` is the tracker's folder. The user's own values win.
    """

    tracker: str
    package: str
    remote: Mapping[str, str | None] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def online(self, environment: Mapping[str, str]) -> bool:
        """Return whether the user asked for a server."""
        found = {name: environment.get(name, "") for name in self.remote}
        return any(value and self.remote[name] in (None, value.lower()) for name, value in found.items())

    def load(self) -> type[Tracker]:
        """Import the tracker."""
        module, _, name = self.tracker.partition(":")
        found: type[Tracker] = getattr(import_module(f"yololab.tracking.trackers.{module}"), name)
        return found


TRACKERS = {
    "clearml": Row(
        "clearml:ClearmlTracker",
        "clearml",
        {"CLEARML_OFFLINE_MODE": "0", "CLEARML_API_HOST": None},
        {"CLEARML_CACHE_DIR": "{store}", "CLEARML_LOG_LEVEL": "WARNING"},
    ),
    "comet": Row(
        "comet:CometTracker",
        "comet_ml",
        {"COMET_START_ONLINE": "1"},
        {"COMET_OFFLINE_DIRECTORY": "{store}", "COMET_DISABLE_ANNOUNCEMENT": "1", "COMET_LOGGING_CONSOLE": "ERROR"},
    ),
    "dvc": Row("dvc:DvcTracker", "dvclive", {"DVC_STUDIO_TOKEN": None}, {"DVC_NO_ANALYTICS": "1"}),
    "mlflow": Row(
        "mlflow:MlflowTracker",
        "mlflow",
        {"MLFLOW_TRACKING_URI": None},
        {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            # A server that is gone is known after seconds, not after the library's quarter of an hour.
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        },
    ),
    "tensorboard": Row("tensorboard:TensorboardTracker", "tensorboard"),
    "trackio": Row(
        "trackio:TrackioTracker",
        "trackio",
        {"TRACKIO_SPACE_ID": None, "TRACKIO_SERVER_URL": None},
        {"TRACKIO_DIR": "{store}", "HF_HUB_DISABLE_TELEMETRY": "1"},
    ),
    "wandb": Row(
        "wandb:WandbTracker",
        "wandb",
        {"WANDB_MODE": "online"},
        {
            "WANDB_DIR": "{store}",
            "WANDB_CACHE_DIR": "{store}/cache",
            "WANDB_DATA_DIR": "{store}/cache",
            "WANDB_ERROR_REPORTING": "false",
            "WANDB_SILENT": "true",
        },
    ),
}


def check_installed(names: Iterable[str]) -> None:
    """Refuse trackers that are not installed, before anything is spent.

    Raises:
        InputError: All that are missing, each with the line that installs it.
    """
    missing = [name for name in names if find_spec(TRACKERS[name].package) is None]
    if missing:
        found = f"{counted(len(missing), 'tracker')} not installed: {', '.join(missing)}"
        remedy = f'pip install "yololab[{",".join(missing)}]"'
        raise InputError(Problem("tracking", found, remedy=remedy))


def environment_of(name: str, store: TrackingStore) -> dict[str, str]:
    """Return the environment of the process that feeds a tracker.

    Without a server its home is a folder of the project: nothing is left under the user's. With one, the user's own
    home holds the credentials.
    """
    row, given = TRACKERS[name], dict(os.environ)
    folder = str(store.of(name))
    wanted = {key: value.format(store=folder) for key, value in row.environment.items()}
    if not row.online(given):
        given = {key: value for key, value in given.items() if key not in _HOMES}
        given["PYTHONUSERBASE"] = site.getuserbase()  # where packages of the user are, whose home it no longer is
        given["HOME"] = given["USERPROFILE"] = str(store.home)
    # It is a guest beside the training: one thread, no GPU.
    return wanted | given | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}

"""Comet: archives in the project, which `comet upload` sends, or the server with `COMET_START_ONLINE=1`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import comet_ml

from yololab.text import setting
from yololab.tracking.tracker import PROJECT, Place, Tracker

_QUIET: dict[str, Any] = dict.fromkeys(
    (
        *("log_code", "log_graph", "auto_param_logging", "auto_metric_logging", "parse_args", "auto_output_logging"),
        *("log_git_metadata", "log_git_patch", "log_env_details"),
    ),
    False,
) | {"display_summary_level": 0}


class CometTracker(Tracker):
    """An experiment whose key is ours; an archive more for each attempt, which belong to the same key."""

    def open(self) -> Place:
        """Begin the experiment, or continue it; nothing that the library would hook into is hooked into."""
        folder = self.store.of("comet")
        folder.mkdir(parents=True, exist_ok=True)
        key, project = self.subject.id, os.environ.get("COMET_PROJECT_NAME") or PROJECT
        experiment: Any
        if self.online and self.known:
            experiment = comet_ml.ExistingExperiment(previous_experiment=key, **_QUIET)
        elif self.online:
            experiment = comet_ml.Experiment(experiment_key=key, project_name=project, **_QUIET)
        elif self.known:
            experiment = comet_ml.ExistingOfflineExperiment(
                previous_experiment=key, offline_directory=str(folder), **_QUIET
            )
        else:
            experiment = comet_ml.OfflineExperiment(
                experiment_key=key, project_name=project, offline_directory=str(folder), **_QUIET
            )
        self._experiment = experiment
        experiment.set_name(self.subject.name)
        experiment.add_tags([tag for tag in (self.subject.kind, self.subject.group) if tag])
        return Place(key, experiment.get_url() if self.online else f"comet upload {folder}/*.zip")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Log the config as parameters."""
        self._experiment.log_parameters({name: setting(value) for name, value in values.items()})

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Log metrics."""
        self._experiment.log_metrics(dict(values), step=step, epoch=step)

    def facts(self, values: Mapping[str, str]) -> None:
        """Log what is known in words, and the sweep that a trial is part of."""
        parent = self.subject.parent
        for name, text in {**values, **({"sweep_key": parent.id} if parent else {})}.items():
            self._experiment.log_other(name, text)

    def file(self, kind: str, path: Path) -> None:
        """Log an asset; weights as a model."""
        if kind == "weights":
            self._experiment.log_model(kind, str(path), overwrite=True)
        else:
            self._experiment.log_asset(str(path), file_name=path.name, overwrite=True)

    def baseline(self, name: str) -> None:
        """Note it as a tag."""
        self._experiment.add_tag(f"baseline:{name}")

    def close(self, failed: bool) -> None:
        """End the experiment; offline, that packs the archive."""
        del failed
        self._experiment.end()

"""MLflow: a database and a folder in the project, or the server that `MLFLOW_TRACKING_URI` names."""

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from yololab.text import setting
from yololab.tracking.tracker import PROJECT, Place, Subject, Tracker

_ID, _PARENT = "yololab.id", "mlflow.parentRunId"
_LONGEST, _PARAMS_AT_ONCE = 500, 100  # what older servers take
ALIAS = "baseline"


class MlflowTracker(Tracker):
    """A run in an experiment, a trial as the child of its sweep, a baseline as an alias in the model registry."""

    def open(self) -> Place:
        """Find the run by its id, or make it; that of its sweep as well."""
        uri = os.environ["MLFLOW_TRACKING_URI"] if self.online else f"sqlite:///{self.store.mlflow_database}"
        lock = self.store.mlflow_lock
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=60):  # trials start at the same moment: one makes the tables, and the sweep's run
            self._client = MlflowClient(uri, registry_uri=uri)
            self._experiment = self._experiment_id()
            parent = self.subject.parent
            self._run = self._run_id(self.subject, None if parent is None else self._run_id(parent, None))
        self._client.update_run(self._run, status="RUNNING")
        return Place(self._run, f"mlflow ui --backend-store-uri {uri}")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Log the config as parameters."""
        params = [Param(_safe(name), setting(value)[:_LONGEST]) for name, value in values.items()]
        for first in range(0, len(params), _PARAMS_AT_ONCE):
            self._client.log_batch(self._run, params=params[first : first + _PARAMS_AT_ONCE])

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Log metrics."""
        now = int(time.time() * 1000)
        self._client.log_batch(self._run, [Metric(_safe(name), value, now, step) for name, value in values.items()])

    def facts(self, values: Mapping[str, str]) -> None:
        """Set tags; the sentence of the result is the run's description."""
        tags = [RunTag(_safe(f"yololab.{name}"), text[:_LONGEST]) for name, text in values.items()]
        tags += [RunTag("mlflow.note.content", values["answer"])] if "answer" in values else []
        self._client.log_batch(self._run, tags=tags)

    def file(self, kind: str, path: Path) -> None:
        """Log an artefact."""
        self._client.log_artifact(self._run, str(path), kind)

    def baseline(self, name: str) -> None:
        """Register the weights as a version of the model, which the alias `baseline` then means."""
        model = re.sub(r"[/:]", "-", name)
        if not self._client.search_registered_models(f"name = '{model.replace(chr(39), '')}'"):
            self._client.create_registered_model(model)
        version = self._client.create_model_version(model, f"runs:/{self._run}/weights", self._run)
        self._client.set_registered_model_alias(model, ALIAS, version.version)

    def close(self, failed: bool) -> None:
        """End the run."""
        self._client.set_terminated(self._run, "FAILED" if failed else "FINISHED")

    def _experiment_id(self) -> str:
        """Return the experiment, which is made when it is not there."""
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        place = None if self.online else self.store.mlflow_artifacts.as_uri()
        return str(self._client.create_experiment(name, artifact_location=place))

    def _run_id(self, subject: Subject, parent: str | None) -> str:
        """Return the run with the id of a subject, which is made when it is not there."""
        found = self._client.search_runs([self._experiment], f"tags.`{_ID}` = '{subject.id}'", max_results=1)
        if found:
            return str(found[0].info.run_id)
        tags = {_ID: subject.id, "mlflow.source.name": PROJECT} | ({_PARENT: parent} if parent else {})
        return str(self._client.create_run(self._experiment, run_name=subject.name, tags=tags).info.run_id)


def _safe(name: str) -> str:
    """Return a name that MLflow takes.

    >>> _safe("metrics/mAP50-95(M)")
    'metrics/mAP50-95_M_'
    """
    return re.sub(r"[^\w./: -]", "_", name)

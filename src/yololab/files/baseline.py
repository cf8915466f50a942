"""Promoted baselines: one a dataset and task, with their history.

`outputs/baselines/<dataset>/<task>/history/<version>/` holds every version that was ever promoted, complete and never
changed. `provenance.json` names the version that counts; it is replaced last, in one step, so a killed promotion leaves
the earlier baseline in force. The metrics.json and predictions.npz next to it are copies for people and other tools.
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_file, new_folder, remove_temporaries
from yololab.files.json_files import read_json, write_json
from yololab.files.metrics import METRICS_VERSION, MetricsFile, read_metrics
from yololab.files.paths import METRICS, PREDICTIONS, PROVENANCE, TIMESTAMP, BaselineFolder, OutputTree, safe_name
from yololab.files.record import now

BASELINE_VERSION = 1
FINGERPRINT_DIGITS = 8


class Baseline(BaselineFolder):
    """The baseline of one dataset and task."""

    def exists(self) -> bool:
        """Whether something was promoted."""
        return self.provenance.is_file()

    def current(self) -> Path:
        """Return the folder of the version in force.

        Raises:
            InputError: Nothing was promoted, or its files are gone.
        """
        content = read_json(self.provenance, (BASELINE_VERSION,))
        version = self.history / str(content.get("version"))
        if not (version / METRICS).is_file():
            raise InputError(
                Problem(str(self.provenance), f"names version {version.name!r}, whose files are gone", remedy="promote")
            )
        return version

    def metrics(self) -> MetricsFile:
        """Return the metrics of the version in force."""
        return read_metrics(self.current() / METRICS)


def baseline_of(tree: OutputTree, dataset: str, task: str, fingerprint: str | None) -> Baseline:
    """Return the place of a baseline, whether or not there is one.

    Args:
        tree: The project's results.
        dataset: The option or the folder name of the dataset.
        task: Ultralytics' task.
        fingerprint: The fingerprint of the evaluated split.
    """
    suffix = f"-{fingerprint[:FINGERPRINT_DIGITS]}" if fingerprint else ""
    return Baseline(tree.baselines / f"{safe_name(dataset)}{suffix}" / task)


def other_baselines(tree: OutputTree, dataset: str, task: str, fingerprint: str | None) -> list[Baseline]:
    """Return the promoted baselines of a dataset and task that are of other images or labels: of another fingerprint.

    They tell why there is no baseline: the data has changed, or built-in data was drawn anew.

    Args:
        tree: The project's results.
        dataset: The option or the folder name of the dataset.
        task: Ultralytics' task.
        fingerprint: The fingerprint of the evaluated split.
    """
    own = baseline_of(tree, dataset, task, fingerprint)
    pattern = re.compile(rf"{re.escape(safe_name(dataset))}-[0-9a-f]{{{FINGERPRINT_DIGITS}}}")
    folders = sorted(tree.baselines.iterdir()) if tree.baselines.is_dir() else []
    found = [Baseline(folder / task) for folder in folders if pattern.fullmatch(folder.name)]
    return [baseline for baseline in found if baseline != own and baseline.exists()]


def promote(
    baseline: Baseline, metrics: MetricsFile, predictions: Path | None, origin: dict[str, Any], notes: str = ""
) -> Path:
    """Make an evaluation the baseline; earlier versions stay in the history.

    Args:
        baseline: The place.
        metrics: The evaluation.
        predictions: Its per-detection records, when there are any.
        origin: Where it came from: run, model, checkpoint hash, …
        notes: The user's text.

    Returns:
        The folder of the new version.
    """
    baseline.history.mkdir(parents=True, exist_ok=True)
    with FileLock(baseline.lock, timeout=60):
        stamp = now()
        version = _new_version(baseline.history)
        content = {**origin, "version": version, "promoted_at": stamp, "notes": notes}
        target = baseline.history / version
        for folder in (baseline.path, baseline.history):
            remove_temporaries(folder)
        with new_folder(target) as complete:
            write_json(complete / METRICS, metrics.content | {"promoted_at": stamp}, METRICS_VERSION)
            if predictions is not None:
                copy_file(predictions, complete / PREDICTIONS)
            write_json(complete / PROVENANCE, content, BASELINE_VERSION)
        for name in (METRICS, PREDICTIONS):
            copy_file(target / name, baseline.path / name)
        write_json(baseline.provenance, content, BASELINE_VERSION)
    return target


def _new_version(history: Path) -> str:
    """Return a version name that is not taken: the time, and a number for the second one of a second."""
    stamp = datetime.now().strftime(TIMESTAMP)
    taken = {path.name for path in history.iterdir()}
    number = 1
    while (name := stamp if number == 1 else f"{stamp}_{number}") in taken:
        number += 1
    return name

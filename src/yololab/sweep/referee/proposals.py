"""What a referee reads of a run: its numbers, and what tells it from other runs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from yololab.comparison.run_reference import RunReference
from yololab.errors import InputError, Problem
from yololab.files.baseline import Baseline
from yololab.files.looks import candidate_of
from yololab.files.metrics import MetricsFile
from yololab.files.paths import PREDICTIONS, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import NOT_THE_RECIPE, RecordContent
from yololab.sweep.referee.night import moment_of

# What changes where or how fast a training runs, or what is made of it, and not what is learnt.
_NO_PROPOSAL = NOT_THE_RECIPE | {
    *("device", "evaluation", "export", "dry_run"),
    *("workers", "cache", "verbose", "plots", "save_period"),
}
_PLACES = ("pretrained", "resume")


@dataclass(frozen=True)
class Contestant:
    """A run as the referee sees it.

    Attributes:
        path: Its folder, or its metrics.json.
        metrics: Its numbers.
        predictions: Its records.
        candidate: What tells it wherever it lies.
        recipe: What tells its recipe: settings that were really used, and training data, without the seed; None where
            nothing says.
        started: When its training began; None where nothing says.
        test_split: Whether its dataset has a test split.
    """

    path: Path
    metrics: MetricsFile
    predictions: Path
    candidate: str
    recipe: str | None
    started: datetime | None
    test_split: bool

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name if self.path.is_dir() else self.path.parent.name

    @property
    def value(self) -> float:
        """Its primary metric."""
        value = self.metrics.value(self.metrics.primary.name)
        if value is None:
            raise InputError(Problem(str(self.metrics.path), f"no {self.metrics.primary.name}", "an evaluation"))
        return value


def contestant(reference: RunReference) -> Contestant:
    """Return a run as the referee sees it.

    Raises:
        InputError: It has not been evaluated, or keeps no records, so that nothing can be tested.
    """
    metrics = reference.measured()
    predictions = reference.predictions or metrics.path.parent / PREDICTIONS
    candidate = candidate_of(reference.checkpoint, metrics.path)
    if not predictions.is_file() or candidate is None:
        remedy = "evaluate it again: yololab evaluate model=… data=…"
        raise InputError(Problem(str(reference.path), f"no {PREDICTIONS}", "a run with its records", remedy))
    record = record_of(reference.path)
    return Contestant(
        reference.path,
        metrics,
        predictions,
        candidate,
        recipe_of(record, metrics) if record else None,
        moment_of(record["timestamp"]) if record else None,
        "test" in (((record.get("dataset") or {}).get("fingerprint") or {}) if record else {}),
    )


def record_of(path: Path) -> RecordContent | None:
    """Return the record of a run, or of the run that a baseline was made of; None where there is none any more."""
    run = Baseline(path).run() if Baseline(path).exists() else RunFolder(path) if path.is_dir() else None
    return Record(run).read() if run is not None and run.record.is_file() else None


def recipe_of(record: RecordContent, metrics: MetricsFile | None = None) -> str | None:
    """Return what tells a recipe: the settings that were really used and the training data, without the seed."""
    requested = record.get("requested_config") or {}
    if not requested:
        return None
    used = (record.get("effective_config") or {}).get("values") or {}
    # Of a group (data, model) what was really used names places in the run's own folder.
    kept = {
        key: value if isinstance(value, Mapping) or key in _PLACES else used.get(key, value)
        for key, value in requested.items()
        if key not in _NO_PROPOSAL
    }
    data = ((record.get("dataset") or {}).get("fingerprint") or {}).get("train")
    data = data or (metrics.train_fingerprint if metrics else None)
    return sha256(json.dumps([kept, data], sort_keys=True, default=str).encode()).hexdigest()

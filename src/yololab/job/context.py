"""One job: what it was given, and what its stages have found so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yololab.comparison.result import Comparison
from yololab.config.schema import ExperimentConfig
from yololab.data.checks.check_report import CheckReport
from yololab.files.metrics import MetricsFile
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.signals import StopSignal
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.prepare import Prepared
from yololab.job.stages.estimate import Estimate
from yololab.job.stages.verify import Check
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.training.training import TrainRequest, TrainResult


@dataclass
class Job:
    """A job on its way through the stages.

    Attributes:
        config: The experiment.
        prepared: Dataset and model.
        folder: The run's folder.
        screen: Where it prints.
        gatekeeper: Who answers at the gates.
        stop: Whether somebody asked it to stop.
        trial: A trial of a sweep: it moves neither `latest` nor the copy of the newest evaluation.
        choices: The chosen option of each config group.
        earlier: The record as an earlier attempt left it; None in the first one.
        changed_data: Whether the dataset may have changed since.
        fingerprints: Content hash of each split.
        report: What the dataset check found.
        data_yaml: The data.yaml that Ultralytics is given.
        request: What the whole training asks for.
        rehearsal: What a dry run asks for instead; None for the whole training.
        estimate: What the training is expected to cost.
        training: What the training did.
        metrics: What the evaluation measured.
        comparison: What the comparison says.
        checklist: The verification.
        kept_checks: Where the sweep has kept its dataset checks; None for a job that makes its own.
        judge: Told the number and the metrics of each epoch, says whether the training is not worth going on with.
        pruned: Whether it was not.
    """

    config: ExperimentConfig
    prepared: Prepared
    folder: RunFolder
    screen: Screen
    gatekeeper: Gatekeeper
    stop: StopSignal
    trial: bool = False
    choices: dict[str, str] = field(default_factory=dict)
    earlier: Mapping[str, Any] | None = None
    changed_data: bool = False
    fingerprints: dict[str, str] = field(default_factory=dict)
    report: CheckReport | None = None
    data_yaml: Path | None = None
    request: TrainRequest | None = None
    rehearsal: TrainRequest | None = None
    estimate: Estimate | None = None
    training: TrainResult | None = None
    metrics: MetricsFile | None = None
    comparison: Comparison | None = None
    checklist: list[Check] = field(default_factory=list)
    kept_checks: Path | None = None
    judge: Callable[[int, Mapping[str, float | None]], bool] | None = None
    pruned: bool = False

    @property
    def record(self) -> Record:
        """The run's record."""
        return Record(self.folder)

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.config.train.seed

    def images(self) -> dict[str, int]:
        """Return the images of each split, of the training split those that are used; empty before the check."""
        if self.report is None:
            return {}
        images = {split: counts.images for split, counts in self.report.splits.items()}
        if self.config.data.subset is not None and self.folder.subset.is_file():
            images["train"] = len(self.folder.subset.read_text(encoding="utf-8").splitlines())
        return images

    def facts(self) -> dict[str, Any]:
        """What somebody who is asked needs to know."""
        return {
            "dataset": self.prepared.dataset_name,
            "device": self.config.device.id or "auto",
            "epochs": self.config.train.epochs,
            "imgsz": self.config.train.imgsz,
            "batch": self.config.train.batch,
            "images": self.images(),
            "estimated_seconds": self.estimate.seconds if self.estimate else None,
        }

"""What yololab's functions return in Python: typed, short when printed, and a card in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.data.checks.check_report import CheckReport
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import METRICS, RunFolder
from yololab.files.reading import read_text
from yololab.files.record_content import RecordContent, Status
from yololab.job.stages.estimate import Estimate
from yololab.report.appearance import Tone, status_appearance, verdict_appearance
from yololab.report.card import Card
from yololab.sweep.results.ranking_text import ranking_text
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.results.summary import Summary, read_summary
from yololab.sweep.state import SweepFolder
from yololab.text import counted, duration, number, setting, size

MOST_TRIALS = 10


class Shown:
    """A result that is shown as a card."""

    def card(self) -> Card:
        """Return what the card shows."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """Return the card as a notebook draws it."""
        return self.card().html()

    def __repr__(self) -> str:
        """Return the card's first line, and its numbers."""
        card = self.card()
        numbers = ", ".join(f"{name} {value}" for name, value in list(card.numbers.items())[:4])
        return f"<{type(self).__name__} {card.title}: {'; '.join(part for part in (card.badge, numbers) if part)}>"


@dataclass(frozen=True)
class Export:
    """What was exported of a run, and whether it is as good as the checkpoint.

    Attributes:
        path: The file or folder.
        format: Ultralytics' name of the format.
        precision: INT8, FP16, …; None for full precision.
        works: Whether it is as good; None when that cannot be said.
        text: What that rests on, in a sentence.
        verdict: Of the comparison on the evaluated split; None where only a few images were looked at.
        broken_images: The images that lost most, the worst first.
        calibration: The images that its ranges come from; empty without calibration.
        metrics: Its numbers on the evaluated split; None where only a few images were looked at.
        checkpoint: The checkpoint's numbers, measured in the same way.
    """

    path: Path
    format: str
    precision: str | None
    works: bool | None
    text: str
    verdict: str | None = None
    broken_images: tuple[str, ...] = ()
    calibration: tuple[Path, ...] = ()
    metrics: MetricsFile | None = None
    checkpoint: MetricsFile | None = None


@dataclass(frozen=True, repr=False)
class Experiment(Shown):
    """A finished (or unfinished) run, as its folder tells it.

    Attributes:
        folder: The paths of its files.
        record: The content of experiment_log.json.
        exit_code: What `yololab train` would have returned; None for a run that was loaded.
    """

    folder: RunFolder
    record: RecordContent
    exit_code: int | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def status(self) -> Status:
        """What became of it."""
        return Status(self.record["status"])

    @property
    def metrics(self) -> MetricsFile | None:
        """What its evaluation measured; None when it was not reached."""
        return read_metrics(self.folder.metrics) if self.folder.metrics.is_file() else None

    @property
    def comparison(self) -> Mapping[str, Any] | None:
        """The content of its comparison.json; None when it was not reached."""
        from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent

        file = self.folder.comparison
        return read_json(file, (COMPARISON_VERSION,), ComparisonContent) if file.is_file() else None

    @property
    def verdict(self) -> str | None:
        """What the comparison with the baseline says; None when it was not reached."""
        return None if self.comparison is None else str(self.comparison["verdict"])

    @property
    def weights(self) -> Path | None:
        """Its best checkpoint; None when there is none."""
        return self.folder.best if self.folder.best.is_file() else None

    @property
    def export(self) -> Export | None:
        """What was exported of it; None when nothing was."""
        made, folder = self.record.get("export"), self.folder
        if not made:
            return None
        compared = made.get("verdict") is not None
        listed = read_text(folder.calibration).splitlines() if made.get("calibration") else []
        return Export(
            Path(made["path"]),
            made.get("format", ""),
            made.get("precision"),
            made.get("works"),
            made.get("sentence", ""),
            made.get("verdict"),
            tuple(made.get("broken_images", ())),
            tuple(map(Path, listed)),
            read_metrics(folder.export_check / METRICS) if compared else None,
            read_metrics(folder.export_reference / METRICS) if compared else None,
        )

    @property
    def report(self) -> Path | None:
        """Its page; None when there is none."""
        return self.folder.report if self.folder.report.is_file() else None

    def card(self) -> Card:
        """Return the verdict, or what became of the run, with its metrics."""
        compared, error = self.comparison, (self.record.get("error") or {}).get("message") or ""
        shown = status_appearance(self.status) if compared is None else verdict_appearance(self.verdict or "")
        badge = shown.headline if self.status is Status.COMPLETE else status_appearance(self.status).headline
        numbers = {} if self.metrics is None else _numbers(self.metrics)
        epochs, seconds = (self.record.get("results") or {}).get("final_epoch"), self.record.get("timings") or {}
        if epochs is not None:
            numbers["epochs"] = f"{epochs} in {duration(seconds.get('train'))}"
        folder = self.folder
        links = {"report": folder.report, "weights": folder.best, "metrics": folder.metrics, "log": folder.log}
        message = error or ("" if compared is None else str(compared["sentence"]))
        return Card(self.path.name, badge, Tone.BAD if error else shown.tone, message, numbers, links)


class Evaluation(Shown, MetricsFile):
    """The numbers of one evaluation: `value("mAP50-95")`, `metrics`, `task`, `split`, and the whole `content`."""

    def card(self) -> Card:
        """Return the metrics."""
        title = f"{Path(str(self.content.get('model') or self.path)).name} on {self.split or 'its data'}"
        return Card(title, numbers=_numbers(self), links={"metrics": self.path})


@dataclass(frozen=True, repr=False)
class DatasetCheck(Shown):
    """What `check` found.

    Attributes:
        folder: Where dataset_report.json and its page lie.
        name: The dataset.
        report: Counts, findings, distribution.
    """

    folder: RunFolder
    name: str
    report: CheckReport

    @property
    def passes(self) -> bool:
        """Whether nothing blocks a training."""
        return not self.report.blocking

    def card(self) -> Card:
        """Return what a split holds, and how much was found."""
        splits = {split: counted(found.images, "image") for split, found in self.report.splits.items()}
        findings = {found.check: found.what for found in self.report.problems[:MOST_TRIALS]}
        badge, tone = ("nothing blocks a training", Tone.GOOD) if self.passes else ("blocked", Tone.BAD)
        return Card(self.name, badge, tone, "", splits | findings, {"report": self.folder.report})


@dataclass(frozen=True, repr=False)
class CostEstimate(Shown):
    """What `estimate` reckons.

    Attributes:
        estimate: Its parts: training, evaluation, export, disk, and what was measured.
        warnings: What there will be too little of.
        devices: The names of the devices that it was measured on.
    """

    estimate: Estimate
    warnings: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """The whole job, at most."""
        return self.estimate.seconds

    def card(self) -> Card:
        """Return what the job takes."""
        found = self.estimate
        parts = {
            "training": found.training_seconds,
            "evaluation": found.evaluation_seconds,
            "export": found.export_seconds,
        }
        numbers = {name: duration(seconds) for name, seconds in parts.items() if seconds}
        numbers |= {"epochs": str(found.epochs), "disk": size(found.disk_bytes)}
        tone = Tone.WARN if self.warnings else Tone.NEUTRAL
        return Card("Estimate", f"{duration(self.seconds)} at most", tone, "; ".join(self.warnings), numbers)


@dataclass(frozen=True, repr=False)
class Sweep(Shown):
    """A sweep, as its folder tells it.

    Attributes:
        summary: What it has found so far.
        exit_code: What `yololab -m` would have returned; None for one that was loaded.
    """

    summary: Summary
    exit_code: int | None = None

    @property
    def folder(self) -> SweepFolder:
        """The paths of its files."""
        return self.summary.folder

    @property
    def path(self) -> Path:
        """The sweep's folder."""
        return self.folder.path

    @property
    def trials(self) -> tuple[TrialRow, ...]:
        """A row a trial, in the order of their numbers."""
        return self.summary.rows

    @property
    def winner(self) -> TrialRow | None:
        """The best trial; None when none was measured to its end."""
        return self.summary.winner

    @property
    def answer(self) -> str:
        """What it says, in a sentence."""
        return ranking_text(self.summary.rows, self.summary.ranking, finished=self.summary.finished)

    def card(self) -> Card:
        """Return the best trials."""
        rows = {row.trial: row for row in self.trials}
        best = [rows[trial] for trial in self.summary.ranking.order[:MOST_TRIALS]]
        metric = self.summary.settings.objectives[0].metric
        numbers = {
            ", ".join([f"trial {row.trial}", *(f"{key}={setting(value)}" for key, value in row.values.items())]): (
                f"{metric} {number(row.score)}" if row.complete else str(row.status)
            )
            for row in best
        }
        links = {"report": self.folder.report, "table": self.folder.summary_table}
        return Card(self.path.name, counted(len(rows), "trial"), Tone.NEUTRAL, self.answer, numbers, links)


def sweep_in(folder: Path, exit_code: int | None = None) -> Sweep:
    """Read a sweep from its folder.

    Raises:
        InputError: The folder is not a sweep's.
    """
    return Sweep(read_summary(SweepFolder(folder), statistics=True), exit_code)


def _numbers(metrics: MetricsFile) -> dict[str, str]:
    return {metric.name: number(metrics.value(metric.name)) for metric in metrics.metrics}

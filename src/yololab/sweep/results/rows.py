"""What each trial of a sweep left: a row a trial, read from the files of its folder and from nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent
from yololab.errors import InputError
from yololab.files.epochs import EpochTable, read_results
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.statistics.inference.hypothesis_tests import holm
from yololab.statistics.inference.verdict import ALPHA, CLAIMS, Verdict
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus, trial_status
from yololab.tasks import TASKS

Found = TypeVar("Found")
SEED = "seed"
_SPEED = "speed_ms.inference"


@dataclass(frozen=True)
class BaselineVerdict:
    """What the comparison of a trial with the baseline says; it was made once, by the trial itself.

    Attributes:
        verdict: The verdict; for a row of a sweep corrected as `p_adjusted` is.
        delta: Trial − baseline on the primary metric.
        low: Lower end of the 95 % interval of that.
        high: Upper end.
        p: Two-sided p-value.
        p_adjusted: The same after Holm over all trials that were compared.
        supported: Whether the verdict rests on a test over the images.
        path: The baseline.
        otherwise: The verdict, were the difference not more than chance.
        alone: The verdict of the trial's own comparison, as if it were the only one.
    """

    verdict: str
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    supported: bool = False
    path: str | None = None
    otherwise: str = Verdict.INCONCLUSIVE.value
    alone: str | None = None


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Attributes:
        trial: Its number.
        values: Swept key → its value.
        status: What became of it.
        folder: Its folder.
        task: Its task; None when it did not get that far.
        metrics: The metrics of its metrics.json.
        objectives: The values of what the sweep is after, in the order of the objectives; None where not known.
        epochs: Epochs completed.
        seconds: Seconds of training.
        error: Why it failed, in one line.
        baseline: Its comparison with the baseline; None when there was none.
        overrides: All its overrides.
        weights_bytes: Bytes of its checkpoints.
        seed: The seed of its training, when one was set on the command line or by the sweep.
    """

    trial: int
    values: dict[str, Any]
    status: TrialStatus
    folder: Path
    task: str | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    objectives: tuple[float | None, ...] = ()
    epochs: int | None = None
    seconds: float | None = None
    error: str | None = None
    baseline: BaselineVerdict | None = None
    overrides: tuple[str, ...] = ()
    weights_bytes: int = 0
    seed: str | None = None

    @property
    def recipe(self) -> dict[str, Any]:
        """Its values but the seed: what it shares with the other runs of its recipe."""
        return {key: value for key, value in self.values.items() if key != SEED}

    @property
    def score(self) -> float | None:
        """The value of the first objective, by which trials are ranked."""
        return self.objectives[0] if self.objectives else None

    @property
    def complete(self) -> bool:
        """Whether it was trained and measured to its end."""
        return self.status is TrialStatus.COMPLETE

    @property
    def run(self) -> RunFolder:
        """The paths of its files."""
        return RunFolder(self.folder)

    @property
    def label(self) -> str:
        """Its number and its values, for people."""
        return ", ".join([f"trial {self.trial}", *(f"{key}={value}" for key, value in self.values.items())])


def read_row(folder: SweepFolder, entry: TrialEntry, objectives: Sequence[Objective]) -> TrialRow:
    """Read what one trial left; a file that cannot be read counts as one that is not there.

    Args:
        folder: The sweep's folder.
        entry: What the sweep knows of the trial.
        objectives: What the sweep is after.
    """
    run = folder.trial(entry.number)
    record = _read(Record(run).read)
    metrics = _read(lambda: read_metrics(run.metrics))
    table = _read(lambda: read_results(run.results))
    known: Mapping[str, Any] = record or {}
    error = entry.error or known.get("error") or {}
    status = trial_status(entry, record)
    message = str(error.get("message") or "").strip() if status in (TrialStatus.FAILED, TrialStatus.INTERRUPTED) else ""
    measured = tuple(metrics.value(item.metric) if metrics else None for item in objectives)
    if metrics is None and status in (TrialStatus.PAUSED, TrialStatus.PRUNED) and table is not None:
        measured = tuple(_best_in(table, known.get("task"), item) for item in objectives)  # it was never evaluated
    shown = {item.metric: value for item, value in zip(objectives, measured, strict=True)}
    return TrialRow(
        trial=entry.number,
        values=dict(entry.params),
        status=status,
        folder=run.path,
        task=known.get("task") or (metrics.task if metrics else None),
        metrics=metrics_of(metrics) or {name: value for name, value in shown.items() if value is not None},
        objectives=entry.objectives if entry.objectives is not None and None in measured else measured,
        # The table also knows of a training that was ended from outside.
        epochs=max(table.epochs) if table and table.epochs else (known.get("results") or {}).get("final_epoch"),
        seconds=(known.get("timings") or {}).get("train"),
        error=message.partition("\n")[0] or None,
        baseline=_baseline(run),
        overrides=entry.overrides,
        weights_bytes=sum(file.stat().st_size for file in run.weights.glob("*.pt") if file.is_file()),
        seed=seed_of(entry),
    )


@dataclass
class RowCache:
    """The rows of a running sweep: a trial is read again only when one of its files has changed.

    Another parent of the sweep may end trials, too; its rows are found by the times and sizes of their files.

    Attributes:
        folder: The sweep's folder.
        objectives: What the sweep is after.
    """

    folder: SweepFolder
    objectives: Sequence[Objective]
    _rows: dict[int, tuple[Any, TrialRow]] = field(default_factory=dict)

    def read(self) -> list[TrialRow]:
        """Return a row for each trial, in the order of their numbers."""
        for number in self.folder.numbers():
            run = self.folder.trial(number)
            # Taken before the files are read: what changes meanwhile is seen the next time.
            files = (run.trial, run.record, run.metrics, run.results, run.comparison)
            state = [_state(file) for file in files]
            if number not in self._rows or self._rows[number][0] != state:
                self._rows[number] = state, read_row(self.folder, self.folder.known_trial(number), self.objectives)
        return [row for _, (_, row) in sorted(self._rows.items())]


def _state(file: Path) -> tuple[int, int, int] | None:
    """Return what is another one when a file was written; None for one that is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def seed_of(entry: TrialEntry) -> str | None:
    """Return the seed that a trial was given; None when it took the config's own."""
    given = dict(override.lstrip("+").split("=", 1) for override in entry.overrides if "=" in override)
    seed = entry.params.get(SEED, given.get(SEED))
    return None if seed is None else str(seed)


def metrics_of(metrics: MetricsFile | None) -> dict[str, float | None]:
    """Return the metrics of an evaluation by their names, those of its task first, its speed last."""
    if metrics is None:
        return {}
    found = {metric.name: metrics.value(metric.name) for metric in metrics.metrics}
    speed = metrics.value(_SPEED)
    return found if speed is None else found | {_SPEED: speed}


def with_adjusted_p(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """Return the rows with verdict and p-value against the baseline corrected for their number.

    The more trials are held against one baseline, the likelier one of them beats it by luck: Holm (1979) keeps the
    chance of any false finding below the level, whatever the trials have in common.
    """
    known = {row.trial: row.baseline.p for row in rows if row.baseline and row.baseline.p is not None}
    adjusted = dict(zip(known, holm(list(known.values())), strict=True))
    return [
        replace(row, baseline=_corrected(row.baseline, adjusted.get(row.trial))) if row.baseline else row
        for row in rows
    ]


def _corrected(found: BaselineVerdict, p: float | None) -> BaselineVerdict:
    """Return a comparison with the baseline under a corrected p-value: what is chance then is no longer claimed."""
    chance = found.verdict in CLAIMS and p is not None and p >= ALPHA
    return replace(found, p_adjusted=p, alone=found.verdict, verdict=found.otherwise if chance else found.verdict)


def value_at(row: TrialRow, objective: Objective, epoch: int) -> float | None:
    """Return what a trial's validation has shown of an objective by an epoch: the best of those until then."""
    table = _read(lambda: read_results(row.run.results))
    return None if table is None else _best_in(table, row.task, objective, epoch)


def _best_in(table: EpochTable, task: str | None, objective: Objective, epoch: int | None = None) -> float | None:
    """Return the best value that the validations in training have shown, of those until an epoch."""
    metrics = TASKS[task].metrics if task in TASKS else ()
    column = table.metrics.get(next((item.source for item in metrics if item.name == objective.metric), ""), ())
    shown = zip(table.epochs, column, strict=False)
    values = [value for at, value in shown if value is not None and (epoch is None or at <= epoch)]
    return (min if objective.lower_is_better else max)(values, default=None)


def _baseline(run: RunFolder) -> BaselineVerdict | None:
    """Return what the trial's comparison says."""
    content = _read(lambda: read_json(run.comparison, (COMPARISON_VERSION,), ComparisonContent))
    if content is None:
        return None
    primary = primary_row(content)
    delta, low, high, p = (primary.get(name) for name in ("delta", "ci_low", "ci_high", "p"))
    if joint := content.get("primary_metrics"):
        p = joint["p"]  # already corrected for the metrics; the trials come on top
    path = content["baseline"]["path"] if content["baseline"] else None
    supported = content["statistical_support"]
    otherwise = (content["statistics"] or {}).get("otherwise") or Verdict.INCONCLUSIVE.value
    return BaselineVerdict(
        content["verdict"], delta, low, high, p, supported=supported, path=path, otherwise=str(otherwise)
    )


def primary_row(comparison: ComparisonContent) -> Mapping[str, Any]:
    """Return what a comparison says of the primary metric; empty when it says nothing."""
    rows: list[Mapping[str, Any]] = [*comparison["metrics"]]
    return next((row for row in rows if row["metric"] == comparison["primary_metric"]), {})


def _read(read: Callable[[], Found]) -> Found | None:
    """Return what `read` returns; None for a file that is not there or cannot be read."""
    try:
        return read()
    except InputError:
        return None

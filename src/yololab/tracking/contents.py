"""What the folder of a run, a trial or a sweep has to tell a tracker, read from the files as they stand."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent
from yololab.errors import InputError
from yololab.files.baseline import PROMOTED_VERSION, PromotedContent
from yololab.files.epochs import EpochTable, read_results
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import RunFolder, SweepPaths
from yololab.files.record import Record
from yololab.files.record_content import RecordContent, Status
from yololab.tasks import task_named
from yololab.text import as_number, flattened
from yololab.tracking.tracker import Subject

Numbers = Mapping[str, float]
Found = TypeVar("Found")
SWEEP_VERSION, SUMMARY_VERSION = 1, 2


class _Sweep(TypedDict, total=False):
    """What is read of sweep.json."""

    identity: str
    created: str
    arguments: list[str]
    budget: int
    engine: str
    command: list[str]
    search: dict[str, Any]


class _Row(TypedDict, total=False):
    """What is read of a trial in summary.json."""

    trial: int
    status: str
    metrics: dict[str, float | None]


class _Summary(TypedDict, total=False):
    """What is read of summary.json."""

    answer: str
    finished: bool
    winner: dict[str, Any] | None
    counts: dict[str, int]
    trials: list[_Row]


@dataclass(frozen=True)
class Contents:
    """What there is to tell.

    Attributes:
        settings: The config, flat, secrets masked as in the record.
        steps: Epoch, or number of a trial in its sweep → its numbers, in order.
        results: What was measured in the end, under the pinned protocol.
        facts: What is known in words.
        files: Kind → file.
        baseline: Dataset and task that it was made the baseline of last; None when it never was.
        failed: Whether it has ended without a result.
    """

    settings: Mapping[str, Any]
    steps: Mapping[int, Numbers] = field(default_factory=dict)
    results: Numbers = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    baseline: str | None = None
    failed: bool = False


def subject_of(folder: Path) -> Subject:
    """Return what lies in a folder.

    Raises:
        InputError: Neither a run nor a sweep, or its record cannot be read.
    """
    sweep = SweepPaths(folder)
    if sweep.settings_file.is_file():
        settings = read_json(sweep.settings_file, (SWEEP_VERSION,), _Sweep)
        identity = settings.get("identity") or _digest(settings.get("created"), folder.name)
        return Subject(identity, folder.name, "sweep", folder)
    record = Record(RunFolder(folder)).read()
    first = (record.get("attempts") or [{}])[0]
    identity = _digest(record["timestamp"], record.get("name"), first.get("host"), first.get("pid"))
    if not SweepPaths(folder.parent).settings_file.is_file():
        return Subject(identity, folder.name, "run", folder)
    parent = subject_of(folder.parent)
    return Subject(identity, f"{parent.name}/{folder.name}", "trial", folder, parent)


def contents_of(subject: Subject) -> Contents:
    """Return what there is to tell of a run or a sweep by now.

    Raises:
        InputError: Its record cannot be read.
    """
    return _of_sweep(subject) if subject.kind == "sweep" else _of_run(subject)


def _of_run(subject: Subject) -> Contents:
    """Return what a run or a trial tells; a file that cannot be read costs what it holds."""
    folder = RunFolder(subject.folder)
    record = Record(folder).read()
    config = record.get("requested_config") or {}
    metrics = _or_none(lambda: read_metrics(folder.metrics)) if folder.metrics.is_file() else None
    compared = (
        _or_none(lambda: read_json(folder.comparison, (COMPARISON_VERSION,), ComparisonContent))
        if folder.comparison.is_file()
        else None
    )
    table = None
    if folder.results.is_file():
        table = _or_none(lambda: read_results(folder.results, validated=config.get("val") is not False))
    files = {"metrics": folder.metrics, "comparison": folder.comparison_markdown, "report": folder.report}
    promoted = (
        _or_none(lambda: read_json(folder.promoted, (PROMOTED_VERSION,), PromotedContent)["baselines"])
        if folder.promoted.is_file()
        else None
    )
    if promoted or subject.kind == "run":  # of a sweep's trials only the winner's weights are worth the room
        files["weights"] = folder.best
    return Contents(
        settings=dict(flattened(config)),
        steps={} if table is None else _epochs(table, record.get("task")),
        results=_measured(metrics) | _differences(compared),
        facts=_facts(record, compared) | {"kind": subject.kind, "folder": str(subject.folder)},
        files={kind: path for kind, path in files.items() if path.is_file()},
        baseline="-".join(Path(promoted[-1]["baseline"]).parts[-2:]) if promoted else None,
        failed=record["status"] not in (Status.COMPLETE, Status.PRUNED),
    )


def _of_sweep(subject: Subject) -> Contents:
    """Return what a sweep tells: its trials, and the winner's files."""
    sweep = SweepPaths(subject.folder)
    asked = read_json(sweep.settings_file, (SWEEP_VERSION,), _Sweep)
    summary = (
        _or_none(lambda: read_json(sweep.summary, (SUMMARY_VERSION,), _Summary)) if sweep.summary.is_file() else None
    )
    found: _Summary = summary or {}
    best = RunFolder(sweep.best)
    files = {"summary": sweep.summary, "table": sweep.summary_table, "report": sweep.report, "weights": best.best}
    counts = found.get("counts") or {}
    winner = (found.get("winner") or {}).get("trial")
    rows = {row["trial"]: row for row in found.get("trials") or [] if "trial" in row}
    numbers = {number: _named("trial", row.get("metrics") or {}) for number, row in sorted(rows.items())}
    facts = {"kind": "sweep", "folder": str(subject.folder), "answer": found.get("answer") or ""}
    facts |= {"winner": str(winner)} if winner is not None else {}
    return Contents(
        settings=dict(flattened({key: asked.get(key) for key in ("arguments", "budget", "engine", "search")})),
        steps={number: values for number, values in numbers.items() if values},
        results={f"trials/{status}": float(count) for status, count in counts.items()}
        | {
            name.replace("trial/", "best/", 1): value
            for name, value in numbers.get(winner or 0, {}).items()
            if winner is not None
        },
        facts={name: text for name, text in facts.items() if text},
        files={kind: path for kind, path in files.items() if path.is_file()},
        failed=not counts.get("complete"),
    )


def _epochs(table: EpochTable, task: str | None) -> dict[int, Numbers]:
    """Return the numbers of each epoch: losses and rates by Ultralytics' names, metrics by ours.

    The metrics are those of the validation in training; the evaluation under the pinned protocol has names of its own.
    """
    rows = task_named(task).metrics if task else ()
    columns = {**table.losses, **table.learning_rates, "seconds": table.seconds}
    columns |= {f"metrics/{row.name}": table.metrics[row.source] for row in rows if row.source in table.metrics}
    return {
        epoch: {name: value for name, values in columns.items() if (value := values[index]) is not None}
        for index, epoch in enumerate(table.epochs)
    }


def _measured(metrics: MetricsFile | None) -> dict[str, float]:
    """Return the numbers of the evaluation."""
    names = [] if metrics is None else [row.name for row in metrics.metrics] + ["fitness", "speed_ms.inference"]
    values = {name: metrics.value(name) for name in names} if metrics is not None else {}
    return _named("evaluation", values)


def _differences(compared: ComparisonContent | None) -> dict[str, float]:
    """Return the differences from the baseline, with their intervals."""
    rows = [] if compared is None else compared["metrics"]
    named = {f"{row.get('metric')}/{key}": row.get(key) for row in rows for key in ("delta", "ci_low", "ci_high", "p")}
    return _named("comparison", named)


def _named(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Return the finite numbers among values."""
    numbers = {f"{prefix}/{name}": as_number(value) for name, value in values.items()}
    return {name: value for name, value in numbers.items() if value is not None}


def _facts(record: RecordContent, compared: ComparisonContent | None) -> dict[str, str]:
    """Return what a record says in words."""
    dataset, origin = record.get("dataset") or {}, record.get("provenance") or {}
    fingerprints = (dataset.get("fingerprint") or {}).items()
    error, notes = record.get("error") or {}, record.get("notes") or []
    verdict, answer = (None, None) if compared is None else (compared["verdict"], compared["sentence"])
    facts = {
        "status": str(record["status"]),
        "task": record.get("task"),
        "dataset": dataset.get("name"),
        "commit": (origin.get("git") or {}).get("commit"),
        "verdict": verdict,
        "answer": answer,
        "error": error.get("message"),
        "notes": "\n".join(note["text"] for note in notes if "text" in note) if isinstance(notes, list) else notes,
    }
    facts |= {f"fingerprint.{split}": value for split, value in fingerprints}
    return {name: str(text) for name, text in facts.items() if text}


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]


def _or_none(read: Callable[[], Found]) -> Found | None:
    """Return what can be read; None for a file that is damaged, or half there."""
    with suppress(InputError, OSError):
        return read()
    return None

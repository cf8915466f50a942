"""What experiment_log.json holds, as far as anything here uses it; checked whenever a record is read."""

from enum import StrEnum
from pathlib import PurePath
from typing import Annotated, Any, Required, TypedDict

from msgspec import Meta

from yololab.files.json_files import PathText

Pid = Annotated[int, Meta(ge=0, lt=2**31)]
# What may differ between two runs of one recipe: the seed, where and under which name a run lies, what is done besides.
NOT_THE_RECIPE = frozenset(
    {"seed", "name", "notes", "paths", "approval", "report", "baseline", "verification", "check"}
    | {"search", "tracking", "estimate", "resume", "resuming"}
)
# The setting that says which fold of a dataset validates: the folds of a recipe are one result.
FOLD = "data.fold"


class Status(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    COMPLETE = "complete"
    REJECTED = "rejected"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    PRUNED = "pruned"
    PAUSED = "paused"


class NoteEntry(TypedDict, total=False):
    """One note."""

    time: str
    text: str


class AttemptEntry(TypedDict, total=False):
    """One start of the run."""

    started: str
    ended: str | None
    status: str
    host: str
    pid: int
    from_epoch: int
    reason: str


class ApprovalEntry(TypedDict, total=False):
    """The answer of a gate."""

    gate: Required[str]
    answer: Required[str]
    by: Required[str]
    time: Required[str]
    facts: Required[dict[str, Any]]


class ProcessEntry(TypedDict, total=False):
    """The process that worked in the run's folder last."""

    host: Required[str]
    pid: Required[Pid]
    started: str | None


class ProvenanceSection(TypedDict, total=False):
    """Where the run comes from."""

    working_directory: PathText
    process: ProcessEntry | None
    git: dict[str, Any] | None
    packages: dict[str, Any] | None
    hardware: dict[str, Any] | None


class DatasetSection(TypedDict, total=False):
    """What it was trained on."""

    name: str | None
    source: PathText | None
    fingerprint: dict[str, str] | None


class ModelSection(TypedDict, total=False):
    """What it started from."""

    lineage: str | None


class RepeatsSection(TypedDict, total=False):
    """The run that it repeats."""

    run: PathText


class ExtendsSection(TypedDict, total=False):
    """The run that it trains further, and how; `epochs_before` counts all runs of the chain."""

    run: PathText
    chain: list[str]
    weights: str
    weights_sha256: str | None
    epochs_before: int
    epochs: int
    total_epochs: int
    optimizer: str
    schedule: dict[str, float]
    differences: list[str]


class ErrorSection(TypedDict, total=False):
    """Why it ended."""

    kind: str | None
    message: str | None
    exit_code: int | None


class VerificationSection(TypedDict, total=False):
    """The checklist; whether its items are whole, the stage that makes it decides."""

    passed: bool
    checks: list[Any] | None


class RegistrationSection(TypedDict, total=False):
    """What the run will be judged by, written before its training; the hash is that of all other keys."""

    tolerance: float
    metric: list[str]
    correction: str | None
    gate: str | None
    definition: str
    group: str | None
    split: str | None
    run: str
    started: str
    settings: str
    time: str
    sha256: str


class ComparisonSection(TypedDict, total=False):
    """What the comparison with the baseline said."""

    verdict: str
    path: str
    look: dict[str, Any] | None


class CalibrationSection(TypedDict, total=False):
    """The images that a quantised export takes its ranges from."""

    split: str
    images: int
    list: PathText


class ExportSection(TypedDict, total=False):
    """The exported model; `works` is null where that cannot be said."""

    path: Required[PathText]
    format: str
    precision: str | None
    works: bool | None
    sentence: str
    verdict: str | None
    calibration: CalibrationSection | None
    broken_images: list[str]


class WinnerSection(TypedDict, total=False):
    """What a sweep did with its winner."""

    error: str | None


Results = TypedDict(
    "Results", {"best_mAP50": float | None, "best_mAP50-95": float | None, "final_epoch": int | None}, total=False
)


class RecordContent(TypedDict, total=False):
    """A record."""

    timestamp: Required[str]
    status: Required[Status]
    name: str | None
    error: ErrorSection | None
    task: str | None
    requested_config: dict[str, Any] | None
    effective_config: dict[str, Any] | None
    results: Results | None
    notes: list[NoteEntry] | str | None
    tags: list[str] | None
    approvals: list[ApprovalEntry]
    timings: dict[str, float]
    attempts: list[AttemptEntry]
    provenance: ProvenanceSection | None
    dataset: DatasetSection | None
    model: ModelSection | None
    repeats: RepeatsSection | None
    extends: ExtendsSection | None
    estimate: dict[str, Any] | None
    training: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    registered: RegistrationSection | None
    comparison: ComparisonSection | None
    verification: VerificationSection | None
    export: ExportSection | None
    promoted: dict[str, Any] | None
    winner: WinnerSection | None
    dry_run: dict[str, Any] | None
    tracking: dict[str, Any] | None
    refereed: dict[str, Any] | None


def broken_export(record: RecordContent) -> str | None:
    """Return what is wrong with the export of a run; None where nothing is known to be wrong.

    >>> broken_export({"timestamp": "", "status": Status.COMPLETE, "export": {"path": "b.onnx", "works": False}})
    'b.onnx: it does not work'
    """
    export = record.get("export")
    if not export or export.get("works") is not False:
        return None
    return f"{PurePath(export['path']).name}: {export.get('sentence') or 'it does not work'}"

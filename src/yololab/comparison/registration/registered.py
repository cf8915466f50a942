"""What a run will be judged by, written into its record before the first batch, with a hash.

A tolerance, a metric or a group that is chosen after the result is seen can make any result a success. So tolerance,
metrics, definition, group, split and gate are registered; a comparison that goes by others says so in its sentence. The
hash is shown in the log of the run as well: it shows that nobody has edited the record since, by accident or to please.
It holds as well whose registration it is (name, start and settings of the run, the seed among them): that of another
run, copied into a record, has a hash that fits, and is refused.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from yololab.comparison.result import Comparison
from yololab.config.measuring.evaluation import EvaluationConfig
from yololab.config.schema import BaselineConfig
from yololab.files.paths import RunFolder
from yololab.files.record import Record, now
from yololab.files.record_content import RecordContent, RegistrationSection
from yololab.text import moment

# What is compared of it, and how it is called.
_CALLED = {
    "tolerance": "baseline.tolerance",
    "metric": "baseline.metric",
    "correction": "baseline.correction",
    "gate": "baseline.gate",
    "definition": "evaluation.definition",
    "group": "evaluation.group",
    "split": "evaluation.split",
}
SHOWN_OF_HASH = 12
# What tells whose registration it is, and how that is called.
_IDENTITY = {"run": "name", "started": "start", "settings": "configuration"}
KEY = "registration"  # in comparison.json


@dataclass(frozen=True)
class Criteria:
    """What a model is judged by.

    Attributes:
        tolerance: The drop that still counts as no worse.
        metric: The primary metrics.
        correction: How several of them share α; None of one.
        gate: `baseline.gate` as it was set; None for the command's default.
        definition: Whose AP.
        group: What names the group of an image; None for images of their own.
        split: The split that is measured.
    """

    tolerance: float
    metric: tuple[str, ...]
    correction: str | None
    gate: str | None
    definition: str
    group: str | None
    split: str | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a record keeps it."""
        return {name: getattr(self, name) for name in _CALLED} | {"metric": list(self.metric)}


def criteria_of(baseline: BaselineConfig, evaluation: EvaluationConfig, primary: str, group: str | None) -> Criteria:
    """Return what the settings of a job judge a model by.

    Args:
        baseline: `baseline.*`.
        evaluation: `evaluation.*`.
        primary: The task's primary metric.
        group: `evaluation.group`, a file in it by its absolute path.
    """
    metrics = tuple(baseline.metric or (primary,))
    return Criteria(
        tolerance=baseline.tolerance,
        metric=metrics,
        correction=str(baseline.correction) if len(metrics) > 1 else None,
        gate=None if baseline.gate is None else str(baseline.gate),
        definition=str(evaluation.definition),
        group=group,
        split=str(evaluation.split),
    )


def register(criteria: Criteria, run: RunFolder) -> RegistrationSection:
    """Return what the record of a run keeps, once it has begun.

    Args:
        criteria: What it will be judged by.
        run: The run.
    """
    values = criteria.to_json() | _identity(Record(run).read(), run.path.name) | {"time": now()}
    return cast(RegistrationSection, {**values, "sha256": _hash_of(values)})


def registered_in(folder: Path) -> tuple[RegistrationSection, str] | None:
    """Return what is registered of a run, and why that is not its own registration (empty where it is).

    None for anything else, and for runs of before there were registrations.
    """
    run = RunFolder(folder)
    record = Record(run).read() if run.record.is_file() else None
    found = record.get("registered") if record else None
    if record is None or not found:
        return None
    wanted: Mapping[str, Any] = found
    own = _identity(record, str(found.get("run")))
    unlike = [what for key, what in _IDENTITY.items() if wanted.get(key, own[key]) != own[key]]
    if not unlike:
        return found, ""
    *others, last = unlike
    what = f"{', '.join(others)} and {last}" if others else last
    theirs = (
        f"{found.get('run')}, which began at {moment(found['started'])}" if "started" in found else found.get("run")
    )
    return found, f"it was made for a run of another {what} ({theirs})"


def _identity(record: RecordContent, name: str) -> dict[str, Any]:
    """Return what tells a run from others, wherever it lies and whatever its folder is called now.

    Args:
        record: Its record.
        name: What it is called where the record does not say.
    """
    settings = hashlib.sha256(json.dumps(record.get("requested_config"), sort_keys=True, default=str).encode())
    return {"run": record.get("name") or name, "started": record["timestamp"], "settings": settings.hexdigest()}


def held_to_registration(comparison: Comparison, folders: Iterable[Path], used: Criteria) -> Comparison:
    """Return a comparison that says where it goes by other values than those that were registered.

    Args:
        comparison: The comparison.
        folders: The runs of the current side.
        used: What they were judged by.
    """
    known = {folder.name: found for folder in folders if (found := registered_in(folder)) is not None}
    if not known:
        return comparison
    several = len(known) > 1
    refused = [f"The registration in {name} is refused: {foreign}." for name, (_, foreign) in known.items() if foreign]
    said = [
        f"{name}: {text}" if several else text
        for name, (found, foreign) in known.items()
        if not foreign
        for text in _departures(found, used)
    ]
    departed = [f"Not as registered before the training: {'; '.join(said)}."] if said else []
    text = " ".join([*departed, *refused])
    section = {
        "kept": not text,
        "sentence": text,
        "used": used.to_json(),
        "registered": {name: dict(found) for name, (found, _) in known.items()},
    }
    whole = f"{comparison.text} {text}" if text else comparison.text
    return replace(comparison, text=whole, analysis={**comparison.analysis, KEY: section})


def _departures(found: RegistrationSection, used: Criteria) -> list[str]:
    """Return what is not as it was registered, in words."""
    wanted: Mapping[str, Any] = found
    now_used = used.to_json()
    said = [
        f"{_CALLED[key]} {_written(value)} instead of {_written(wanted[key])}"
        for key, value in now_used.items()
        if key in wanted and value != wanted[key] and not (key == "gate" and None in (value, wanted[key]))
    ]
    if found.get("sha256") != _hash_of({key: value for key, value in wanted.items() if key != "sha256"}):
        said.append("the registration was edited since it was written, its hash does not fit")
    return said


def _written(value: Any) -> str:
    """Write a value as a setting has it."""
    if isinstance(value, (list, tuple)):
        return value[0] if len(value) == 1 else f"[{','.join(map(str, value))}]"
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _hash_of(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of values, whatever their order in the file."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

"""What the leaderboard knows of one record, and how it is read: only what a row needs, in one pass, bounded.

Of a run's settings only those are kept that differ from the ones of one run, the *base*: ten thousand runs of a project
have nearly all settings in common. Nothing here is imported that takes long: `yololab runs` answers at once.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from yololab.errors import InputError, Problem
from yololab.files.json_files import MOST_BYTES, checked, parse_json
from yololab.files.metrics import number_in
from yololab.files.reading import read_bytes
from yololab.files.record_content import FOLD, NOT_THE_RECIPE, Pid, Status
from yololab.masking import MASK, mask_secrets
from yololab.tasks import TASKS
from yololab.text import as_number, flattened, shortened

_MOST_SETTINGS = 500  # that differ from the base; a record of ours has some 250 in all
_LONGEST = 500  # columns of a value or a note
_UTF8_MARK = b"\xef\xbb\xbf"


class Process(Struct, frozen=True):
    """The process that worked in a run's folder last."""

    host: str
    pid: Pid
    started: str | None = None


class _Provenance(Struct):
    process: Process | None = None


class _Dataset(Struct):
    name: str | None = None
    fingerprint: dict[str, str] | None = None


class _Results(Struct):
    final_epoch: int | None = None


class _Comparison(Struct):
    verdict: str | None = None


class _Record(Struct):
    """The sections of a record that a row needs."""

    schema_version: Literal[1]
    timestamp: str
    status: Status
    task: str | None = None
    error: dict[str, Any] | None = None
    requested_config: dict[str, Any] | None = None
    results: _Results | None = None
    notes: list[Any] | str | None = None
    tags: list[str] | None = None
    timings: dict[str, Any] | None = None
    provenance: _Provenance | None = None
    dataset: _Dataset | None = None
    evaluation: dict[str, Any] | None = None
    comparison: _Comparison | None = None
    repeats: dict[str, Any] | None = None
    finished: str | None = None
    dry_run: dict[str, Any] | None = None


_decode_record = msgspec.json.Decoder(_Record).decode


class RunFacts(Struct, frozen=True, array_like=True, gc=False):
    """What one record says.

    Attributes:
        status: What became of the run, as it says itself.
        started: When it was started, ISO 8601.
        base: Which base its settings are told from.
        task: Its task.
        metrics: The task's metrics, by name.
        epochs: Epochs completed.
        dataset: The dataset's name.
        fingerprint: The fingerprint of the evaluated split.
        verdict: What the comparison with the baseline said.
        seconds: Seconds of training.
        finished: When it ended.
        error: Why it failed, in one line.
        notes: Its notes, each in one line.
        tags: Its tags.
        recipe: What its configuration without the seed is told by.
        changed: Settings that differ from the base: dotted key → value.
        absent: Settings of the base that its version of yololab did not have.
        process: The process that works, or worked, on it.
        dry_run: Whether it is a dry run.
        trial: What its sweep noted of it as a trial; None for a run.
        problem: Why the record cannot be read; empty otherwise.
    """

    status: str
    started: str | None = None
    base: int = 0
    task: str | None = None
    metrics: dict[str, float | None] = {}
    epochs: int | None = None
    dataset: str | None = None
    fingerprint: str | None = None
    verdict: str | None = None
    seconds: float | None = None
    finished: str | None = None
    error: str | None = None
    notes: list[str] = []
    tags: list[str] = []
    recipe: str = ""
    changed: dict[str, Any] = {}
    absent: list[str] = []
    process: Process | None = None
    dry_run: bool = False
    trial: str | None = None
    problem: str = ""


class Base(Struct, frozen=True):
    """The settings of one run, which those of all others are told from.

    Attributes:
        tree: The settings, nested as in the record.
    """

    tree: dict[str, Any]

    @property
    def number(self) -> int:
        """What tells it from another base."""
        return zlib.crc32(msgspec.json.encode(self.tree)) or 1

    @property
    def values(self) -> dict[str, Any]:
        """The settings, dotted key → value."""
        return dict(flattened(self.tree))


def read_record(path: Path) -> _Record:
    """Read the sections of a record that a row needs.

    Raises:
        InputError: It is missing, unreadable, or one of these sections is not what it has to be.
    """
    content = read_bytes(path, MOST_BYTES)
    try:
        return _decode_record(content.removeprefix(_UTF8_MARK))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        # Slowly: what JSON has no word for (NaN) is none, and what is wrong is told with its place.
        tree = parse_json(content, str(path))
        if not isinstance(tree, dict):
            raise InputError(Problem(str(path), f"a JSON {type(tree).__name__}", "a JSON object")) from None
        checked(tree, dict[str, Any], str(path))
        try:
            # Half of a pair of surrogates is no text that can be written again.
            return _decode_record(json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace"))
        except msgspec.ValidationError as error:
            raise InputError(Problem(str(path), str(error).lower())) from None


def facts_of(record: _Record, base: Base, number: int, trial: str | None = None) -> RunFacts:
    """Return what the leaderboard knows of a record.

    Args:
        record: The record.
        base: The base.
        number: The base's number.
        trial: What the run's sweep noted of it.
    """
    config = record.requested_config or {}
    evaluation = config.get("evaluation")
    split = evaluation.get("split") if isinstance(evaluation, dict) else None
    dataset = record.dataset or _Dataset()
    task = TASKS.get(record.task or "detect")
    measured = record.evaluation or {}
    notes = record.notes if isinstance(record.notes, list) else [record.notes] if record.notes else []
    message = record.error.get("message") if record.error else None
    return RunFacts(
        status=record.status,
        started=record.timestamp,
        task=record.task,
        metrics={metric.name: number_in(measured, metric.name) for metric in task.metrics} if task else {},
        epochs=record.results.final_epoch if record.results else None,
        dataset=dataset.name,
        fingerprint=(dataset.fingerprint or {}).get(str(split or "val")),
        verdict=record.comparison.verdict if record.comparison else None,
        seconds=as_number((record.timings or {}).get("train")),
        finished=record.finished,
        error=_line(str(message)) if message else None,
        notes=[_line(str(note.get("text") if isinstance(note, dict) else note)) for note in notes],
        tags=[_line(tag) for tag in record.tags or ()],
        **against_base(config, base, number),
        process=record.provenance.process if record.provenance and record.status is Status.RUNNING else None,
        dry_run=bool(record.dry_run),
        trial=trial,
    )


def against_base(config: Mapping[str, Any], base: Base, number: int | None = None) -> dict[str, Any]:
    """Return what facts say of a run's settings: those that differ from the base, and what tells its recipe.

    Args:
        config: The settings, nested as in a record; empty when they are not known.
        base: The base.
        number: The base's number, when that is known.
    """
    absent: list[str] = []
    found = _differences(config, base.tree, absent) if config else ()
    changed = {key: _bounded(key, value) for key, value in islice(found, _MOST_SETTINGS)}
    recipe = _recipe(changed, absent) if config else ""
    return {"base": base.number if number is None else number, "recipe": recipe, "changed": changed, "absent": absent}


def _differences(
    config: Mapping[str, Any], base: Mapping[str, Any], absent: list[str], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the settings that differ from the base; names of those that are missing are added to `absent`."""
    for key, value in config.items():
        known = base.get(key, msgspec.UNSET)
        if value == known:
            continue
        if isinstance(value, dict) and isinstance(known, dict):
            yield from _differences(value, known, absent, f"{prefix}{key}.")
        else:
            yield from flattened(value, f"{prefix}{key}")
    absent += [name for key in base.keys() - config.keys() for name, _ in flattened(base[key], f"{prefix}{key}")]


def _bounded(key: str, value: Any) -> Any:
    """Return a setting's value without secrets; of a very long one its beginning and end, as text."""
    if _is_secret(key):
        return MASK
    if value is None or isinstance(value, (bool, int, float)):
        return value
    value = mask_secrets(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return value if len(text) <= _LONGEST else shortened(text[: 2 * _LONGEST], _LONGEST)


@cache
def _is_secret(key: str) -> bool:
    """Return whether a setting is a password, a token or a key; there are few settings, and many runs."""
    return bool(mask_secrets({key: 1})[key] == MASK)


def _line(text: str) -> str:
    """Return text as one line of bounded length, without secrets."""
    return shortened(" ".join(str(mask_secrets(text[: 2 * _LONGEST])).split()), _LONGEST)


def _recipe(changed: Mapping[str, Any], absent: list[str]) -> str:
    """Return what tells a configuration without its seed, and without its fold."""
    kept = sorted(
        item for item in changed.items() if item[0].partition(".")[0] not in NOT_THE_RECIPE and item[0] != FOLD
    )
    return f"{zlib.crc32(msgspec.json.encode((kept, sorted(set(absent) - {FOLD})))):08x}"

"""What differs between runs: in their results, config, data, code and environment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from yololab.data.identity.manifest import describe_changes, manifest_changes, read_manifest
from yololab.errors import InputError
from yololab.files.metrics import number_in
from yololab.files.paths import RunFolder
from yololab.files.reading import read_text
from yololab.files.record import Record
from yololab.masking import mask_secrets
from yololab.sweep.leaderboard.plain import is_plain_run, record_of_plain
from yololab.tasks import TASKS
from yololab.text import differing, flattened

_PATCHED = re.compile(r"^diff --git a/(.+?) b/", re.MULTILINE)
# Sections of a config that say where and under which name a run lies.
_NAMES = ("name", "notes", "paths")

Values = dict[str, list[Any]]
"""What differs, by its name: a value a run, None where a run has none."""


@dataclass(frozen=True)
class Differences:
    """What differs between runs.

    Attributes:
        runs: Their folders.
        results: Status, metrics, epochs, time, verdict: what is not the same.
        config: Settings.
        data: Dataset and fingerprints.
        code: Git commit and uncommitted changes.
        environment: Packages and machine.
        notes: What else is to be said, a line each.
    """

    runs: list[str]
    results: Values = field(default_factory=dict)
    config: Values = field(default_factory=dict)
    data: Values = field(default_factory=dict)
    code: Values = field(default_factory=dict)
    environment: Values = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find_differences(folders: Sequence[Path]) -> Differences:
    """Return what differs between runs.

    Args:
        folders: The runs' folders, two or more; also plain ones of Ultralytics.

    Raises:
        InputError: A record is missing or cannot be read.
    """
    runs = [RunFolder(folder) for folder in folders]
    read = [record_of_plain(run) if is_plain_run(run) else dict(Record(run).read()) for run in runs]
    records = [cast(Mapping[str, Any], mask_secrets(record)) for record in read]
    provenances = [record.get("provenance") or {} for record in records]
    return Differences(
        runs=[str(folder) for folder in folders],
        results=differing([_results(record) for record in records]),
        config=differing([_config(record) for record in records]),
        data=differing([_data(record) for record in records]),
        code=differing([_code(*pair) for pair in zip(provenances, runs, strict=True)]),
        environment=differing([_environment(item) for item in provenances]),
        notes=_data_changes(runs),
    )


def _results(record: Mapping[str, Any]) -> dict[str, Any]:
    measured, task = record.get("evaluation") or {}, TASKS.get(record.get("task") or "detect")
    names = [metric.name for metric in task.metrics] if task else []
    return {
        "status": record.get("status"),
        **{name: number_in(measured, name) for name in names},
        "epochs": (record.get("results") or {}).get("final_epoch"),
        "training, seconds": (record.get("timings") or {}).get("train"),
        "verdict": (record.get("comparison") or {}).get("verdict"),
    }


def _config(record: Mapping[str, Any]) -> dict[str, Any]:
    config = record.get("requested_config") or {}
    return dict(flattened({name: value for name, value in config.items() if name not in _NAMES}))


def _data(record: Mapping[str, Any]) -> dict[str, Any]:
    dataset = record.get("dataset") or {}
    named = {name: dataset.get(name) for name in ("name", "source")}
    prints = {f"fingerprint, {split}": value for split, value in (dataset.get("fingerprint") or {}).items()}
    return named | prints | {"starting weights": (record.get("model") or {}).get("lineage")}


def _code(provenance: Mapping[str, Any], run: RunFolder) -> dict[str, Any]:
    git = provenance.get("git") or {}
    names = {"commit": "commit", "branch": "branch", "diff_sha256": "uncommitted changes"}
    return {name: git.get(key) for key, name in names.items()} | {"files that they touch": _patched(run)}


def _patched(run: RunFolder) -> list[str] | None:
    """Return the files that a run's uncommitted changes touch; None without any."""
    try:
        return sorted(set(_PATCHED.findall(read_text(run.git_diff)))) or None if run.git_diff.is_file() else None
    except InputError:
        return None


def _environment(provenance: Mapping[str, Any]) -> dict[str, Any]:
    packages = {f"package {name}": version for name, version in (provenance.get("packages") or {}).items()}
    return {**(provenance.get("hardware") or {}), **packages}


def _data_changes(runs: Sequence[RunFolder]) -> list[str]:
    """Return which images the datasets of the first run and of each other do not share, as far as is known."""
    lines = []
    for other in runs[1:]:
        try:
            changes = manifest_changes(read_manifest(other.manifest), read_manifest(runs[0].manifest))
        except InputError:
            continue
        lines += [f"{runs[0].path.name} against {other.path.name}, {line}" for line in describe_changes(changes)]
    return lines

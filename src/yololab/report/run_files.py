"""What a run's folder holds, read for the page: whatever is there, and a word about what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.epochs import EpochTable, read_results
from yololab.files.json_files import read_json
from yololab.files.paths import RunFolder

KNOWN_VERSIONS = (1,)
# Version 1 of a comparison rests on bare metrics.
KNOWN_COMPARISON_VERSIONS = (1, 2)
# Version 1 of the dataset's report has no distribution.
KNOWN_DATASET_VERSIONS = (1, 2)
NO_EPOCHS = EpochTable((), (), {}, {}, {})


@dataclass(frozen=True)
class RunFiles:
    """The files of a run; one that is not there is an empty mapping.

    Attributes:
        folder: The run's folder.
        record: experiment_log.json.
        metrics: metrics.json.
        comparison: comparison.json.
        dataset_report: dataset_report.json.
        epochs: results.csv.
        unreadable: One line for each file that is there and could not be read.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    metrics: Mapping[str, Any]
    comparison: Mapping[str, Any]
    dataset_report: Mapping[str, Any]
    epochs: EpochTable = NO_EPOCHS
    unreadable: tuple[str, ...] = ()

    def recorded(self, *keys: str) -> dict[str, Any]:
        """Return a mapping inside the record; an empty one when it is not there."""
        return mapping(inside(self.record, *keys))

    @property
    def status(self) -> str:
        """The record's status; empty without a record."""
        return str(self.record.get("status") or "")

    @property
    def primary_metric(self) -> str:
        """Name of the metric that decides; empty when no file says."""
        return str(self.comparison.get("primary_metric") or self.metrics.get("primary_metric") or "")


def mapping(value: Any) -> dict[str, Any]:
    """Return `value` when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """Return the mappings in a list; an empty list for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """Return the entries of a list as text, empty ones left out; one text alone is a list of one."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    return [str(entry) for entry in entries if entry not in (None, "")]


def inside(tree: Any, *keys: str) -> Any:
    """Return what lies under `keys` in nested mappings; None when one of them is missing."""
    for key in keys:
        tree = mapping(tree).get(key)
    return tree


def primary_row(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the metric that decides; an empty one when there is none."""
    rows = mappings(comparison.get("metrics"))
    return next((row for row in rows if row.get("metric") == comparison.get("primary_metric")), {})


def load_run(path: Path) -> RunFiles:
    """Read the files of a run's folder.

    A missing file is normal (the run stopped before it); one that cannot be read is named in `unreadable`.

    Raises:
        InputError: There is no such folder, or nothing of a run in it.
    """
    folder = RunFolder(path.resolve())
    sources = (folder.record, folder.metrics, folder.comparison, folder.dataset_report, folder.results)
    if not any(source.is_file() for source in sources):
        found = "holds no run" if path.is_dir() else "no such folder"
        wanted = f"a folder with {folder.record.name} or {folder.results.name}"
        raise InputError(Problem(str(path), found, wanted, "name the folder of a run; `yololab runs` lists them"))
    unreadable: list[str] = []

    def read(
        source: Path, *, version_optional: bool = False, versions: tuple[int, ...] = KNOWN_VERSIONS
    ) -> Mapping[str, Any]:
        if not source.is_file():
            return {}
        try:
            return read_json(source, versions, version_optional=version_optional)
        except InputError as error:
            unreadable.append(_in_one_line(error, source, folder))
            return {}

    record = read(folder.record)
    metrics = read(folder.metrics, version_optional=True)
    comparison = read(folder.comparison, versions=KNOWN_COMPARISON_VERSIONS)
    dataset_report = read(folder.dataset_report, versions=KNOWN_DATASET_VERSIONS)
    epochs = NO_EPOCHS
    if folder.results.is_file():
        try:
            epochs = read_results(folder.results, validated=False)
        except InputError as error:
            unreadable.append(_in_one_line(error, folder.results, folder))
    return RunFiles(folder, record, metrics, comparison, dataset_report, epochs, tuple(unreadable))


def _in_one_line(error: InputError, source: Path, folder: RunFolder) -> str:
    """Return what is wrong with a file, by its name inside the run's folder."""
    name = source.relative_to(folder.path)
    return f"{name}: " + "; ".join(problem.found for problem in error.problems)

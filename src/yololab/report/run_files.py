"""What a run's folder holds, read for the page: whatever is there, and a word about what could not be read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from yololab.comparison.evidence import read_records
from yololab.comparison.result import ComparisonContent
from yololab.comparison.thresholds.choosing import THRESHOLDS_VERSION, ThresholdsContent
from yololab.data.checks.check_report import DatasetReport
from yololab.errors import InputError, Problem
from yololab.files.baseline import BASELINE_VERSION, Provenance
from yololab.files.epochs import EpochTable, read_results
from yololab.files.json_files import checked, read_json
from yololab.files.metrics import MetricsContent, MetricsFile
from yololab.files.paths import BaselineFolder, RunFolder
from yololab.files.predictions import PredictionsError
from yololab.files.record_content import RecordContent
from yololab.masking import mask_secrets
from yololab.report.pictures import Album
from yololab.statistics.records.base import Records

KNOWN_VERSIONS = (1,)
# Version 1 of a comparison rests on bare metrics.
KNOWN_COMPARISON_VERSIONS = (1, 2)
# Version 1 of the dataset's report has no distribution.
KNOWN_DATASET_VERSIONS = (1, 2)
NO_EPOCHS = EpochTable((), (), {}, {}, {})


class Content(dict[str, Any]):
    """The content of a JSON file; a part of another type than it has to have is damaged, and an error to ask for.

    Args:
        content: The content.

    Attributes:
        damaged: Part → what is wrong with it.
    """

    def __init__(
        self, content: Mapping[str, Any] | None = None, damaged: Mapping[str, InputError] | None = None
    ) -> None:
        super().__init__(content or {})
        self.damaged = dict(damaged or {})

    def get(self, key: str, default: Any = None) -> Any:
        """Return a part.

        Raises:
            InputError: It is damaged.
        """
        if key in self.damaged:
            raise self.damaged[key]
        return super().get(key, default)

    @property
    def sound(self) -> dict[str, Any]:
        """What is left without the damaged parts."""
        return {key: value for key, value in self.items() if key not in self.damaged}


def read_parts(path: Path, versions: tuple[int, ...], shape: Any, *, version_optional: bool = False) -> Content:
    """Read a JSON file of ours; one damaged part does not cost the others.

    Args:
        path: The file.
        versions: The versions that are understood.
        shape: The TypedDict of what it holds.
        version_optional: It may be somebody else's, without a version.

    Raises:
        InputError: It cannot be read at all.
    """
    content = Content(read_json(path, versions, dict[str, Any], version_optional=version_optional))
    while True:
        try:
            checked(content.sound, shape, path.name)
            return content
        except InputError as error:
            part = re.split(r"[.\[]", error.problems[0].where.partition("$.")[2])[0]
            if part not in content or part in content.damaged:
                return content  # a part is missing: its sections do without
            content.damaged[part] = error


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
        records: What the evaluation kept of each image; None without.
        thresholds: thresholds.json.
        unreadable: One line for each file that is there and could not be read.
        album: The pictures of its page.
    """

    folder: RunFolder
    record: Mapping[str, Any]
    metrics: Mapping[str, Any]
    comparison: Mapping[str, Any]
    dataset_report: Mapping[str, Any]
    epochs: EpochTable = NO_EPOCHS
    records: Records | None = None
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    album: Album = field(default_factory=Album, compare=False)

    @property
    def sound(self) -> "RunFiles":
        """The same without the parts that are damaged."""
        return replace(self, **{key: getattr(value, "sound", value) for key, value in vars(self).items()})

    def recorded(self, *keys: str) -> dict[str, Any]:
        """Return a mapping inside the record; an empty one when it is not there."""
        return mapping(inside(self.record, *keys))

    @property
    def status(self) -> str:
        """The record's status; empty without a record."""
        return str(self.record.get("status") or "")

    def place_of(self, recorded: Any) -> list[Path]:
        """Return where something lies by now that a file names by its place: when the project was moved, beside it.

        Args:
            recorded: An absolute path; whatever else is nowhere.
        """
        if not isinstance(recorded, str) or not recorded:
            return []
        own = mapping(self.comparison.get("current")).get("path") or self.metrics.get("model")
        folder = self.comparison.get("folder")
        # What is known of the folder's own former place: its metrics or its checkpoint, each in a folder of it.
        former = [Path(folder)] if isinstance(folder, str) else Path(own).parents[1:2] if isinstance(own, str) else []
        return [*(self.folder.path / os.path.relpath(recorded, folder) for folder in former), Path(recorded)]

    @property
    def baseline_run(self) -> RunFolder | None:
        """The run that the baseline was made of, wherever the project lies by now; None when it is gone."""
        places = self.place_of(mapping(self.comparison.get("baseline")).get("path"))
        return next((run for place in places if (run := run_of_metrics(place))), None)

    def images_in(self, root: Any) -> Path | None:
        """Return the folder of a dataset wherever it lies by now; None when it is gone."""
        return next((Path(os.path.normpath(place)) for place in self.place_of(root) if place.is_dir()), None)

    @property
    def primary_metric(self) -> str:
        """Name of the metric that decides; empty when no file says."""
        return str(self.comparison.get("primary_metric") or self.metrics.get("primary_metric") or "")


def run_of_metrics(path: Path) -> RunFolder | None:
    """Return the run that an evaluation was made in, also when it was promoted since; None when it is gone.

    Args:
        path: Its metrics.json, or its folder.
    """
    folder = Path(os.path.normpath(path if path.is_dir() else path.parent))
    for place in (folder, folder.parent):
        if RunFolder(place).record.is_file():
            return RunFolder(place)
    try:
        version, parents = BaselineFolder(folder), folder.parents
        origin = read_json(version.provenance, (BASELINE_VERSION,), Provenance)
        project = BaselineFolder(parents[1]).project.path  # of a version in its history
        inside_project, run = project / (origin.get("place") or ".."), origin.get("run")
        places = [inside_project] if inside_project.resolve().is_relative_to(project) else []
        places += [Path(run)] if run else []
    except (InputError, IndexError):
        return None
    return next((RunFolder(place) for place in places if RunFolder(place).record.is_file()), None)


def address(target: Path, folder: Path) -> str:
    """Return a link from a page to a file or folder, valid wherever both are moved together; empty when not there.

    Args:
        target: What it leads to.
        folder: The folder of the page.
    """
    try:
        if not target.exists():
            return ""
        return "./" + quote(Path(os.path.relpath(target.resolve(), folder)).as_posix()) + "/" * target.is_dir()
    except (OSError, ValueError):  # a name that no file can have, or another drive
        return ""


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

    def read(source: Path, versions: tuple[int, ...], shape: Any, *, foreign: bool = False) -> Content:
        try:
            content = read_parts(source, versions, shape, version_optional=foreign) if source.is_file() else Content()
        except InputError as error:
            content = Content()
            unreadable.append(f"{source.relative_to(folder.path)}: {_in_short(error)}")
        unreadable.extend(f"{error.problems[0].where}: {_in_short(error)}" for error in content.damaged.values())
        return content

    record = read(folder.record, KNOWN_VERSIONS, RecordContent)
    record.update(mask_secrets(record.sound))
    metrics = read(folder.metrics, KNOWN_VERSIONS, MetricsContent, foreign=True)
    comparison = read(folder.comparison, KNOWN_COMPARISON_VERSIONS, ComparisonContent)
    dataset_report = read(folder.dataset_report, KNOWN_DATASET_VERSIONS, DatasetReport)
    thresholds = read(folder.thresholds, (THRESHOLDS_VERSION,), ThresholdsContent)
    epochs = NO_EPOCHS
    if folder.results.is_file():
        try:
            epochs = read_results(folder.results, validated=False)
        except InputError as error:
            unreadable.append(f"{folder.results.name}: {_in_short(error)}")
    records = None
    if folder.predictions.is_file() and metrics:
        try:
            records = read_records(MetricsFile(folder.metrics, metrics.sound), "run")
        except PredictionsError as error:
            unreadable.append(str(error))
    return RunFiles(folder, record, metrics, comparison, dataset_report, epochs, records, thresholds, tuple(unreadable))


def _in_short(error: InputError) -> str:
    """Return what is wrong with a file, in one line."""
    return "; ".join(problem.found for problem in error.problems)

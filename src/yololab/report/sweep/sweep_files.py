"""What a sweep's folder holds, read for its page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from yololab.errors import InputError
from yololab.files.epochs import EpochTable, read_results
from yololab.files.json_files import read_json
from yololab.files.paths import RunFolder, SweepPaths
from yololab.files.reading import last_lines
from yololab.masking import mask_secrets
from yololab.report.run_files import mapping, mappings, read_parts

SUMMARY_VERSIONS, SETTINGS_VERSIONS = (2,), (1,)
TAIL_LINES, TAIL_BYTES = 15, 20_000


class SummaryParts(TypedDict, total=False):
    """What summary.json holds, as far as the page shows it."""

    sweep: str | None
    answer: str | None
    finished: bool
    budget: int | None
    counts: dict[str, int]
    objectives: list[dict[str, str]]
    trials: list[dict[str, Any]]
    winner: dict[str, Any] | None
    ranking: dict[str, Any] | None
    recipes: list[dict[str, Any]] | None
    folds: list[dict[str, Any]] | None
    importance: dict[str, Any] | None
    test: dict[str, Any] | None
    notes: list[str] | None


@dataclass(frozen=True)
class SweepFiles:
    """The files of a sweep.

    Attributes:
        path: The sweep's folder.
        summary: summary.json.
        settings: sweep.json; empty when it cannot be read.
    """

    path: Path
    summary: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def sound(self) -> "SweepFiles":
        """The same without the parts of the summary that are damaged."""
        return replace(self, summary=getattr(self.summary, "sound", self.summary))

    @property
    def paths(self) -> SweepPaths:
        """Where its files lie."""
        return SweepPaths(self.path)

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The rows of the trials, by number."""
        return mappings(self.summary.get("trials"))

    @property
    def ranked(self) -> list[dict[str, Any]]:
        """The rows of the trials, the best first; of folds, of which none is better, in the order of their numbers."""
        if self.summary.get("folds"):
            return [*self.trials]
        rows = {row.get("trial"): row for row in self.trials}
        order = mapping(self.summary.get("ranking")).get("order") or []
        return [rows[number] for number in order if number in rows]

    @property
    def objectives(self) -> list[dict[str, Any]]:
        """The targets: metric and direction of each objective."""
        return mappings(self.summary.get("objectives"))

    @property
    def metric(self) -> str:
        """The first objective."""
        return str(self.objectives[0].get("metric")) if self.objectives else ""

    @property
    def lower_is_better(self) -> bool:
        """Whether the first objective is to be small."""
        return bool(self.objectives) and self.objectives[0].get("direction") == "minimize"

    @property
    def winner(self) -> Mapping[str, Any]:
        """The row of the winner; empty without one."""
        number = mapping(self.summary.get("winner")).get("trial")
        return next((row for row in self.trials if row.get("trial") == number), {})

    def run(self, row: Mapping[str, Any]) -> RunFolder:
        """Return the folder of a trial, wherever the sweep lies by now."""
        return self.paths.trial(int(row["trial"]))

    def epochs(self, row: Mapping[str, Any]) -> EpochTable | None:
        """Return a trial's table of epochs; None without one."""
        try:
            return read_results(self.run(row).results, validated=False)
        except InputError:
            return None

    def tail(self, row: Mapping[str, Any]) -> str:
        """Return the last lines that a trial printed."""
        run = self.run(row)
        for path in (run.log, run.output):
            if path.is_file() and path.stat().st_size:
                return "\n".join(last_lines(path, TAIL_BYTES)[-TAIL_LINES:])
        return ""


def load_sweep(path: Path) -> SweepFiles:
    """Read a sweep's files.

    Raises:
        InputError: There is no summary, or its version is unknown.
    """
    folder = path.resolve()
    paths = SweepPaths(folder)
    summary = read_parts(paths.summary, SUMMARY_VERSIONS, SummaryParts)
    try:
        settings: Mapping[str, Any] = mask_secrets(read_json(paths.settings_file, SETTINGS_VERSIONS, dict[str, Any]))
    except InputError:
        settings = {}
    return SweepFiles(folder, summary, settings)


def values_text(row: Mapping[str, Any]) -> str:
    """Return a trial's values."""
    return ", ".join(f"{key}={value}" for key, value in mapping(row.get("values")).items())

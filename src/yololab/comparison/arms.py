"""Finding the runs that a user names: one run, or the runs of a pattern or a sweep, grouped by their recipe."""

from __future__ import annotations

import glob
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.folds.out_of_fold import OutOfFold, out_of_fold
from yololab.comparison.run_reference import RunReference, read_reference
from yololab.data.conversion.coco_files import is_list
from yololab.errors import InputError, Problem
from yololab.files.metrics import FOLDS, MetricsFile, read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import NOT_THE_RECIPE


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: one run, or the runs of one recipe (a configuration without its seed).

    Attributes:
        text: What the user named.
        runs: The runs.
        seeds: Their seeds; None for what is no run of ours.
    """

    text: str
    runs: tuple[RunReference, ...]
    seeds: tuple[int | None, ...]

    @property
    def several(self) -> bool:
        """Whether it is a group."""
        return len(self.runs) > 1

    @property
    def files(self) -> tuple[MetricsFile, ...]:
        """The numbers of its runs."""
        return tuple(run.measured() for run in self.runs)

    @property
    def description(self) -> str:
        """How many runs with which seeds."""
        seeds = ", ".join("unknown" if seed is None else str(seed) for seed in self.seeds)
        if not self.several:
            return f"one run of {self.text} (seed {seeds})"
        return f"{len(self.runs)} runs of {self.text} (seeds {seeds})"

    def one_a_seed(self) -> Arm:
        """Return the first run of each seed: a repeated seed adds no evidence; an unknown seed is its own."""
        first = {place if seed is None else f"seed {seed}": place for place, seed in reversed([*enumerate(self.seeds)])}
        kept = sorted(first.values())
        return replace(self, runs=tuple(self.runs[i] for i in kept), seeds=tuple(self.seeds[i] for i in kept))

    def mean(self, metric: str) -> float | None:
        """Return the mean of a metric over the runs; None when one of them has none."""
        values = [file.value(metric) for file in self.files]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if len(known) == len(values) else None


def read_arms(text: str, working_directory: Path) -> list[Arm]:
    """Find the runs that a text names, an arm a configuration: one run, or all in a pattern or a sweep.

    Two runs are of one configuration when nothing but seed and name differs. Runs without metrics (failed, interrupted)
    are left out. A pattern of COCO results files is one arm: the seeds of one recipe.

    Args:
        text: A path, or a pattern with `*`, `?` or `[…]`.
        working_directory: Where relative paths start.

    Raises:
        InputError: There is no run.
    """
    path = working_directory / Path(text).expanduser()
    if path.exists():
        if pooled := out_of_fold(path):
            return _over_folds(text, pooled, working_directory)
        folders = [path] if _trials(path) else []
    else:
        folders = [Path(found) for found in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - may be absolute
        if not folders and any(character in text for character in "*?["):
            raise InputError(Problem(text, "matches nothing", "a pattern of run folders", "put it in quotes"))
    if not folders:
        return [Arm(text, (read_reference(text, working_directory),), (_config(path).get("seed"),))]
    # A link to a run (a sweep's best) is that run, and counts once.
    trials = dict.fromkeys(trial.resolve() for folder in folders for trial in _trials(folder) or [folder])
    runs = [folder for folder in trials if folder.is_dir() and RunFolder(folder).metrics.is_file()]
    results = [path for path in trials if path.suffix == ".json" and path.is_file() and is_list(path)]
    if results and not runs:
        # Results files do not say how their model was trained: those of one pattern are taken as seeds of one recipe.
        references = tuple(read_reference(str(path), working_directory) for path in results)
        return [Arm(text, references, (None,) * len(references))]
    if not runs:
        found = f"{len(trials)} folders, none with an evaluation"
        raise InputError(Problem(text, found, "runs that are complete", "name their folders"))
    if len({_fold(run) for run in runs}) > 1:
        found = "runs of several folds, which were measured on different images"
        remedy = (
            "name the sweep's folder: its folds are pooled (`yololab report SWEEP` does it for one that was killed)"
        )
        raise InputError(Problem(text, found, "a whole sweep over data.fold, or runs of one fold", remedy))
    groups = _by_recipe(runs)
    return [
        Arm(
            text if len(groups) == 1 else f"{text} ({_difference(groups, key)})",
            tuple(read_reference(str(run), working_directory) for run in group),
            tuple(_config(run).get("seed") for run in group),
        )
        for key, group in groups.items()
    ]


def _over_folds(text: str, pooled: Sequence[OutOfFold], working_directory: Path) -> list[Arm]:
    """Return the recipes of a sweep over folds, each with a pooled evaluation a seed."""
    groups: dict[str, list[OutOfFold]] = {}
    for found in pooled:
        groups.setdefault(json.dumps(found.values, sort_keys=True, default=str), []).append(found)
    arms = []
    for group in groups.values():
        settings = ", ".join(f"{key}={value}" for key, value in group[0].values.items())
        references = tuple(read_reference(str(found.run.path), working_directory) for found in group)
        seeds = tuple(int(found.seed) if found.seed and found.seed.isdecimal() else None for found in group)
        arms.append(Arm(text if len(groups) == 1 else f"{text} ({settings})", references, seeds))
    return arms


def _fold(run: Path) -> Any:
    """Return the fold that a run was validated on; None for a run without folds."""
    return (_config(run).get("data") or {}).get("fold")


def refuse_seeds(arms: Sequence[Arm]) -> None:
    """Refuse runs that differ in nothing but the seed as arms of their own, and a model that is named twice.

    Raises:
        InputError: There are some.
    """
    paths = [arm.runs[0].path.resolve() for arm in arms if not arm.several]
    twice = [arm.text for arm in arms if not arm.several and paths.count(arm.runs[0].path.resolve()) > 1]
    if twice:
        found, allowed = "the same model more than once", "each of them once"
        raise InputError(Problem(", ".join(twice), found, allowed, "leave one out: p is corrected for each arm"))
    named: dict[str, list[str]] = {}
    for arm in arms:
        folder = arm.runs[0].path if arm.runs[0].path.is_dir() else arm.runs[0].path.parent.parent
        if not arm.several and _config(folder):
            named.setdefault(_recipe(folder), []).append(arm.text)
    remedy = "quote the pattern: 'outputs/training/name_*' is one arm, measured by its seeds"
    alike = [texts for texts in named.values() if len(texts) > 1]
    if alike:
        found = "differ in nothing but the seed"
        raise InputError([Problem(", ".join(texts), found, "arms of different settings", remedy) for texts in alike])


def _config(run: Path) -> dict[str, Any]:
    """Return the requested configuration of a run, empty when it has no record; of pooled folds that of the first."""
    record, metrics = Record(RunFolder(run)), RunFolder(run).metrics
    if record.path.is_file():
        return record.read().get("requested_config") or {}
    pooled = read_metrics(metrics).content.get(FOLDS) if metrics.is_file() else None
    if not pooled:
        return {}
    config = _config(run / pooled["parts"][0]["run"])
    return config | {"data": {**(config.get("data") or {}), "fold": None}} if config else {}


def _recipe(run: Path) -> str:
    """Return what makes a run's recipe, as text that can be compared."""
    kept = {key: value for key, value in _config(run).items() if key not in NOT_THE_RECIPE}
    return json.dumps(kept, sort_keys=True, default=str)


def _by_recipe(runs: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the runs of each recipe."""
    groups: dict[str, list[Path]] = {}
    for run in runs:
        groups.setdefault(_recipe(run), []).append(run)
    return groups


def _difference(groups: dict[str, list[Path]], key: str) -> str:
    """Return the settings of a recipe that are not the same in all of them."""
    trees = {name: json.loads(name) for name in groups}
    names = sorted({name for tree in trees.values() for name in tree})
    varying = [name for name in names if len({json.dumps(tree.get(name)) for tree in trees.values()}) > 1]
    return ", ".join(f"{name}={trees[key].get(name)}" for name in varying[:4])


def _trials(folder: Path) -> list[Path]:
    """Return the trials of a sweep's folder, by number; none for any other folder."""
    if not folder.is_dir():
        return []
    return sorted((child for child in folder.iterdir() if child.name.isdecimal()), key=lambda child: int(child.name))

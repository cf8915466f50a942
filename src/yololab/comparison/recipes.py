"""Groups of runs: the same configuration with several seeds is a recipe, and two recipes can be compared."""

from __future__ import annotations

import glob
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.comparability import (
    comparability_problems,
    describe,
    pairing_problems,
    protocol_warnings,
    side_notes,
)
from yololab.comparison.compare import Comparison, MetricRow
from yololab.comparison.evidence import read_records
from yololab.comparison.recipe_text import metric_of_recipes, recipe_statistics, recipe_text
from yololab.comparison.run_reference import RunReference, read_reference
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json
from yololab.files.paths import RunFolder
from yololab.files.record import RECORD_VERSION
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, compare_recipes
from yololab.statistics.inference.verdict import Verdict, decide_verdict
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Direction

_FROM_WORST = (Verdict.DEGRADED, Verdict.INCONCLUSIVE, Verdict.NOT_WORSE, Verdict.EQUIVALENT, Verdict.IMPROVED)
# What may differ between two runs of one recipe: the seed, and where and under which name a run lies.
_NOT_THE_RECIPE = frozenset(
    {"seed", "name", "notes", "paths", "approval", "report", "baseline", "verification", "check"}
)


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: one run, or the runs of one recipe.

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


def read_arms(text: str, working_directory: Path) -> list[Arm]:
    """Find the runs that a word names, an arm a configuration: one run, or all in a pattern or a sweep.

    Two runs are of one configuration when nothing but seed and name differs. Runs without metrics (failed, interrupted)
    are left out.

    Args:
        text: A path, or a pattern with `*`, `?` or `[…]`.
        working_directory: Where relative paths start.

    Raises:
        InputError: There is no run.
    """
    path = working_directory / Path(text).expanduser()
    if path.exists():
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
    if not runs:
        found = f"{len(trials)} folders, none with an evaluation"
        raise InputError(Problem(text, found, "runs that are complete", "name their folders"))
    groups = _by_recipe(runs)
    return [
        Arm(
            text if len(groups) == 1 else f"{text} ({_difference(groups, key)})",
            tuple(read_reference(str(run), working_directory) for run in group),
            tuple(_config(run).get("seed") for run in group),
        )
        for key, group in groups.items()
    ]


def compare_groups(current: Sequence[Arm], baseline: Sequence[Arm], tolerance: float) -> Comparison:
    """Compare recipes: one with one, or several with one; then the worst verdict stands, and all are told.

    Args:
        current: The current recipes.
        baseline: The others.
        tolerance: The drop that still counts as no worse.

    Raises:
        InputError: Both sides have several, or the runs were measured on different things.
    """
    if len(current) > 1 and len(baseline) > 1:
        told = "; ".join(arm.text for arm in (*current, *baseline))
        remedy = "name the runs of one configuration on one side, e.g. with a narrower pattern: 'multirun/x/[0-2]'"
        found = f"{len(current)} and {len(baseline)} configurations beside the seed ({told})"
        raise InputError(Problem("comparison", found, "several on one side at most", remedy))
    found_all = [compare_arms(ours, theirs, tolerance) for ours in current for theirs in baseline]
    worst = min(found_all, key=lambda found: _FROM_WORST.index(found.verdict))
    if len(found_all) == 1:
        return worst
    rows = [
        {
            "current": found.current["path"],
            "baseline": (found.baseline or {}).get("path"),
            "verdict": found.verdict,
            "delta": found.primary.delta,
            "sentence": found.sentence,
        }
        for found in found_all
    ]
    notes = [f"{row['current']} against {row['baseline']}: {row['verdict']}. {row['sentence']}" for row in rows]
    notes.append(
        f"{len(rows)} recipes were compared; the best of several looks better than it is: confirm it with new seeds."
    )
    return replace(worst, notes=(*worst.notes, *notes), analysis={"recipes": rows})


def compare_arms(current: Arm, baseline: Arm, tolerance: float) -> Comparison:
    """Compare two recipes, or say what too few seeds cannot claim.

    Args:
        current: The current recipe's runs.
        baseline: The other's.
        tolerance: The drop that still counts as no worse.

    Raises:
        InputError: The runs were measured on different things, or have no records.
    """
    repeated = [arm.text for arm in (current, baseline) if len(_one_a_seed(arm).runs) < len(arm.runs)]
    current, baseline = _one_a_seed(current), _one_a_seed(baseline)
    first, other = current.runs[0].measured(), baseline.runs[0].measured()
    files = [run.measured() for run in (*current.runs, *baseline.runs)]
    problems = [problem for file in files[1:] for problem in comparability_problems(file, files[0])]
    if problems:
        raise InputError(problems)
    ours, theirs = ([_recorded(run) for run in arm.runs] for arm in (current, baseline))
    problems = [problem for records in (*ours[1:], *theirs) for problem in pairing_problems(records, ours[0])]
    if problems:
        raise InputError(problems)
    task = TASKS[first.task]
    seeds = [_told(arm) for arm in (current, baseline)]
    notes = [f"Means over the runs: {seeds[0]} against {seeds[1]}."]
    notes += [f"{text}: the same seed more than once; only the first run of a seed counts." for text in repeated]
    notes += side_notes(first, other)
    rows = tuple(
        MetricRow(metric.name, metric.direction, _mean(current, metric.name), _mean(baseline, metric.name))
        for metric in task.metrics
    )
    common: dict[str, Any] = {
        "primary_metric": task.primary_metric,
        "tolerance": tolerance,
        "rows": rows,
        "per_class": (),
        "current": describe(first) | {"path": current.text, "runs": [str(run.path) for run in current.runs]},
        "baseline": describe(other) | {"path": baseline.text, "runs": [str(run.path) for run in baseline.runs]},
        "warnings": _unlike_protocols(current, baseline),
    }
    if min(len(current.runs), len(baseline.runs)) < FEWEST_SEEDS:
        sentence = (
            f"No claim on the recipes: that needs {FEWEST_SEEDS} different seeds an arm, and there are "
            f"{len(current.runs)} and {len(baseline.runs)}. Single runs can be compared as checkpoints."
        )
        return Comparison(
            verdict=Verdict.INCONCLUSIVE, sentence=sentence, statistical_support=False, notes=tuple(notes), **common
        )
    found = compare_recipes(
        ours, theirs, task.primary_metric, lower_is_better=task.primary.direction is Direction.LOWER
    )
    verdict, confirmed = decide_verdict(found.difference, tolerance)
    sign = -1 if task.primary.direction is Direction.LOWER else 1
    told = metric_of_recipes(found, task.primary_metric, sign)
    common["rows"] = tuple(replace(row, difference=told) if row.metric == told.metric else row for row in rows)
    return Comparison(
        verdict=verdict,
        sentence=recipe_text(verdict, found, task.primary_metric, tolerance),
        statistical_support=True,
        notes=tuple(notes),
        confirmed=confirmed,
        statistics=recipe_statistics(found, len(ours[0].keys), sign),
        **common,
    )


def _one_a_seed(arm: Arm) -> Arm:
    """Return an arm with the first run of each seed; a run whose seed is not known is its own."""
    seen: set[int] = set()
    kept = []
    for run, seed in zip(arm.runs, arm.seeds, strict=True):
        if seed is None or seed not in seen:
            kept.append((run, seed))
        if seed is not None:
            seen.add(seed)
    return replace(arm, runs=tuple(run for run, _ in kept), seeds=tuple(seed for _, seed in kept))


def _unlike_protocols(current: Arm, baseline: Arm) -> tuple[str, ...]:
    """Return how the runs were not measured alike, each thing once."""
    first, other = current.runs[0].measured(), baseline.runs[0].measured()
    pairs = [(run.measured(), other) for run in current.runs] + [(first, run.measured()) for run in baseline.runs]
    return tuple(dict.fromkeys(warning for pair in pairs for warning in protocol_warnings(*pair)))


def _recorded(run: RunReference) -> Records:
    """Return a run's records."""
    missing: list[str] = []
    records = read_records(run.measured(), str(run.path), missing)
    if records is None:
        raise InputError(
            Problem(str(run.path), missing[0], "a run with its records", "yololab evaluate model=… data=…")
        )
    return records


def _mean(arm: Arm, metric: str) -> float | None:
    """Return the mean of a metric over the runs; None when one of them has none."""
    values = [run.measured().value(metric) for run in arm.runs]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _told(arm: Arm) -> str:
    """Return an arm's runs and seeds in words."""
    seeds = ", ".join("unknown" if seed is None else str(seed) for seed in arm.seeds)
    return (
        f"{len(arm.runs)} runs of {arm.text} (seeds {seeds})"
        if arm.several
        else f"one run of {arm.text} (seed {seeds})"
    )


def _config(run: Path) -> dict[str, Any]:
    """Return the requested configuration of a run, empty when it has no record."""
    record = RunFolder(run).record
    content = read_json(record, (RECORD_VERSION,)).get("requested_config") if record.is_file() else None
    return content if isinstance(content, dict) else {}


def _recipe(run: Path) -> str:
    """Return what makes a run's recipe, as text that can be compared."""
    kept = {key: value for key, value in _config(run).items() if key not in _NOT_THE_RECIPE}
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
    return sorted((child for child in folder.iterdir() if child.name.isdigit()), key=lambda child: int(child.name))

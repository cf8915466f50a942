"""What a comparison will be able to tell: images and seeds that a drop takes, and the power curve."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, variance
from typing import Any

import numpy as np

from yololab.comparison.arms import Arm
from yololab.comparison.comparability import comparability_problems, pairing_problems
from yololab.comparison.evidence import read_records
from yololab.comparison.groups import units_of
from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json
from yololab.files.paths import COMPARISON
from yololab.files.predictions import PredictionsError
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.power import RULED_OUT, SHOWN, drop_found, power, seeds_needed, units_needed
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS
from yololab.tasks import TASKS

# Where only one model is known: two models that are compared err on much the same images.
_SHARED = 0.5
_STEPS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class Point:
    """One point of the power curve.

    Attributes:
        units: Number of images, or groups.
        show: How likely a true drop is shown.
        rule_out: How likely it is ruled out where the models are equal.
    """

    units: int
    show: float
    rule_out: float


@dataclass(frozen=True)
class Plan:
    """What it takes to find a drop.

    Attributes:
        metric: The primary metric.
        drop: The drop.
        power: How likely it is to be found.
        unit: What is counted: images, or groups.
        units: How many there are.
        standard_error: Standard error of the difference of two models on these.
        basis: Where that is from, as a sentence.
        to_show: How many units show the drop.
        to_rule_out: How many rule it out where the models are equal.
        smallest_drop: The smallest drop that the present units show.
        seed_sd: Standard deviation between seeds, images left out; None where several seeds are not known.
        seeds: Seeds an arm that show the drop between recipes; None where that is not known, or no number suffices.
        curve: The power curve over the number of units.
    """

    metric: str
    drop: float
    power: float
    unit: str
    units: int
    standard_error: float
    basis: str
    to_show: int
    to_rule_out: int
    smallest_drop: float
    seed_sd: float | None
    seeds: int | None
    curve: tuple[Point, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return asdict(self)


@dataclass(frozen=True)
class _Known:
    """How much two models differ by chance: a variance over the images, and one between seeds."""

    unit: str
    units: int
    variance: float
    basis: str
    seed_variance: float | None = None


def plan_comparison(arm: Arm, drop: float, wanted: float, group: str | None = None) -> Plan:
    """Return what it takes to find a drop with models like those of an arm.

    The standard error of a difference is measured between the arm's seeds where there are several; else it is that of
    the run's own comparison with its baseline; else half of a run's own error is taken as shared by two models.

    Args:
        arm: One run, or the seeds of one recipe.
        drop: The drop, above 0.
        wanted: The power, between 0 and 1.
        group: What names the group of an image; None takes what the run says.

    Raises:
        InputError: There are no records, the runs were measured on different things, or nothing varies.
    """
    first = arm.files[0]
    metric = TASKS[first.task].primary_metric
    known = _between_seeds(arm.one_a_seed(), metric, group) if arm.several else None
    known = known or _compared(arm.runs[0].path, metric) or _alone(arm, metric, group)
    if known.variance <= 0:
        raise InputError(Problem(arm.text, "no image tells two models apart", "runs whose detections differ"))
    error = known.variance**0.5
    needed = units_needed(known.units, error, drop, wanted)
    at = sorted({max(2, round(known.units * step)) for step in _STEPS} | {needed})
    errors = [(units, error * (known.units / units) ** 0.5) for units in at]
    seeds = known.seed_variance
    return Plan(
        metric=metric,
        drop=drop,
        power=wanted,
        unit=known.unit,
        units=known.units,
        standard_error=error,
        basis=known.basis,
        to_show=needed,
        to_rule_out=units_needed(known.units, error, drop, wanted, RULED_OUT),
        smallest_drop=drop_found(error, wanted),
        seed_sd=None if seeds is None else seeds**0.5,
        seeds=None if seeds is None else seeds_needed(known.variance, seeds, drop, wanted, FEWEST_SEEDS),
        curve=tuple(Point(units, power(drop, one, SHOWN), power(drop, one, RULED_OUT)) for units, one in errors),
    )


def _between_seeds(arm: Arm, metric: str, group: str | None) -> _Known | None:
    """Return what varies between the seeds of a recipe; None where there is one seed."""
    files = arm.files
    if len(files) < 2:
        return None
    problems = [problem for file in files[1:] for problem in comparability_problems(file, files[0])]
    records = [_records(arm, place) for place in range(len(files))]
    problems += [problem for other in records[1:] for problem in pairing_problems(other, records[0])]
    if problems:
        raise InputError(problems)
    units = units_of(records[0].keys, group or files[0].group, clusters=files[0].alike)
    influences = [units.gathered(metrics_of(item, metric).influence()) for item in records]
    of_images = fmean(float(np.square(one - other).sum()) for one, other in pairwise(influences))
    values = [value for value in (file.value(metric) for file in files) if value is not None]
    # the spread of the seeds holds the images' share of each run already
    of_seeds = max(0.0, variance(values) - of_images / 2)
    basis = f"measured between {len(files)} seeds of {arm.text}"
    return _Known(units.name, len(units.keys), of_images, basis, of_seeds)


def _compared(path: Path, metric: str) -> _Known | None:
    """Return what a run's comparison with its baseline has measured; None where there is none."""
    file = path / COMPARISON
    if not file.is_file():
        return None
    content = read_json(file, (COMPARISON_VERSION,), ComparisonContent)
    row: Any = next((row for row in content["metrics"] if row["metric"] == metric), {})
    found, error = content["statistics"] or {}, row.get("standard_error")
    units, unit = found.get("images"), found.get("unit")
    if not error or not isinstance(units, int) or not isinstance(unit, str):
        return None
    return _Known(unit, units, float(error) ** 2, f"measured against its baseline ({file})")


def _alone(arm: Arm, metric: str, group: str | None) -> _Known:
    """Return what is expected of two models like the only one that is known."""
    records = _records(arm, 0)
    file = arm.files[0]
    units = units_of(records.keys, group or file.group, clusters=file.alike)
    own = float(np.square(units.gathered(metrics_of(records, metric).influence())).sum())
    basis = (
        "a guess from one run: two models are taken to share half of their error; name several seeds ('name_*') or "
        "compare two models to measure it"
    )
    return _Known(units.name, len(units.keys), 2 * (1 - _SHARED) * own, basis)


def _records(arm: Arm, place: int) -> Any:
    """Return the records of one of an arm's runs."""
    run = arm.runs[place]
    try:
        return read_records(run.measured(), "run")
    except PredictionsError as error:
        remedy = "yololab evaluate model=… data=…"
        raise InputError(Problem(str(run.path), str(error), "a run with its records", remedy)) from None

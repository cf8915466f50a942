"""What the images say of two models, from the records next to their metrics."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from yololab.comparison.comparability import pairing_problems
from yololab.comparison.groups import alike_warning, units_of
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile
from yololab.files.paths import PREDICTIONS
from yololab.files.predictions import PredictionsError, read_arrays
from yololab.statistics.inference.paired_comparison import FIRST_REPLICATES, PairedResult, compare_pair
from yololab.statistics.inference.paired_models import metrics_of, pair_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.inference.verdict import ALPHA
from yololab.statistics.records.arrays import RecordsError, from_arrays
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Direction

# Told what is being done, how much of it is done, and how much there is; 0 where nothing is counted.
Tell = Callable[[str, int, int], None]
RESAMPLING, REPLICATES = "resampling the images", "replicates"
# An unstable sort moves a class's AP by 0.003; more than this, and the records are another evaluation's.
_SAME_EVALUATION = 0.01
_NUMBERS = (
    "images",
    "replicates",
    "secondary_replicates",
    "confirmed",
    "detectable_drop",
    "images_needed",
    "images_to_show",
)


def in_silence(doing: str, done: int, total: int) -> None:
    """Tell nobody what is being done."""


@dataclass(frozen=True)
class Evidence:
    """Two evaluations, image by image.

    Attributes:
        current: The current model's records.
        baseline: The baseline's records; None without one.
        result: The paired comparison; None without a baseline, or when the images hold nothing to measure.
        missing: Why there is no paired comparison, in plain words; empty when there is one.
        single: Why nothing can be claimed although both have records: what they hold is no more than one case.
        units: What is independent of each other; None without a paired comparison.
        alike: That images which count as independent are not; None where nothing speaks for it.
    """

    current: Records | None
    baseline: Records | None
    result: PairedResult | None
    missing: tuple[str, ...] = ()
    single: str | None = None
    units: Units | None = None
    alike: str | None = None


def gather_evidence(
    current: MetricsFile,
    baseline: MetricsFile | None,
    tolerance: float,
    group: str | None = None,
    tell: Tell = in_silence,
    *,
    alpha: float = ALPHA,
    secondary: int = FIRST_REPLICATES,
) -> Evidence:
    """Read the records next to the metrics of both sides and compare them.

    Args:
        current: The current model's metrics.
        baseline: The baseline's; None when there is none.
        tolerance: The drop that still counts as no worse.
        group: What names the group of an image; None takes what the evaluations say.
        tell: Told what is being done.
        alpha: What p has to lie below for a claim.
        secondary: Replicates of the metrics besides the primary one.

    Raises:
        InputError: The two were measured on other images or other labels, or an image has no group.
    """
    tell("reading the records", 0, 0)
    found: dict[str, Records] = {}
    missing: list[str] = []
    for side, metrics in (("current model", current), ("baseline", baseline)):
        if metrics is not None:
            try:
                found[side] = read_records(metrics, side)
            except PredictionsError as error:
                missing.append(str(error))
    ours, theirs = found.get("current model"), found.get("baseline")
    if baseline is None or ours is None or theirs is None:
        return Evidence(ours, theirs, None, tuple(missing) if baseline is not None else ())
    problems = pairing_problems(ours, theirs)
    if problems:
        raise InputError(problems)
    task = TASKS[current.task]
    lower = task.primary.direction is Direction.LOWER
    pair = pair_of(ours, theirs, task.primary_metric)
    clusters = baseline.alike if current.alike is None else current.alike
    units = units_of(ours.keys, group or current.group or baseline.group, clusters=clusters)
    progress = partial(tell, RESAMPLING)
    result = compare_pair(
        pair, tolerance, lower_is_better=lower, units=units, progress=progress, alpha=alpha, secondary=secondary
    )
    if result is None:
        return Evidence(ours, theirs, None, single=_single(units))
    alike = alike_warning(ours.keys, pair.influence(), clusters) if units.place is None else None
    return Evidence(ours, theirs, result, units=units, alike=alike)


def _single(units: Units) -> str:
    """Return why two models cannot be told apart that were measured image by image."""
    if len(units.keys) > 1:
        return "The images hold nothing to measure."
    if units.place is not None and len(units.place) > 1:
        return f"All {len(units.place):,} images are one group ({units.keys[0]!r}), and one says nothing of chance."
    return "There is only one image, and one says nothing of chance."


def read_records(metrics: MetricsFile, side: str) -> Records:
    """Return the records of an evaluation, which lie next to its metrics.

    Args:
        metrics: The evaluation's metrics.
        side: What it is called in the reason.

    Raises:
        PredictionsError: There are none that can be used; the message is a sentence.
    """
    path = metrics.path.parent / PREDICTIONS
    if not path.is_file():
        raise PredictionsError(f"The {side} has no {PREDICTIONS} next to its metrics.")
    try:
        records = load_records(path)
    except PredictionsError as error:
        raise PredictionsError(f"The records of the {side} were not used: {error}.") from None
    try:
        belongs = _belongs(records, metrics)
    except (ValueError, LookupError):  # the records of another task under this one's name
        belongs = False
    if not belongs:
        raise PredictionsError(f"{path} belongs to another evaluation than the metrics next to it.")
    return records


def load_records(path: Path) -> Records:
    """Return the records in a predictions.npz.

    Raises:
        PredictionsError: It holds none that we can use.
    """
    try:
        return from_arrays(read_arrays(path))
    except RecordsError as error:
        raise PredictionsError(f"{path}: {error}") from None


def _belongs(records: Records, metrics: MetricsFile) -> bool:
    """Return whether records and metrics are of one evaluation: the same task, split and primary metric."""
    task = TASKS[metrics.task]
    if records.task != metrics.task or (metrics.split is not None and records.split != metrics.split):
        return False
    measured = metrics_of(records, task.primary_metric).points()[task.primary_metric]
    recorded = metrics.value(task.primary_metric)
    return measured is None or recorded is None or abs(measured - recorded) <= _SAME_EVALUATION


def statistics_of(result: PairedResult) -> Mapping[str, Any]:
    """Return what stands behind the verdict, as it is written to comparison.json."""
    carriers = result.carriers
    return {name: getattr(result, name) for name in _NUMBERS} | {
        "unit": result.unit,
        "refused": list(result.refused),
        # What a sweep says instead when p is corrected for its trials, and is no longer small.
        "otherwise": result.otherwise,
        "telling": None if carriers is None else carriers.telling,
        "carriers": [asdict(item) for item in carriers.listed] if carriers else [],
        "interval": f"95 % percentile, widened for few {result.unit}; paired bootstrap over {result.unit}",
        "p": f"two-sided; swaps of {result.unit}, of the primary metric also the studentised bootstrap",
        "exact_tests": [asdict(test) for test in result.exact_tests],
        "claim": "two checkpoints; does not measure variation between seeds",
    }

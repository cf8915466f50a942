"""The trials of a sweep in the same resamples of the images: K trials are measured K times, not once a pair."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yololab.comparison.comparability import comparability_problems, pairing_problems, protocol_warnings
from yololab.comparison.evidence import read_records
from yololab.comparison.groups import units_of
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.predictions import PredictionsError
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.records.base import Records
from yololab.sweep.results.rows import TrialRow

REPLICATES = 2_000


@dataclass(frozen=True, eq=False)
class Resampled:
    """One metric of several trials in shared resamples.

    Attributes:
        trials: Numbers of the trials, K of them.
        values: The metric in each, shape (K, B).
        images: Number of images.
        units: Number of what is independent: the images, or groups of them by `evaluation.group`.
        missing: Why a trial is not among them, or why there are none; a line each.
        warnings: How the trials were not measured alike.
    """

    trials: tuple[int, ...]
    values: NDArray[np.floating]
    images: int = 0
    units: int = 0
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


def resample(rows: Sequence[TrialRow], metric: str) -> Resampled:
    """Measure a metric of the trials in shared resamples, from the records next to their metrics.

    Args:
        rows: Complete trials.
        metric: The metric.

    Returns:
        The trials that could be measured; those of another dataset, split or task than the first are left out.
    """
    missing: list[str] = []
    warnings: dict[str, None] = {}
    first: tuple[MetricsFile, Records] | None = None
    found: list[tuple[int, NDArray[np.floating]]] = []
    independent = 0
    for row in rows:
        label = f"trial {row.trial}"
        try:
            metrics = read_metrics(row.run.metrics)
            records = read_records(metrics, label)
        except (InputError, PredictionsError) as error:
            missing.append(f"{label}: {error.problems[0].found}." if isinstance(error, InputError) else str(error))
            continue
        first = first or (metrics, records)
        problems = [*comparability_problems(metrics, first[0])] or pairing_problems(records, first[1])
        if problems:
            missing.append(f"{label} measured something else: {problems[0].where} ({problems[0].found}).")
            continue
        warnings |= dict.fromkeys(protocol_warnings(metrics, first[0]))
        units = units_of(records.keys, first[0].group, clusters=first[0].alike)
        independent = len(units.keys)
        values = _resampled(metrics, records, metric, units)
        if values is None:
            missing.append(f"{metric} is not measured image by image.")
        else:
            found.append((row.trial, values))
    numbers = tuple(number for number, _ in found)
    values = np.stack([values for _, values in found]) if found else np.zeros((0, 0), np.float32)
    images = len(first[1].keys) if first else 0
    return Resampled(numbers, values, images, independent, tuple(dict.fromkeys(missing)), _between_trials(warnings))


def _resampled(metrics: MetricsFile, records: Records, metric: str, units: Units) -> NDArray[np.floating] | None:
    """Return a metric of one model in each resample, shape (B,); None for one that the images do not give."""
    primary = metrics.primary.name
    measured = metrics_of(records, primary)
    blocks = []
    for weights in map(units.spread, units.resamples(REPLICATES)):
        block = measured.replicates(weights, everything=metric != primary).metrics.get(metric)
        if block is None:
            return None
        blocks.append(block)
    return np.concatenate(blocks)


def _between_trials(warnings: dict[str, None]) -> tuple[str, ...]:
    """Return the warnings as they read in a sweep, where no side is the baseline."""
    shown = list(warnings)[:3]
    return tuple(line.replace(" now, ", " in one trial, ").replace(" before.", " in another.") for line in shown)

"""The paired comparison of two models: every metric with its interval and its p-value, every class with its q-value."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from yololab.statistics.inference.carriers import Carriers, carriers_of
from yololab.statistics.inference.hypothesis_tests import (
    benjamini_hochberg,
    detectable_drop,
    images_to_rule_out,
    images_to_show,
    percentile_interval,
    small_sample_factor,
    standard_error,
    widened,
)
from yololab.statistics.inference.paired_models import ExactTest, Pair
from yololab.statistics.inference.replicates import PairedReplicates
from yololab.statistics.inference.resampling import Progress, Units, untold
from yololab.statistics.inference.verdict import ALPHA, CLAIMS, Difference, Verdict, decide_verdict, possible_verdicts
from yololab.statistics.metrics.base import ClassValue

# A clear verdict needs few replicates (`replicates`); more are measured while more of them could change it.
FIRST_REPLICATES, FEW_REPLICATES, MANY_REPLICATES = 500, 2_000, 10_000
# Above, swaps are counted in closed form.
FEW_IMAGES = 300
# Fewer images swap in at most 2^9 ways: their smallest p-values are too coarse to correct for many classes.
FEWEST_IMAGES_OF_A_CLASS = 10
# A class's smallest p-value, corrected for so many classes, can still be small.
_REPLICATES_A_CLASS = 40
# Monte-Carlo error of one replicate, three times over: of a p near α in units of √(α(1 − α)), and of an interval's end
# in units of SE.
_P_MARGIN, _END_MARGIN = 3.07, 8.0
# Replicates beyond a p-value at which a claim is made: fewer do not know a small α. Of one that is smaller than as many
# as are worth drawing can tell, nothing is claimed.
_BEYOND, _MOST_BEYOND = 20, 100_000
_WIDTH_IN_SE = 3.92  # of a 95 % interval
# Of n images without a single failure of some kind, 3/n may be such failures (95 %): the rule of three.
RULE_OF_THREE = 3


@dataclass(frozen=True)
class MetricDifference:
    """One metric in both models. None is what cannot be known.

    Attributes:
        metric: Its name.
        current: Value of the current model.
        baseline: Value of the baseline.
        ci95: 95 % interval of `current − baseline`.
        ci90: 90 % interval.
        standard_error: Standard error of the difference.
        p: Two-sided p-value.
    """

    metric: str
    current: float | None
    baseline: float | None
    ci95: tuple[float, float] | None = None
    ci90: tuple[float, float] | None = None
    standard_error: float | None = None
    p: float | None = None

    @property
    def delta(self) -> float | None:
        """`current − baseline`."""
        return None if self.current is None or self.baseline is None else self.current - self.baseline


@dataclass(frozen=True)
class ClassDifference:
    """One metric of one class in both models.

    Attributes:
        metric: Name of the class metric.
        index: The class.
        images: Images that hold it, or groups of them.
        current: Value of the current model.
        baseline: Value of the baseline.
        ci95: 95 % interval of the difference, over the replicates that hold the class; None below 10 images.
        p: Two-sided p-value of swaps; None below 10 images.
        q: p after Benjamini–Hochberg over the classes with a p; None where p is.
    """

    metric: str
    index: int
    images: int
    current: float
    baseline: float
    ci95: tuple[float, float] | None
    p: float | None
    q: float | None

    @property
    def delta(self) -> float:
        """`current − baseline`."""
        return self.current - self.baseline

    @property
    def insufficient(self) -> bool:
        """Whether too few images hold the class to say anything."""
        return self.p is None


@dataclass(frozen=True)
class PairedResult:
    """What the images say of two models.

    Attributes:
        verdict: The verdict on the primary metric.
        confirmed: Whether a degradation is certain even at the upper end of its interval.
        metrics: Every metric.
        classes: Every class that has labels, for every class metric; the one of the primary metric comes first.
        images: Number of images, or of groups of them.
        replicates: Replicates behind the primary metric.
        secondary_replicates: Replicates behind the other metrics.
        detectable_drop: The smallest drop of the primary metric that these images would show four times in five.
        images_needed: How many would rule out a drop of the tolerance, were the models equal, four times in five.
        images_to_show: How many would show a true drop of twice the tolerance, four times in five.
        otherwise: The verdict, were the difference not more than chance: what is left after a correction of p.
        exact_tests: Tests without replicates, where the task has any.
        refused: Why a verdict that the interval allows is not given, in sentences.
        withheld: The verdicts that these images cannot support, whatever the interval of the primary metric allows.
        unit: What is independent of each other and was resampled.
        carriers: Which images carry the difference.
    """

    verdict: Verdict
    confirmed: bool
    metrics: tuple[MetricDifference, ...]
    classes: tuple[ClassDifference, ...]
    images: int
    replicates: int
    secondary_replicates: int
    detectable_drop: float | None
    images_needed: int | None
    images_to_show: int | None
    otherwise: Verdict = Verdict.INCONCLUSIVE
    exact_tests: tuple[ExactTest, ...] = ()
    refused: tuple[str, ...] = ()
    withheld: tuple[Verdict, ...] = ()
    unit: str = "images"
    carriers: Carriers | None = None

    def metric(self, name: str) -> MetricDifference | None:
        """Return a metric by its name."""
        return next((row for row in self.metrics if row.metric == name), None)


def compare_pair(
    pair: Pair,
    tolerance: float,
    *,
    lower_is_better: bool = False,
    units: Units | None = None,
    alpha: float = ALPHA,
    secondary: int = FIRST_REPLICATES,
    progress: Progress = untold,
) -> PairedResult | None:
    """Compare two models over the same images.

    Replicates are drawn in stages, and only while another draw of as many could give another verdict.

    Args:
        pair: The models.
        tolerance: The drop of the primary metric that still counts as no worse.
        lower_is_better: Whether the primary metric is an error.
        units: What is independent of each other; None for the images.
        alpha: What p has to lie below for IMPROVED and DEGRADED: less for one look of a series, 0 where none is left.
        secondary: Replicates of the metrics besides the primary one: more where they decide, too.
        progress: Told of each block of replicates.

    Returns:
        The result; None when the images hold nothing to measure, or there is only one that is independent.
    """
    now, before = pair.points()
    ours, theirs = now[pair.primary], before[pair.primary]
    units = units or Units(pair.keys)
    if ours is None or theirs is None or len(units.keys) < 2:
        return None
    sign = -1.0 if lower_is_better else 1.0
    classes = pair.classes(units.place)
    beyond = math.ceil(min(_BEYOND / alpha, _MOST_BEYOND)) if alpha > 0 else 0
    drawn = PairedReplicates(pair, units, exact_swaps=len(pair.keys) <= FEW_IMAGES, least=2 * beyond, progress=progress)
    for count in _stages(len(pair.keys), max(map(len, classes.values()), default=0), beyond):
        drawn.extend(count, secondary)
        difference = _difference(sign, ours - theirs, pair, drawn)
        if count >= secondary and not _borderline(difference, drawn, tolerance, alpha):
            break
    carriers = carriers_of(pair, units, drawn.influence * sign)
    # One-sided, as one end of the 90 % interval is.
    uneven = drawn.studentised(ours - theirs, -sign * tolerance) / 2 >= ALPHA
    reasons = _refusals(pair, difference, carriers, abs(theirs), uneven=uneven)
    verdict, confirmed = decide_verdict(difference, tolerance, reasons, alpha)
    passed_over = possible_verdicts(difference, tolerance, alpha)
    passed_over = passed_over[: passed_over.index(verdict)]
    metrics = tuple(_metric(name, now[name], before[name], pair, drawn) for name in now)
    error = next(row.standard_error for row in metrics if row.metric == pair.primary)
    size = len(units.keys)
    return PairedResult(
        verdict=verdict,
        confirmed=confirmed,
        metrics=metrics,
        classes=tuple(row for metric, values in classes.items() for row in _classes_of(metric, values, drawn)),
        images=size,
        replicates=drawn.count,
        secondary_replicates=min(drawn.count, secondary),
        detectable_drop=None if error is None else detectable_drop(error),
        images_needed=None if error is None else images_to_rule_out(size, error, tolerance),
        images_to_show=None if error is None else images_to_show(size, error, 2 * tolerance),
        otherwise=decide_verdict(difference, tolerance, {*reasons, *CLAIMS})[0],
        exact_tests=pair.exact_tests(),
        refused=tuple(dict.fromkeys(reasons[name] for name in passed_over)),
        withheld=tuple(reasons),
        unit=units.name,
        carriers=carriers,
    )


def _stages(images: int, classes: int, beyond: int) -> tuple[int, ...]:
    """Return how many replicates are drawn before each look at the verdict, ascending."""
    first = FIRST_REPLICATES if images > FEW_IMAGES else max(2 * FIRST_REPLICATES, _REPLICATES_A_CLASS * classes)
    later = [count for count in (FEW_REPLICATES, MANY_REPLICATES) if count > first]
    last = (beyond,) if beyond > MANY_REPLICATES and images <= FEW_IMAGES else ()
    return (min(first, MANY_REPLICATES), *later, *last)


def _difference(sign: float, delta: float, pair: Pair, drawn: PairedReplicates) -> Difference:
    """Return the primary metric's difference, positive for better."""
    ends = [_interval(pair, pair.primary, delta, drawn, level) for level in (0.95, 0.9)]
    (low95, high95), (low90, high90) = (sorted(sign * end for end in interval) for interval in ends)
    return Difference(sign * delta, (low95, high95), (low90, high90), drawn.p_value(pair.primary, delta))


def _interval(pair: Pair, metric: str, delta: float, drawn: PairedReplicates, level: float) -> tuple[float, float]:
    """Return the interval of a metric's difference: an exact one where replicates cannot give it."""
    if exact := pair.exact_interval(metric, level):
        return exact
    sampled = drawn.primary()[0] if metric == pair.primary else drawn.sampled[metric]
    found = percentile_interval(sampled, level)
    assert found is not None
    return widened(found, delta, len(drawn.units.keys), level)


def _borderline(difference: Difference, drawn: PairedReplicates, tolerance: float, alpha: float) -> bool:
    """Whether another draw of as many replicates could give another verdict."""
    sampled, rest = drawn.primary()
    # What is drawn anew: the linear replicates, and what the exact ones depart from them.
    noise = (1 / len(sampled) + rest**2 / drawn.count) ** 0.5
    margin = _END_MARGIN * noise * (standard_error(sampled) or 0)
    ends = (
        difference.ci95[0],
        difference.ci95[1],
        difference.ci95[1] + tolerance,
        difference.ci90[0] + tolerance,
        difference.ci90[1] - tolerance,
    )
    margin_of_p = _P_MARGIN * (alpha * (1 - alpha) / drawn.count) ** 0.5
    near = not drawn.closed and abs(difference.p - alpha) < max(margin_of_p, 1 / drawn.count if alpha else 0)
    return near or any(abs(end) < margin for end in ends)


def _refusals(
    pair: Pair, difference: Difference, carriers: Carriers, baseline: float, *, uneven: bool
) -> dict[Verdict, str]:
    """Return the verdicts that these images cannot support, each with the reason.

    Args:
        pair: The models.
        difference: Their difference.
        carriers: Which images carry it.
        baseline: The baseline's value of the primary metric: what an image loses in which a model fails altogether.
        uneven: Whether the studentised bootstrap does not rule out a drop of the tolerance.
    """
    reasons = {}
    share = RULE_OF_THREE / carriers.units
    if 0 < difference.gain <= share * baseline:
        reasons[Verdict.IMPROVED] = (
            f"A gain is not claimed: a failure that none of {carriers.units:,} {carriers.name} shows may befall "
            f"{min(share, 1):.1%} of others, and would cost more."
        )
    # Two models that are the same in every image are equal; a few that differ say little of those not seen.
    few = carriers.telling < FEWEST_IMAGES_OF_A_CLASS
    if carriers.telling and (few or uneven) and not pair.exact_interval(pair.primary, 0.9):
        why = f"{carriers.telling:.0f} of {carriers.units:,} {carriers.name} tell the two apart, "
        why += f"and {FEWEST_IMAGES_OF_A_CLASS} are needed" if few else "and they differ too unevenly"
        reason = f"Neither equivalent nor not worse is claimed: {why}."
        reasons |= dict.fromkeys((Verdict.EQUIVALENT, Verdict.NOT_WORSE), reason)
    return reasons


def _metric(
    name: str, now: float | None, before: float | None, pair: Pair, drawn: PairedReplicates
) -> MetricDifference:
    """Return a metric with what its replicates say."""
    sampled = drawn.sampled.get(name)
    if now is None or before is None or sampled is None:
        return MetricDifference(name, now, before)
    exact = pair.exact_interval(name, 0.95)
    error = standard_error(sampled)
    if error is not None:
        error *= small_sample_factor(len(drawn.units.keys), 0.95)
        error = max(error, (exact[1] - exact[0]) / _WIDTH_IN_SE) if exact else error
    ci95, ci90 = (_interval(pair, name, now - before, drawn, level) for level in (0.95, 0.9))
    return MetricDifference(name, now, before, ci95, ci90, error, drawn.p_value(name, now - before))


def _classes_of(
    metric: str, values: list[tuple[ClassValue, ClassValue]], drawn: PairedReplicates
) -> Iterator[ClassDifference]:
    """Yield the classes of one class metric; those of too few images have no interval and do not count as tests."""
    p = [
        drawn.class_p_value(metric, place, now.value - before.value, now.images)
        if now.images >= FEWEST_IMAGES_OF_A_CLASS
        else None
        for place, (now, before) in enumerate(values)
    ]
    adjusted = iter(benjamini_hochberg([value for value in p if value is not None]))
    for (now, before), value, row in zip(values, p, drawn.sampled_classes[metric], strict=True):
        interval, q = None, None
        if value is not None:
            found, q = percentile_interval(row, 0.95), next(adjusted)
            interval = widened(found, now.value - before.value, now.images, 0.95) if found else None
        yield ClassDifference(metric, now.index, now.images, now.value, before.value, interval, value, q)

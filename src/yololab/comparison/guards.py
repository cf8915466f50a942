"""Guards: limits besides the primary metric, which a better mean must not be bought with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from yololab.config.schema import GuardsConfig, Unsettled
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.hypothesis_tests import simultaneous_factor, small_sample_factor, standard_error
from yololab.statistics.inference.paired_comparison import ClassDifference
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Task

_RESAMPLES, _Z95 = 500, 1.96


@dataclass(frozen=True)
class Guard:
    """One limit and what was found.

    Attributes:
        guard: What is watched.
        limit: The limit.
        value: What was found; None when it could not be measured.
        broken: Whether the limit is broken beyond chance; what could not be measured counts as broken.
        message: What was found, and what is allowed.
        settled: Whether the images say which side of the limit it is on.
        asks: Whether a person is to decide what the images do not.
    """

    guard: str
    limit: float
    value: float | None
    broken: bool
    message: str
    settled: bool = True
    asks: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the guard as it stands in comparison.json, where the message is called `told`."""
        content = asdict(self)
        return content | {"told": content.pop("message")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Guard:
        """Read what `to_json` gave."""
        return cls(**{"message" if key == "told" else key: value for key, value in content.items()})


def check_guards(
    config: GuardsConfig,
    metrics: MetricsFile,
    records: Records | None,
    classes: Mapping[str, ClassDifference],
    baseline: MetricsFile | None = None,
    units: Units | None = None,
) -> tuple[Guard, ...]:
    """Hold the current model against the guards that are set.

    A guard of accuracies is broken when all of its interval lies beyond the limit, held when none of it does, and not
    settled else; the intervals hold together, whatever their number. Without records bare numbers are compared.

    Args:
        config: The limits.
        metrics: The current model's metrics.
        records: Its records; None when it has none.
        classes: Class name → its difference from the baseline; empty without a paired comparison.
        baseline: The baseline's metrics, for guards of other packages; None without a baseline.
        units: What is independent of each other; None for the images.

    Raises:
        InputError: A guard watches what the task or the model does not have.
    """
    problems = guard_problems(config, TASKS[metrics.task], metrics.content.get("per_class") or {})
    if problems:
        raise InputError(problems)
    watched = [] if config.class_drop is None else [item for item in classes.values() if not item.insufficient]
    floors = config.class_floors or {}
    tests = len(watched) + len(floors) + sum(floor is not None for floor in (config.precision, config.recall))
    rule = _Rule(simultaneous_factor(tests), config.unsettled)
    errors = _errors(config, metrics, records, units) if tests > len(watched) else {}
    return (
        *_floors(config, metrics, rule, errors),
        *_drops(config, classes, rule),
        *_fixed_threshold(config, metrics, records, rule, errors),
        *_latency(config, metrics),
        *_of_extensions(config, metrics, baseline),
    )


@dataclass(frozen=True)
class _Rule:
    """What becomes of a value and its interval.

    Attributes:
        factor: By how much 95 % intervals widen, since there are several.
        unsettled: What becomes of a guard that the images do not settle.
    """

    factor: float
    unsettled: Unsettled

    def guard(self, name: str, limit: float, value: float, ends: tuple[float, float] | None, message: str) -> Guard:
        """Return the guard of a value that is at least its limit when it is held.

        Args:
            name: What is watched.
            limit: The limit; as the drop that is allowed it is told with the other sign.
            value: The value.
            ends: Its 95 % interval; None where there is none.
            message: What was found, and what is allowed.
        """
        if ends is None:
            return Guard(name, limit, value, value < limit, message)
        low, high = (value + self.factor * (end - value) for end in ends)
        if high < limit or low >= limit:
            return Guard(name, limit, value, high < limit, message)
        fails = self.unsettled is Unsettled.FAIL
        text = f"{message}: not settled by these images, its interval is {low:.4f} to {high:.4f}"
        return Guard(name, limit, value, fails, text, settled=False, asks=self.unsettled is Unsettled.ASK)


def _errors(
    config: GuardsConfig, metrics: MetricsFile, records: Records | None, units: Units | None
) -> Mapping[str, float]:
    """Return standard errors of the current model's class metrics, by class, and of `precision` and `recall`."""
    if records is None:
        return {}
    task = TASKS[metrics.task]
    own, units = metrics_of(records, task.primary_metric), units or Units(records.keys)
    if not records.keys:
        return {}
    drawn: dict[str, list[Any]] = {}
    names = metrics.classes or {}
    for weights in map(units.spread, units.resamples(_RESAMPLES)):
        if config.class_floors:
            rows = own.replicates(weights, everything=False).classes.get(task.class_metric, ())
            for point, row in zip(own.class_points().get(task.class_metric, ()), rows, strict=True):
                drawn.setdefault(f"class {names.get(str(point.index), point.index)}", []).append(row)
        point_values = own.replicates_at(config.confidence, weights) or ()
        for name, values in zip(("precision", "recall"), point_values, strict=False):
            drawn.setdefault(name, []).append(values)
    found = {name: standard_error(np.concatenate(rows)) for name, rows in drawn.items()}
    factor = small_sample_factor(len(units.keys), 0.95)
    return {name: error * factor for name, error in found.items() if error is not None}


def guard_problems(config: GuardsConfig, task: Task, classes: Collection[str]) -> list[Problem]:
    """Return which guards watch what a task or a model does not have.

    Args:
        config: The limits.
        task: The row of the task.
        classes: Names of the classes.
    """
    floors: Mapping[str, float] = config.class_floors or {}
    known = f"one of {list(classes)}" if classes else ""
    problems = [
        Problem(f"baseline.guards.class_floors.{name}", "no such class", known, "" if known else "leave it out")
        for name in floors
        if name not in classes
    ]
    unknown = [name for name in config.custom or {} if name not in extensions(Point.GUARDS)]
    problems += [
        Problem(
            f"baseline.guards.custom.{name}",
            "no such guard is installed",
            f"one of {', '.join(extensions(Point.GUARDS)) or 'none: no package brings a guard'}",
        )
        for name in unknown
    ]
    if config.class_drop is not None and not task.per_class:
        problems.append(Problem("baseline.guards.class_drop", f"{task.name} has no classes", remedy="leave it out"))
    measured = [metric.name for metric in task.metrics]
    problems += [
        Problem(f"baseline.guards.{name}", f"{task.name} has no {name}", remedy="leave it out")
        for name in ("precision", "recall")
        if getattr(config, name) is not None and not any(metric.startswith(name) for metric in measured)
    ]
    return problems


def _floors(config: GuardsConfig, metrics: MetricsFile, rule: _Rule, errors: Mapping[str, float]) -> Iterator[Guard]:
    """Watch the floor of each class that has one."""
    per_class = metrics.content.get("per_class") or {}
    key = TASKS[metrics.task].class_metric
    floors: Mapping[str, float] = config.class_floors or {}
    for name, floor in floors.items():
        yield _at_least(f"{key} of {name}", floor, per_class[name].get(key), rule, errors.get(f"class {name}"))


def _drops(config: GuardsConfig, classes: Mapping[str, ClassDifference], rule: _Rule) -> Iterator[Guard]:
    """Watch how far any class falls, where enough images hold it."""
    if config.class_drop is None:
        return
    for name, difference in classes.items():
        if not difference.insufficient:
            drop = -difference.delta
            change = f"{'fell' if drop > 0 else 'rose'} by {abs(drop):.4f}"
            message = f"{name} {change} (a drop of {config.class_drop:g} is allowed)"
            found = rule.guard(f"drop of {name}", -config.class_drop, -drop, difference.ci95, message)
            yield replace(found, limit=config.class_drop, value=drop)


def _fixed_threshold(
    config: GuardsConfig, metrics: MetricsFile, records: Records | None, rule: _Rule, errors: Mapping[str, float]
) -> Iterator[Guard]:
    """Watch precision and recall at the confidence that the model is used at, of what the primary metric matches."""
    asked = {"precision": config.precision, "recall": config.recall}
    floors = {name: floor for name, floor in asked.items() if floor is not None}
    if not floors:
        return
    task = TASKS[metrics.task]
    found = None if records is None else metrics_of(records, task.primary_metric).at_confidence(config.confidence)
    values = dict(zip(asked, found or (None, None), strict=True))
    for name, floor in floors.items():
        yield _at_least(f"{name} at confidence {config.confidence:g}", floor, values[name], rule, errors.get(name))


def _latency(config: GuardsConfig, metrics: MetricsFile) -> Iterator[Guard]:
    """Watch the time of an inference."""
    if config.latency_ms is None:
        return
    value = (metrics.content.get("speed_ms") or {}).get("inference")
    broken = value is None or value > config.latency_ms
    found = "was not measured" if value is None else f"takes {value:.1f} ms an image"
    yield Guard(
        "latency", config.latency_ms, value, broken, f"inference {found} (at most {config.latency_ms:g} ms is allowed)"
    )


def _of_extensions(config: GuardsConfig, metrics: MetricsFile, baseline: MetricsFile | None) -> Iterator[Guard]:
    """Ask the guards of other packages; one that fails counts as broken, since nobody knows what it would have said."""
    limits: Mapping[str, float] = config.custom or {}
    for name, limit in limits.items():
        extension = extensions(Point.GUARDS)[name]
        try:
            value, broken, message = extension.load()(metrics, baseline, limit)
            yield Guard(name, limit, value, bool(broken), str(message))
        except Exception as error:  # whatever another package's code raises
            yield Guard(name, limit, None, True, extension.error(error))


def _at_least(what: str, floor: float, value: float | None, rule: _Rule, error: float | None) -> Guard:
    """Hold a value against a floor."""
    asked = f"(at least {floor:g} is asked for)"
    if value is None:
        return Guard(what, floor, None, True, f"{what} was not measured {asked}")
    ends = None if error is None else (value - _Z95 * error, value + _Z95 * error)
    return rule.guard(what, floor, value, ends, f"{what} is {value:.4f} {asked}")

"""Guards: limits besides the primary metric, which a better mean must not be bought with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from yololab.comparison.guarding.guard import Guard, GuardRule
from yololab.comparison.guarding.latency import latency_guards
from yololab.config.schema import GuardsConfig
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


def check_guards(
    config: GuardsConfig,
    metrics: MetricsFile,
    records: Records | None,
    classes: Mapping[str, ClassDifference],
    baseline: MetricsFile | None = None,
    units: Units | None = None,
) -> tuple[Guard, ...]:
    """Hold the current model against the guards that are set.

    A guard is broken when all of its interval lies beyond the limit, held when none of it does, and not settled else;
    the intervals hold together, whatever their number. Without records, or times of batches, bare numbers are compared.

    Args:
        config: The limits.
        metrics: The current model's metrics.
        records: Its records; None when it has none.
        classes: Class name → its difference from the baseline; empty without a paired comparison.
        baseline: The baseline's metrics, for its times and for guards of other packages; None without a baseline.
        units: What is independent of each other; None for the images.

    Raises:
        InputError: A guard watches what the task or the model does not have.
    """
    problems = guard_problems(config, TASKS[metrics.task], metrics.content.get("per_class") or {})
    if problems:
        raise InputError(problems)
    watched = [] if config.class_drop is None else [item for item in classes.values() if not item.insufficient]
    floors = config.class_floors or {}
    single = (config.precision, config.recall, config.latency_ms, config.latency_rise)
    tests = len(watched) + len(floors) + sum(limit is not None for limit in single)
    rule = GuardRule(simultaneous_factor(tests), config.unsettled)
    errors = _errors(config, metrics, records, units)
    return (
        *_floors(config, metrics, rule, errors),
        *_drops(config, classes, rule),
        *_fixed_threshold(config, metrics, records, rule, errors),
        *latency_guards(config, metrics, baseline, rule),
        *_of_extensions(config, metrics, baseline),
    )


def _errors(
    config: GuardsConfig, metrics: MetricsFile, records: Records | None, units: Units | None
) -> Mapping[str, float]:
    """Return standard errors of the current model's class metrics, by class, and of `precision` and `recall`."""
    if records is None or not (config.class_floors or config.precision is not None or config.recall is not None):
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


def _floors(
    config: GuardsConfig, metrics: MetricsFile, rule: GuardRule, errors: Mapping[str, float]
) -> Iterator[Guard]:
    """Watch the floor of each class that has one."""
    per_class = metrics.content.get("per_class") or {}
    key = TASKS[metrics.task].class_metric
    floors: Mapping[str, float] = config.class_floors or {}
    for name, floor in floors.items():
        yield _at_least(f"{key} of {name}", floor, per_class[name].get(key), rule, errors.get(f"class {name}"))


def _drops(config: GuardsConfig, classes: Mapping[str, ClassDifference], rule: GuardRule) -> Iterator[Guard]:
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
    config: GuardsConfig, metrics: MetricsFile, records: Records | None, rule: GuardRule, errors: Mapping[str, float]
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


def _at_least(what: str, floor: float, value: float | None, rule: GuardRule, error: float | None) -> Guard:
    """Hold a value against a floor."""
    asked = f"(at least {floor:g} is asked for)"
    if value is None:
        return Guard(what, floor, None, True, f"{what} was not measured {asked}")
    ends = None if error is None else (value - _Z95 * error, value + _Z95 * error)
    return rule.guard(what, floor, value, ends, f"{what} is {value:.4f} {asked}")

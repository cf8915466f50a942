"""Guards: limits besides the primary metric, which a better mean must not be bought with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from yololab.config.schema import GuardsConfig
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.paired_comparison import ClassDifference
from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.records.base import Records
from yololab.tasks import TASKS, Task


@dataclass(frozen=True)
class Guard:
    """One limit and what was found.

    Attributes:
        guard: What is watched.
        limit: The limit.
        value: What was found; None when it could not be measured.
        broken: Whether the limit is broken; what could not be measured counts as broken.
        message: What was found, and what is allowed.
    """

    guard: str
    limit: float
    value: float | None
    broken: bool
    message: str

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
) -> tuple[Guard, ...]:
    """Hold the current model against the guards that are set.

    Args:
        config: The limits.
        metrics: The current model's metrics.
        records: Its records; None when it has none.
        classes: Class name → its difference from the baseline; empty without a paired comparison.
        baseline: The baseline's metrics, for guards of other packages; None without a baseline.

    Raises:
        InputError: A guard watches what the task or the model does not have.
    """
    problems = guard_problems(config, TASKS[metrics.task], metrics.content.get("per_class") or {})
    if problems:
        raise InputError(problems)
    return (
        *_floors(config, metrics),
        *_drops(config, classes),
        *_fixed_threshold(config, metrics, records),
        *_latency(config, metrics),
        *_of_extensions(config, metrics, baseline),
    )


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


def _floors(config: GuardsConfig, metrics: MetricsFile) -> Iterator[Guard]:
    """Watch the floor of each class that has one."""
    per_class = metrics.content.get("per_class") or {}
    key = TASKS[metrics.task].class_metric
    floors: Mapping[str, float] = config.class_floors or {}
    for name, floor in floors.items():
        yield _at_least(f"{key} of {name}", floor, per_class[name].get(key))


def _drops(config: GuardsConfig, classes: Mapping[str, ClassDifference]) -> Iterator[Guard]:
    """Watch how far any class falls, where enough images hold it."""
    if config.class_drop is None:
        return
    for name, difference in classes.items():
        if not difference.insufficient:
            drop = -difference.delta
            broken = drop > config.class_drop
            change = f"{'fell' if drop > 0 else 'rose'} by {abs(drop):.4f}"
            message = f"{name} {change} (a drop of {config.class_drop:g} is allowed)"
            yield Guard(f"drop of {name}", config.class_drop, drop, broken, message)


def _fixed_threshold(config: GuardsConfig, metrics: MetricsFile, records: Records | None) -> Iterator[Guard]:
    """Watch precision and recall at the confidence that the model is used at, of what the primary metric matches."""
    asked = {"precision": config.precision, "recall": config.recall}
    floors = {name: floor for name, floor in asked.items() if floor is not None}
    if not floors:
        return
    task = TASKS[metrics.task]
    found = None if records is None else metrics_of(records, task.primary_metric).at_confidence(config.confidence)
    values = dict(zip(asked, found or (None, None), strict=True))
    for name, floor in floors.items():
        yield _at_least(f"{name} at confidence {config.confidence:g}", floor, values[name])


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


def _at_least(what: str, floor: float, value: float | None) -> Guard:
    """Hold a value against a floor."""
    found = "was not measured" if value is None else f"is {value:.4f}"
    return Guard(
        what, floor, value, value is None or value < floor, f"{what} {found} (at least {floor:g} is asked for)"
    )

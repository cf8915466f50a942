"""Extension points: what other packages add to yololab, found by Python's entry points.

A package says in its pyproject.toml which object stands behind a name, and installing it is all that a user has to do:

    [project.entry-points."yololab.report_sections"]
    energy = "my_package.energy:section"

Names are listed without importing anything; an object is imported when it is used for the first time. An extension that
cannot be imported, or that raises, is reported by its name and the package it came from, and costs nothing but itself,
except where a result would silently lack it (an engine, a guard): there it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from yololab.errors import InputError, Problem

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Point(StrEnum):
    """An extension point; its value is the name of the entry-point group."""

    METRICS = "yololab.metrics"
    """`metric(records) -> float | None`: a number over the records of an evaluation. Provisional."""
    CHECKS = "yololab.checks"
    """`check(dataset, images) -> Iterable[DataProblem]`: more findings of the dataset check."""
    GUARDS = "yololab.guards"
    """`guard(current, baseline, limit) -> (value, broken, message)`: a limit of a comparison. Provisional."""
    REPORT_SECTIONS = "yololab.report_sections"
    """`section(folder, record) -> (title, html) | None`: one more section of report.html."""
    ENGINES = "yololab.engines"
    """`make_executor(settings, resources, body) -> Executor`: somewhere else for trials to run."""
    CALLBACKS = "yololab.callbacks"
    """`callback(trainer)`, named `<anything>.<event of Ultralytics>`: called in each training."""


@dataclass(frozen=True)
class Extension:
    """What a package adds under a name.

    Attributes:
        point: Where.
        name: Under which name.
        package: The package and its version, for messages and records.
        entry: Python's entry point.
    """

    point: Point
    name: str
    package: str
    entry: EntryPoint

    def load(self) -> Callable[..., Any]:
        """Import the object.

        Raises:
            InputError: It cannot be imported, or is not callable.
        """
        try:
            found = self.entry.load()
        except Exception as error:  # whatever the code of another package raises while it is imported
            raise InputError(self.problem(f"cannot be imported ({type(error).__name__}: {error})")) from error
        if not callable(found):
            raise InputError(self.problem(f"is a {type(found).__name__}, not a function"))
        return found  # type: ignore[no-any-return]

    def problem(self, found: str) -> Problem:
        """Return the problem of an extension that does not work."""
        return Problem(
            f"{self.point} {self.name!r} of {self.package}",
            found,
            f"{self.entry.value} works as docs/guides/extending.md describes",
            "mend it, or uninstall the package",
        )

    def error(self, caught: Exception) -> str:
        """Return one line on what it raised."""
        return f"{self.point} {self.name!r} of {self.package} failed: {type(caught).__name__}: {caught}"


@cache
def extensions(point: Point) -> Mapping[str, Extension]:
    """Return the installed extensions of a point by their names; nothing is imported.

    Of two packages that use the same name the one that comes first on the path counts, as for modules.
    """
    from importlib.metadata import entry_points  # takes a while, and few commands ask

    found: dict[str, Extension] = {}
    for entry in entry_points(group=point.value):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else "an unknown package"
        found.setdefault(entry.name, Extension(point, entry.name, package, entry))
    return found


def installed() -> list[str]:
    """Return every extension as `<point>:<name>`, for a run's provenance."""
    return [f"{point}:{name}" for point in Point for name in extensions(point)]

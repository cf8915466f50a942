"""What a tracker can do, and what it is told of: the interface that each of `trackers/` implements."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.files.paths import TrackingStore

PROJECT = "yololab"  # the experiment or project of a tracker, unless its own environment variable names another


@dataclass(frozen=True)
class Subject:
    """A run, a trial or a sweep, as a tracker knows it.

    Attributes:
        id: 32 hexadecimal digits, the same in each attempt: a resumed run is the same one.
        name: Its name for people.
        kind: `run`, `trial` or `sweep`.
        folder: Its folder.
        parent: The sweep of a trial.
    """

    id: str
    name: str
    kind: str
    folder: Path
    parent: "Subject | None" = None

    @property
    def sweep(self) -> "Subject | None":
        """The sweep that it is, or is part of."""
        return self if self.kind == "sweep" else self.parent

    @property
    def group(self) -> str | None:
        """The name of that sweep, by which trackers group."""
        return None if self.sweep is None else self.sweep.name


@dataclass(frozen=True)
class Place:
    """Where a tracker keeps a run.

    Attributes:
        id: What the tracker calls it.
        text: Where it is, and how to look at it, for people.
    """

    id: str
    text: str


@dataclass
class Tracker(ABC):
    """One tracker and one run, opened; the methods are called in the order in which they stand here.

    Attributes:
        subject: What is tracked.
        store: Where trackers keep things in the project.
        online: Whether the user asked for a server; without, nothing uses the network.
        known: What the tracker called the run in an earlier attempt; None in the first one.
    """

    subject: Subject
    store: TrackingStore
    online: bool
    known: str | None = None

    @abstractmethod
    def open(self) -> Place:
        """Make the run in the tracker, or go on with it when it is there."""

    @abstractmethod
    def settings(self, values: Mapping[str, Any]) -> None:
        """Take the config: flat, secrets masked; the same in each attempt."""

    @abstractmethod
    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Take the numbers of an epoch, of a trial within its sweep, or at the end those of the evaluation."""

    @abstractmethod
    def facts(self, values: Mapping[str, str]) -> None:
        """Take what is known in words: status, verdict, dataset, commit."""

    @abstractmethod
    def file(self, kind: str, path: Path) -> None:
        """Take a file: `weights`, `report`, `metrics`, `comparison`."""

    def baseline(self, name: str) -> None:  # noqa: B027 - most trackers have no registry
        """Note in a registry that the run is a baseline now."""

    @abstractmethod
    def close(self, failed: bool) -> None:
        """End the run, or this attempt of it."""

"""What a run is given, what its stages find, and what a stage is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from yololab.config.frozen import Frozen
from yololab.config.schema import ExperimentConfig
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.signals import StopSignal
from yololab.job.gatekeeper import Gatekeeper
from yololab.terminal.screen import Screen

Found = TypeVar("Found")


@dataclass(frozen=True)
class TrialContext:
    """What only a trial of a sweep is given.

    Attributes:
        estimate: What the sweep expects the trial to cost, as it stands in a record.
        cached_checks: Where the sweep has put its dataset checks.
        should_prune: Given the number and the metrics of each epoch, says whether the trial is pruned; None in a sweep
            without a pruner.
        pause_after: The epoch after which the trial is paused, from 1; None when it is trained to its end.
    """

    estimate: dict[str, Any] | None
    cached_checks: Path
    should_prune: Callable[[int, Mapping[str, float | None]], bool] | None
    pause_after: int | None = None


@dataclass(frozen=True)
class Permissions:
    """What a resumed run may do although something stands in the way.

    Attributes:
        take_over: Resume though the run may still be running on another machine: who asks knows that it is not.
        changed_data: Resume though the dataset has changed.
    """

    take_over: bool = False
    changed_data: bool = False


@dataclass(frozen=True)
class Context:
    """Everything that an attempt of a run is given; nothing here changes while it runs.

    Attributes:
        folder: The run's folder, with the frozen config in it.
        frozen: The frozen config.
        screen: Where to print.
        gatekeeper: Who answers at the gates.
        working_directory: Where relative paths start.
        command: The command as it was typed.
        notes: The user's words on this attempt of a resumed run.
        trial: What only a trial has; None for a run of its own. A trial moves neither `latest` nor the copy of the
            newest evaluation.
        repeats: The run that this one repeats, and what is not as it was then, as it stands in the record.
        extends: The run that this one trains further, and how, as it stands in the record.
        permissions: What a resumed run may do.
        previous: The record as the previous attempt left it; None in the first attempt.
        stop: Whether somebody asked the run to stop.
    """

    folder: RunFolder
    frozen: Frozen
    screen: Screen
    gatekeeper: Gatekeeper
    working_directory: Path
    command: Sequence[str]
    notes: str = ""
    trial: TrialContext | None = None
    repeats: Mapping[str, Any] | None = None
    extends: Mapping[str, Any] | None = None
    permissions: Permissions = Permissions()
    previous: Mapping[str, Any] | None = None
    stop: StopSignal = field(default_factory=StopSignal)

    @property
    def config(self) -> ExperimentConfig:
        """The experiment."""
        return self.frozen.experiment

    @property
    def record(self) -> Record:
        """The run's record."""
        return Record(self.folder)

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.config.train.seed


class Results:
    """What is known in an attempt, one object a type: the context first, then what each stage found.

    >>> results = Results("a run", 3)
    >>> results.get(int), results.get(float)
    (3, None)
    """

    def __init__(self, *known: object) -> None:
        self._known = {type(item): item for item in known}

    def add(self, item: object) -> None:
        """Add what a stage found; an earlier object of its type is replaced."""
        self._known[type(item)] = item

    def get(self, kind: type[Found]) -> Found | None:
        """Return what is known of a type; None when no stage has found it."""
        found = self._known.get(kind)
        return found if isinstance(found, kind) else None

    def call(self, function: Callable[..., Any]) -> Any:
        """Call a function with what its parameters' types ask for.

        Raises:
            KeyError: Nothing is known of a type: the stage that finds it comes later.
        """
        return function(*(self._known[kind] for kind in _types(function)[0]))


@dataclass(frozen=True)
class Stage:
    """A stage of a run; it says by the types of its functions' parameters what it needs, and is given that.

    Attributes:
        name: Its name, also in the record's timings.
        run: What it does; returns what it found.
        done: Reads from the folder and the record what an earlier run of the stage has found, when that is there and
            whole, else None: then the stage runs (again). A stage without runs in each attempt.
        record: Writes what the stage found into the record, for a stage that is done: a kill may have come between its
            files and the record.
        always: Run it in each attempt though it is done: it looks whether the world is still as it was. What follows
            from a stage that ran again is made again too; not what follows from this one.
        once: A decision: it is not taken again because what it rests on was made again.
        wanted: Whether this run has the stage at all.
        doing: What is said while it runs.
    """

    name: str
    run: Callable[..., Any]
    done: Callable[[Context], Any] | None = None
    record: Callable[..., None] | None = None
    always: bool = False
    once: bool = False
    wanted: Callable[[Context], bool] = lambda context: True
    doing: str = ""

    @cached_property
    def needs(self) -> tuple[type, ...]:
        """The types of what it needs."""
        return _types(self.run)[0]

    @cached_property
    def finds(self) -> type:
        """The type of what it finds; `NoneType` for a stage that only acts."""
        return _types(self.run)[1]


def _types(function: Callable[..., Any]) -> tuple[tuple[type, ...], type]:
    """Return the types of a function's parameters and of its result."""
    hints = get_type_hints(function)
    result = hints.pop("return")
    return tuple(hints.values()), result

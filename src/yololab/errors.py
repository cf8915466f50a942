"""The errors a user can meet, each with its exit code.

A `Problem` says where something is wrong, what was found, what is allowed and what to do next. Problems are collected
and raised together, so that one look at the screen is enough to mend all of them.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave us.

    Attributes:
        where: The place: a config key, a file, a file and line, a command-line word.
        found: What was found there.
        allowed: What would have been right, when that can be said briefly.
        remedy: What to do next.
    """

    where: str
    found: str
    allowed: str = ""
    remedy: str = ""

    @property
    def hints(self) -> tuple[str, ...]:
        """What helps: the remedy first, since what is allowed may be a long list."""
        return (*([self.remedy] if self.remedy else ()), *([f"allowed: {self.allowed}"] if self.allowed else ()))

    def __str__(self) -> str:
        return "\n    ".join((f"{self.where}: {self.found}", *self.hints))


class YololabError(Exception):
    """Base of all errors that are shown as one clear message; `exit_code` is what the process returns."""

    exit_code = 1


class InputError(YololabError):
    """Invalid config, dataset, checkpoint or file: exit code 2, nothing was spent.

    Args:
        problems: Everything that is wrong, in the order in which a reader meets it.
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@contextmanager
def noting(problems: list[Problem]) -> Iterator[None]:
    """Add what an InputError says to a list, each problem once, so that all are raised together later.

    >>> problems = []
    >>> with noting(problems):
    ...     raise InputError(Problem("epochs", "-1", "at least 1"))
    >>> [problem.where for problem in problems]
    ['epochs']
    """
    try:
        yield
    except InputError as error:
        problems += [problem for problem in error.problems if problem not in problems]


class NotContinuedError(InputError):
    """A run cannot be continued as it is: exit code 2, and it stays what it was."""


class JobError(YololabError):
    """The job itself failed (training crashed, every trial failed): exit code 1."""

    exit_code = 1


class ApprovalError(YololabError):
    """A gate needs an answer that nobody gave, or the answer was no: exit code 3."""

    exit_code = 3


class GateError(YololabError):
    """The new model is worse than the baseline, as `baseline.gate` defines it: exit code 4."""

    exit_code = 4


class PausedRunError(YololabError):
    """The sweep has paused the trial, whose training goes on later or not at all: exit code 0, its state is saved."""

    exit_code = 0


class InterruptedRunError(YololabError):
    """SIGINT or SIGTERM stopped the job; its state is saved: exit code 130."""

    exit_code = 130

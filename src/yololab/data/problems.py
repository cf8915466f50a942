"""What a dataset check finds."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How bad a finding is."""

    BLOCKING = "blocking"
    """Ultralytics would stop, or silently leave the image out."""
    WARNING = "warning"
    """Training goes on with it; somebody should look at it first, and is asked."""
    NOTE = "note"
    """Worth knowing; nobody is asked."""


@dataclass(frozen=True, slots=True)
class DataProblem:
    """One finding of a dataset check.

    Attributes:
        check: Name of the check, e.g. `label_class`.
        file: The file or folder that it is about.
        line: The first line that it is about, counted from 1; None when it is about the whole file.
        what: What was found.
        severity: How bad it is.
        remedy: What to do about it.
        other: The file that it looks like, or is the same as; None for other findings.
    """

    check: str
    file: Path
    line: int | None
    what: str
    severity: Severity
    remedy: str
    other: Path | None = None

    @property
    def blocking(self) -> bool:
        """Whether training should not start."""
        return self.severity is Severity.BLOCKING


def blocking(check: str, file: Path, what: str, remedy: str, line: int | None = None) -> DataProblem:
    """Return a finding that training should not start with."""
    return DataProblem(check, file, line, what, Severity.BLOCKING, remedy)


def warning(
    check: str, file: Path, what: str, remedy: str, line: int | None = None, other: Path | None = None
) -> DataProblem:
    """Return a finding that somebody should look at first."""
    return DataProblem(check, file, line, what, Severity.WARNING, remedy, other)


def note(
    check: str, file: Path, what: str, remedy: str, line: int | None = None, other: Path | None = None
) -> DataProblem:
    """Return a finding that is worth knowing."""
    return DataProblem(check, file, line, what, Severity.NOTE, remedy, other)

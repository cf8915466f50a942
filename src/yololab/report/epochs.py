"""results.csv, Ultralytics' table of epochs, as the charts need it: what was not measured is None, never zero."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yololab.errors import InputError, Problem

Values = tuple[float | None, ...]

_VALIDATION = ("val/", "metrics/")


@dataclass(frozen=True)
class EpochTable:
    """The epochs of a training, in order. None is what was not measured or is no finite number.

    Attributes:
        epochs: Numbers of the epochs, from 1.
        losses: Ultralytics' column → a value an epoch, `train/…` and `val/…`.
        metrics: Ultralytics' column → a value an epoch, `metrics/…`.
        learning_rates: Ultralytics' column → a value an epoch, `lr/…`.
    """

    epochs: tuple[int, ...] = ()
    losses: Mapping[str, Values] = field(default_factory=dict)
    metrics: Mapping[str, Values] = field(default_factory=dict)
    learning_rates: Mapping[str, Values] = field(default_factory=dict)


def read_epochs(path: Path) -> EpochTable:
    """Read results.csv.

    A line that was not written to its end (the process was killed) is left out, and of an epoch that was trained twice
    (a resumed run) the later one counts.

    Raises:
        InputError: The file is not readable, or is no table of epochs.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(path), f"not readable ({error})", "Ultralytics' results.csv")) from None
    written, _, _unfinished = text.rpartition("\n")
    lines = list(csv.reader(io.StringIO(written)))
    header = [name.strip() for name in lines[0]] if lines else []
    if "epoch" not in header:
        raise InputError(Problem(str(path), "no column 'epoch'", "Ultralytics' results.csv"))
    rows: dict[int, dict[str, float | None]] = {}
    for line in lines[1:]:
        row = _measured(dict(zip(header, map(_number, line), strict=False)))
        epoch = row.get("epoch")
        if epoch is not None and len(line) == len(header):
            rows[int(epoch)] = row
    epochs = tuple(sorted(rows))

    def columns(*prefixes: str) -> dict[str, Values]:
        names = [name for name in header if name.startswith(prefixes)]
        return {name: tuple(rows[epoch][name] for epoch in epochs) for name in names}

    return EpochTable(epochs, columns("train/", "val/"), columns("metrics/"), columns("lr/"))


def _number(text: str) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _measured(row: dict[str, float | None]) -> dict[str, float | None]:
    """Return a row without the zeros that Ultralytics writes for an epoch that was not validated.

    A loss is never exactly zero, so a row whose validation columns all are was not measured.
    """
    validation = [name for name in row if name.startswith(_VALIDATION)]
    return row | dict.fromkeys(validation) if all(row[name] == 0 for name in validation) else row

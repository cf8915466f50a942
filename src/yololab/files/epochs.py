"""results.csv, Ultralytics' table of epochs, read without mistaking what was not measured for zero."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.reading import MOST_TEXT, read_bytes, read_text

MOST_EPOCHS = 10_000_000  # a number beyond is a damaged line


@dataclass(frozen=True)
class EpochTable:
    """The epochs of a training, one entry each, in order. None is what was not measured or is no finite number.

    Attributes:
        epochs: Numbers of the epochs, from 1.
        seconds: How long each epoch took.
        losses: Ultralytics' column → values, `train/…` and `val/…`; which losses there are depends on the model.
        metrics: Ultralytics' column → values, `metrics/…`; which metrics there are depends on the task.
        learning_rates: Ultralytics' column → values, `lr/…`, one a parameter group.
    """

    epochs: tuple[int, ...]
    seconds: tuple[float | None, ...]
    losses: Mapping[str, tuple[float | None, ...]]
    metrics: Mapping[str, tuple[float | None, ...]]
    learning_rates: Mapping[str, tuple[float | None, ...]]

    def train_losses(self) -> tuple[float | None, ...]:
        """Return the sum of the training losses of each epoch; None where one of them is not known."""
        columns = [values for name, values in self.losses.items() if name.startswith("train/")]
        rows = zip(*columns, strict=True) if columns else ((None,) for _ in self.epochs)
        return tuple(None if None in row else math.fsum(value for value in row if value is not None) for row in rows)


def read_results(path: Path, *, validated: bool = True) -> EpochTable:
    """Read results.csv.

    A line that was not written to its end (the process was killed) is left out; of an epoch that was trained twice (a
    resumed run) the later one counts.

    Args:
        path: The file.
        validated: Whether each epoch was validated. Without (`val=False`) Ultralytics writes 0 for what it did not
            measure; rows whose validation columns are all 0 are then taken as not measured.

    Raises:
        InputError: The file is missing or is no table of epochs.
    """
    text = read_text(path)
    header, lines = _lines(text)
    if "epoch" not in header:
        raise InputError(Problem(str(path), "no column 'epoch'", "Ultralytics' results.csv"))
    rows: dict[int, dict[str, float | None]] = {}
    clock = 0.0
    for epoch, line in lines:
        row = rows[epoch] = _row(header, line)
        if not validated:
            _forget_unmeasured(row)
        time = row.get("time")
        if time is not None:
            row["time"], clock = time - (clock if time >= clock else 0.0), time
    ordered = [rows[epoch] for epoch in sorted(rows)]

    def columns(*prefixes: str) -> dict[str, tuple[float | None, ...]]:
        names = [name for name in header if name.startswith(prefixes)]
        return {name: tuple(row.get(name) for row in ordered) for name in names}

    seconds = tuple(row.get("time") for row in ordered)
    return EpochTable(tuple(sorted(rows)), seconds, columns("train/", "val/"), columns("metrics/"), columns("lr/"))


def read_columns(path: Path) -> dict[str, list[float | None]]:
    """Return column → values of results.csv as a checkpoint of Ultralytics has them: whole numbers where all are whole.

    Args:
        path: The file.

    Raises:
        InputError: It cannot be read.
    """
    header, *rows = [[cell.strip() for cell in line.split(",")] for line in read_text(path).splitlines() if line]
    return {name: _numbers(cells) for name, *cells in zip(header, *rows, strict=True)}


def _numbers(cells: Sequence[str]) -> list[float | None]:
    """Return the numbers of a column; None for an empty cell."""
    try:
        return [int(cell) if cell else None for cell in cells]
    except ValueError:
        return [float(cell) if cell else None for cell in cells]


def trim_epochs(path: Path, epochs: int, earlier: Mapping[str, Sequence[float]]) -> float:
    """Bring results.csv to what a training that is resumed after `epochs` epochs must find: each once, in order.

    A process that was killed may have left a row of an epoch that is trained again, half a row, or (when the machine
    went down) none at all. Rows that stay keep every letter.

    Args:
        path: The file; it may be missing.
        epochs: How many epochs stay.
        earlier: The table as the checkpoint holds it, column → values: where the file has lost a row.

    Returns:
        Seconds of training until the last epoch that stays, as its column `time` says.
    """
    text = read_bytes(path, MOST_TEXT).decode("utf-8-sig", "replace") if path.is_file() else ""
    header, lines = _lines(text)
    if "epoch" not in header:
        header, lines = list(earlier), []
    rows = dict(lines)
    for index, number in enumerate(earlier.get("epoch", ())):
        if int(number) not in rows and set(header) == set(earlier):
            rows[int(number)] = ",".join(f"{earlier[name][index]:.6g}" for name in header)
    kept = [rows[number] for number in sorted(rows) if number <= epochs]
    if header:
        write_text(path, "".join(f"{line}\n" for line in (",".join(header), *kept)))
    return _row(header, kept[-1]).get("time") or 0.0 if kept else 0.0


def _lines(text: str) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the columns, and the lines that were written to their end, each with its epoch."""
    whole = [line.rstrip("\r\n") for line in text.splitlines(keepends=True) if line.endswith(("\n", "\r"))]
    header = [name.strip() for name in whole[0].split(",")] if whole else []
    rows = ((_row(header, line).get("epoch"), line) for line in whole[1:])
    return header, [(int(epoch), line) for epoch, line in rows if epoch is not None and 0 <= epoch < MOST_EPOCHS]


def _row(header: list[str], line: str) -> dict[str, float | None]:
    """Return the numbers of a line; empty when it does not have the table's columns."""
    cells = line.split(",")
    return {name: _number(text) for name, text in zip(header, cells, strict=True)} if len(cells) == len(header) else {}


def _number(text: str) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _forget_unmeasured(row: dict[str, float | None]) -> None:
    """Take zeros in all validation columns as not measured."""
    names = [name for name in row if name.startswith(("val/", "metrics/"))]
    if all(row[name] == 0 for name in names):
        row.update(dict.fromkeys(names))

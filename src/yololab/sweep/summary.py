"""The answer of a sweep: summary.csv and summary.json, and the ranking on the screen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yololab.jsonfiles import write_json, write_text_atomically
from yololab.runfolder import RunFolder
from yololab.screen import Screen, number
from yololab.sweep.local import readable, trial_content
from yololab.tasks import TASKS, Direction

SUMMARY_VERSION = 1


def summarise_sweep(
    folder: Path, overrides: Sequence[Sequence[str]], keys: Sequence[str], screen: Screen
) -> list[dict[str, Any]]:
    """Read every trial's record, write the two summaries, print the ranking.

    Args:
        folder: The sweep's folder.
        overrides: The overrides of each trial, by number.
        keys: The keys that vary.
        screen: Where to print.

    Returns:
        A row a trial, in the order of their numbers.
    """
    rows = [_row(RunFolder(folder / str(trial)), trial, words, keys) for trial, words in enumerate(overrides)]
    write_json(folder / "summary.json", {"swept": list(keys), "trials": rows}, SUMMARY_VERSION)
    write_text_atomically(folder / "summary.csv", _csv(rows))
    metrics = sorted({name for row in rows for name in row["metrics"]})
    ranked = rank(rows)
    table = [
        (
            str(row["trial"]),
            *(str(row["values"].get(key, "")) for key in keys),
            *(number(row["metrics"].get(metric)) for metric in metrics),
            row["status"],
        )
        for row in ranked
    ]
    screen.table(("trial", *keys, *metrics, "status"), table)
    for row in ranked:
        if row["error"]:
            screen.warn(f"trial {row['trial']}: {row['error']}")
    screen.detail(f"summary: {folder / 'summary.csv'}")
    return rows


def rank(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the best primary metric first, those without a number last."""

    def position(row: dict[str, Any]) -> tuple[bool, float]:
        task = TASKS.get(row["task"] or "")
        value = row["metrics"].get(task.primary_metric) if task else None
        if task is None or value is None:
            return True, 0.0
        return False, -value if task.primary.direction is Direction.HIGHER else value

    return sorted(rows, key=position)


def _row(folder: RunFolder, trial: int, words: Sequence[str], keys: Sequence[str]) -> dict[str, Any]:
    """Return what a trial left."""
    values = dict(word.split("=", 1) for word in readable(words, keys))
    content: dict[str, Any] = {"status": "not started", "error": None}
    if folder.record.is_file():
        content = trial_content(folder)
    task = content.get("task")
    measured = content.get("evaluation") or {}
    names = [metric.name for metric in TASKS[task].metrics] if task in TASKS else []
    error = (content.get("error") or {}).get("message")
    return {
        "trial": trial,
        "values": values,
        "overrides": list(words),
        "status": content["status"],
        "task": task,
        "metrics": {name: measured[name] for name in names if name in measured},
        "seconds": (content.get("timings") or {}).get("train"),
        "error": str(error).splitlines()[0] if error else None,
        "folder": str(folder.path),
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as CSV, a column for each swept key and metric."""
    keys = list(dict.fromkeys(key for row in rows for key in row["values"]))
    metrics = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["trial", *keys, *metrics, "status", "seconds", "error", "folder"])
    for row in rows:
        cells = [row["values"].get(key, "") for key in keys] + [row["metrics"].get(name, "") for name in metrics]
        writer.writerow([row["trial"], *cells, row["status"], row["seconds"] or "", row["error"] or "", row["folder"]])
    return buffer.getvalue()

"""Plain runs of Ultralytics as rows of the leaderboard: what `yolo train` and `yolo tune` left, read where it lies.

Their numbers are those of their own validation, of the best epoch; `yololab compare A B` measures two of them alike.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import InputError, Problem, noting
from yololab.files.epochs import read_results
from yololab.files.json_files import MOST_BYTES
from yololab.files.paths import TUNING, TUNING_TABLE, OutputTree, RunFolder
from yololab.files.reading import read_bytes, read_text, read_yaml
from yololab.files.record_content import Status
from yololab.sweep.leaderboard.facts import Base, RunFacts, against_base
from yololab.sweep.leaderboard.rows import Board, Objective, RunRow, SweepFacts
from yololab.tasks import TASKS, Direction, Task
from yololab.text import as_number, read_number

_DEEPEST = 4  # folders below the one that is named
_STOPPED = "stopped early"  # by patience, or by whoever ended it: the files do not say
# Arguments that say where a run lies and under which name, and nothing of how it was trained.
_NO_SETTINGS = frozenset({"name", "project", "save_dir", "exist_ok", "mode", "task", "resume"})
_OWN_NAMES = {"model": "model.weights", "data": "data.source", "device": "device.id"}


def plain_folders(names: Sequence[str], working_directory: Path, tree: OutputTree) -> list[Path]:
    """Return the folders among some names that are none of the project's: those of plain runs.

    Args:
        names: What was named: folders, or names of runs.
        working_directory: Where relative paths start.
        tree: The project's results.
    """
    found = []
    for name in names:
        path = working_directory / Path(name).expanduser()
        if not path.is_dir():
            continue
        path = Path(os.path.abspath(path))  # noqa: PTH100  (links stay: they are what the user named)
        ours = [tree.training, tree.multirun]
        if (
            not any(path == place or path.is_relative_to(place) for place in ours)
            and not RunFolder(path).record.exists()
        ):
            found.append(path)
    return found


def is_plain_run(run: RunFolder) -> bool:
    """Return whether a folder is a run of `yolo train`, and none of ours."""
    return run.results.is_file() and run.args.is_file() and not run.record.exists()


def record_of_plain(run: RunFolder) -> dict[str, Any]:
    """Return what a plain run says of itself in the words of a record, as far as it does.

    Raises:
        InputError: Its files cannot be read.
    """
    facts, settings = _read_run(run)
    return {
        "status": facts.status,
        "task": facts.task,
        "evaluation": facts.metrics,
        "results": {"final_epoch": facts.epochs},
        "timings": {"train": facts.seconds},
        "requested_config": settings,
        "dataset": {"name": facts.dataset},
    }


def read_plain(folders: Sequence[Path], working_directory: Path) -> Board:
    """Read plain runs as a leaderboard of their own.

    Args:
        folders: Folders of runs, or of folders of runs: `runs`, `runs/detect`, `runs/detect/train`, `runs/detect/tune`.
        working_directory: What their names are relative to.

    Raises:
        InputError: There is none in one of the folders.
    """
    board = Board()
    base: Base | None = None
    problems: list[Problem] = []
    for folder in folders:
        before = len(board.rows)
        for place in _below(folder, _DEEPEST):
            name = os.path.relpath(place, working_directory)
            run = RunFolder(place)
            with noting(problems):
                if (place / TUNING).is_file() or (place / TUNING_TABLE).is_file():
                    base = _add_tuning(board, base, name, place)
                elif is_plain_run(run):
                    base = _add_run(board, base, name, run)
        if len(board.rows) == before and not problems:
            allowed = "folders of `yolo train` (args.yaml, results.csv) or `yolo tune`, or a folder of these"
            problems.append(Problem(str(folder), "no plain run of Ultralytics in it", allowed))
    if problems and not board.rows:
        raise InputError(problems)
    board.problem = "; ".join(str(problem) for problem in problems)
    board.base = base.values if base is not None else {}
    return board


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Yield a folder and those below it, in order; not those within a run."""
    yield folder
    if depth and not RunFolder(folder).results.is_file():
        try:
            inside = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
        except OSError:
            return
        for path in inside:
            yield from _below(Path(path), depth - 1)


def _settings(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of Ultralytics as settings of ours, nested as a record has them."""
    found: dict[str, Any] = {}
    for key, value in arguments.items():
        if key in _NO_SETTINGS or (key not in TRAIN_ARGUMENTS and key not in _OWN_NAMES):
            continue
        group, _, name = _OWN_NAMES.get(key, key).partition(".")
        found[group] = {name: value} if name else value
    return found


def _add_run(board: Board, base: Base | None, name: str, run: RunFolder) -> Base:
    """Add a run of `yolo train`; return the base that settings are held against."""
    facts, settings = _read_run(run)
    base = base or Base(settings)
    facts = msgspec.structs.replace(facts, **against_base(settings, base))
    board.rows.append(RunRow(name, str(run.path), facts, facts.status, None, base.values))
    return base


def _read_run(run: RunFolder) -> tuple[RunFacts, dict[str, Any]]:
    """Return what a run of `yolo train` has reached, and its settings."""
    arguments = read_yaml(run.args)
    if not isinstance(arguments, dict):
        raise InputError(Problem(str(run.args), "no mapping", "the arguments of a training"))
    table = read_results(run.results, validated=arguments.get("val", True) is not False)
    task = TASKS.get(str(arguments.get("task") or "detect"))
    best = _best_epoch(table.metrics, task)
    settings = _settings(arguments)
    done, wanted = max(table.epochs, default=0), arguments.get("epochs")
    facts = RunFacts(
        status=Status.COMPLETE if done and done == wanted else _STOPPED if run.best.is_file() else Status.INTERRUPTED,
        started=_time_of(run.args),
        finished=_time_of(run.results),
        task=task.name if task else None,
        metrics=best,
        epochs=done or None,
        dataset=_dataset(arguments.get("data")),
        seconds=sum(seconds or 0.0 for seconds in table.seconds),
    )
    return facts, settings


def _best_epoch(columns: Mapping[str, Sequence[float | None]], task: Task | None) -> dict[str, float | None]:
    """Return the metrics of the epoch that is best in the primary one."""
    if task is None:
        return {}
    found = {metric.name: columns.get(metric.source, ()) for metric in task.metrics}
    known = [(value, place) for place, value in enumerate(found[task.primary_metric]) if value is not None]
    if not known:
        return {}
    choose = min if task.primary.direction is Direction.LOWER else max
    place = choose(known)[1]
    return {name: values[place] if place < len(values) else None for name, values in found.items()}


def _add_tuning(board: Board, base: Base | None, name: str, folder: Path) -> Base:
    """Add the iterations of `yolo tune` as the trials of a sweep."""
    iterations = list(_iterations(folder))
    if not iterations:
        raise InputError(Problem(str(folder), "no iteration of `yolo tune`", "a line each in its results"))
    base = base or Base(dict(iterations[0]["hyperparameters"]))
    detect = TASKS["detect"]
    best = max(iterations, key=lambda item: item["fitness"])
    for item in iterations:
        metrics: dict[str, Any] = next(iter(item["datasets"].values()), {})
        task = next((t for t in TASKS.values() if t.primary.source in metrics), detect)
        found = {metric.name: as_number(metrics.get(metric.source)) for metric in task.metrics}
        if found[task.primary_metric] is None:
            found[task.primary_metric] = item["fitness"]  # all that its older form has, and of boxes the same
        dataset = next(iter(item["datasets"]), None)
        facts = RunFacts(
            status=Status.COMPLETE,
            started=_time_of(folder / (TUNING if (folder / TUNING).is_file() else TUNING_TABLE)),
            task=task.name,
            metrics=found,
            dataset=dataset,
            **against_base(item["hyperparameters"], base),
        )
        row = RunRow(f"{name}/{item['iteration']}", str(folder), facts, Status.COMPLETE, name, base.values)
        row.winner = item is best
        board.rows.append(row)
    keys = list(iterations[0]["hyperparameters"])
    board.sweeps[name] = SweepFacts([Objective("fitness", "maximize")], len(iterations), keys)
    return base


def _iterations(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what `yolo tune` has tried: a line each of its NDJSON (8.4), or of its CSV (before)."""
    if (folder / TUNING).is_file():
        for number, line in enumerate(read_bytes(folder / TUNING, MOST_BYTES).splitlines(), 1):
            if not line.strip():
                continue
            try:
                item = json.loads(line)
                values = {str(key): value for key, value in item["hyperparameters"].items()}
                fitness, datasets = float(item["fitness"]), dict(item.get("datasets") or {})
                yield {
                    "iteration": int(item.get("iteration") or number),
                    "fitness": fitness,
                    "hyperparameters": values,
                    "datasets": {name: found for name, found in datasets.items() if isinstance(found, dict)},
                }
            except (ValueError, LookupError, TypeError, AttributeError):
                where, allowed = f"{folder / TUNING}, line {number}", "an iteration of `yolo tune`, as JSON"
                raise InputError(Problem(where, "cannot be read", allowed)) from None
        return
    rows = csv.DictReader(io.StringIO(read_text(folder / TUNING_TABLE)))
    for number, row in enumerate(rows, 1):
        values = {key.strip(): read_number(text) for key, text in row.items() if key and text}
        fitness = values.pop("fitness", None)
        if fitness is not None:
            yield {"iteration": number, "fitness": fitness, "hyperparameters": values, "datasets": {}}


def _dataset(data: Any) -> str | None:
    """Return the name of a dataset; one that Ultralytics has by its name has no folder here."""
    from yololab.data.dataset.locate import dataset_name  # it can draw built-in ones: OpenCV, which no list needs

    path = Path(str(data))
    return None if not data else path.stem if len(path.parts) == 1 and not path.exists() else dataset_name(None, path)


def _time_of(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().isoformat(timespec="seconds")

"""A sweep's folder with made-up trials, without a training."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

from msgspec import convert
from record_samples import records_of, write_evaluation

from yololab.config.search import SearchConfig
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.executor import Resources
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.state import Objective, SweepFolder, SweepSettings, TrialEntry, TrialStatus
from yololab.terminal.screen import Screen

ACCURACY = Objective("mAP50-95", "maximize")
LATENCY = Objective("speed_ms.inference", "minimize")


def write_sweep(
    path: Path, keys=("lr0",), objectives=(ACCURACY,), budget=4, search=None, name="demo", command=("yololab", "-m")
) -> SweepFolder:
    """Write sweep.json."""
    path.mkdir(parents=True, exist_ok=True)
    folder = SweepFolder(path)
    folder.write_settings(
        SweepSettings(
            name=name,
            storage=None,
            arguments=("lr0=0.1,0.2",),
            keys=tuple(keys),
            objectives=tuple(objectives),
            search=convert({"sampler": "grid", "keep": "all", "seed": 0} | (search or {}), SearchConfig),
            budget=budget,
            engine="local",
            engine_settings={},
            resources=Resources(),
            working_directory=str(path.parent),
            command=command,
            created="2026-01-17T14:30:00+00:00",
        )
    )
    return folder


def write_trial(
    folder: SweepFolder,
    number: int,
    values: dict,
    found: float | None = None,
    noted: TrialStatus = TrialStatus.COMPLETE,
    status: Status | None = Status.COMPLETE,
    error: str | None = None,
    epochs: int = 3,
    images: int = 60,
    records: bool = True,
    labels_seed: int = 0,
    **metrics,
) -> RunFolder:
    """Write one trial: trial.json, and, when `found` says how good it is, its evaluation, its table and its weights.

    Args:
        folder: The sweep.
        number: The trial's number.
        values: Its swept values.
        found: How often its model finds an object, 0 to 1; None for a trial that was not measured.
        noted: What the sweep says of it.
        status: What its record says; None for no record.
        error: Why it failed.
        epochs: Lines of results.csv.
        images: Images of the evaluation.
        records: Whether its records lie beside its metrics.
        labels_seed: Another one is another dataset.
        metrics: Further keys of metrics.json.
    """
    run = folder.trial(number)
    overrides = (*(f"{key}={value}" for key, value in values.items()), "epochs=3")
    told = {"message": error, "kind": "JobError", "exit_code": 1} if error else None
    run.path.mkdir(parents=True, exist_ok=True)
    folder.write_trial(TrialEntry(number, overrides, dict(values), noted, study_trial=number, attempts=1, error=told))
    if status is not None:
        record = Record(run)
        record.begin({"task": "detect", "name": run.path.name, "dataset": {"name": "animals", "source": "a.yaml"}})
        record.update(
            timings={"train": 12.5 + number},
            provenance={"process": {"pid": 2**22 + 1, "host": "elsewhere"}, "git": None},
        )
        if status is not Status.RUNNING:
            record.finish(status, told)
    if found is not None:
        write_evaluation(run.path, records_of(found, seed=number, images=images, labels_seed=labels_seed), **metrics)
        if not records:
            run.predictions.unlink()
        run.weights.mkdir(exist_ok=True)
        run.best.write_bytes(b"b" * 1000)
        run.last.write_bytes(b"l" * 500)
    if epochs and (found is not None or noted is TrialStatus.PRUNED):
        with run.results.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["epoch", "time", "train/box_loss", "metrics/mAP50(B)", "metrics/mAP50-95(B)"])
            top = 0.3 if found is None else found
            table.writerows(
                [n, n * 2.0, 3.0 / n, top * n / epochs, 0.7 * top * n / epochs] for n in range(1, epochs + 1)
            )
    return run


def write_comparison(
    run: RunFolder, verdict: str, delta: float, p: float | None, name: str = "comparison.json"
) -> None:
    """Write the trial's comparison with the baseline."""
    row = {"metric": "mAP50-95", "direction": "higher", "current": 0.5 + delta, "baseline": 0.5}
    content = {
        "schema_version": 2,
        "verdict": verdict,
        "confirmed": False,
        "sentence": f"mAP50-95 moved by {delta:+.4f}.",
        "statistical_support": p is not None,
        "primary_metric": "mAP50-95",
        "tolerance": 0.01,
        "metrics": [row | {"delta": delta, "ci_low": delta - 0.02, "ci_high": delta + 0.02, "p": p}],
        "per_class": [],
        "statistics": None,
        "guards": [],
        "warnings": [],
        "notes": [],
        "current": {"path": str(run.metrics)},
        "baseline": {"path": "/baselines/animals"},
    }
    (run.path / name).write_text(json.dumps(content))


def complete_sweep(path: Path) -> SweepFolder:
    """A sweep with complete, pruned and failed trials and a baseline: made once, and copied."""
    made = Path(_made_once().name, "demo")
    shutil.copytree(made, path, symlinks=True, dirs_exist_ok=True)
    for file in path.rglob("*"):
        if file.suffix in (".json", ".csv", ".md") and not file.is_symlink():
            text = file.read_text(encoding="utf-8")
            moved = text.replace(str(made), str(path)).replace(str(made.parent), str(path.parent))
            if moved != text:
                file.write_text(moved, encoding="utf-8")
    return SweepFolder(path)


@cache
def _made_once() -> tempfile.TemporaryDirectory[str]:
    """Make the sweep in a folder that lives as long as this process."""
    folder = tempfile.TemporaryDirectory(prefix="sweep-sample-")
    _make_complete_sweep(Path(folder.name, "demo"))
    return folder


def _make_complete_sweep(path: Path) -> None:
    folder = write_sweep(path, keys=("lr0", "model"), budget=14)
    for number in range(12):
        values = {"lr0": round(0.001 * 1.5**number, 5), "model": ("yolo26n", "yolo26s")[number % 2]}
        run = write_trial(folder, number, values, 0.35 + 0.05 * number)
        write_comparison(run, "IMPROVED" if number > 6 else "INCONCLUSIVE", 0.01 * number, 0.001 + 0.01 * (12 - number))
    write_trial(folder, 12, {"lr0": 0.5, "model": "yolo26n"}, noted=TrialStatus.PRUNED, status=Status.PRUNED)
    values = {"lr0": 9.0, "model": "yolo26n"}
    failed = write_trial(folder, 13, values, noted=TrialStatus.FAILED, status=Status.FAILED, error="loss is NaN")
    failed.log.write_text("line\n" * 40 + "RuntimeError: the last line\n")
    finalize_sweep(folder, Screen(quiet=True))

"""Resuming a training that was killed or stopped: its folder is prepared first, and nothing is lost."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.files.atomic import copy_file, move, write_bytes
from yololab.files.epochs import trim_epochs
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.training.atomic_checkpoints import remove_half_written, strip_checkpoints
from yololab.ultralytics_adapter.training.resume_point import CheckpointState, ResumePoint, epochs_in, read_state
from yololab.ultralytics_adapter.training.trainer import StartingPoint
from yololab.ultralytics_adapter.training.training_file import (
    COMPLETE,
    TrainResult,
    training_noted,
    write_training_file,
)


def set_aside(paths: Iterable[Path], folder: RunFolder, place: Path) -> None:
    """Move files of a run to where nothing overwrites them; a name that is taken gets a number."""
    for path in paths:
        target = place / path.relative_to(folder.path)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{path.name}.{number}")
        move(path, target)


def set_training_aside(folder: RunFolder, place: Path) -> None:
    """Move all that a training without a usable checkpoint has left."""
    remove_half_written(folder.weights)
    pictures = [path for pattern in ("*.jpg", "*.png") for path in sorted(folder.path.glob(pattern))]
    files = (folder.results, folder.training, folder.args, folder.weights, *pictures)
    set_aside([path for path in files if path.exists()], folder, place)


def prepare_folder(folder: RunFolder, point: ResumePoint, place: Path, model: str) -> StartingPoint:
    """Make the folder look as it did after the epoch of the checkpoint.

    Checkpoints that cannot be read are moved away; results.csv is copied before rows of an epoch that is trained again
    are taken out of it; a best.pt that a kill has kept from being written is written now.

    Args:
        folder: The run's folder.
        point: From where the training is resumed.
        place: Where to move and copy to.
        model: What the training had started from.
    """
    state = point.state
    assert state is not None
    set_aside(point.unreadable, folder, place)
    remove_half_written(folder.weights)
    if state.path != folder.last:
        if folder.last.exists():
            set_aside([folder.last], folder, place)
        copy_file(state.path, folder.last)
    best = read_state(folder.best) if folder.best.is_file() else None
    best_epoch = best.epoch + 1 if best is not None and best.epoch >= 0 else None
    if best is None or (state.is_best and best_epoch != state.epoch + 1):
        copy_file(folder.last, folder.best)
        best_epoch = state.epoch + 1
    return StartingPoint(
        epoch=state.epoch + 1,
        seconds=_keep_results(folder, state.epoch + 1, state, place),
        model=model,
        previous=training_noted(folder.training),
        best_epoch=best_epoch,
    )


def finish_training(folder: RunFolder, point: ResumePoint, place: Path, model: str) -> None:
    """Do what was left of a training whose epochs are all done: final checkpoints, curves, training.json."""
    state = point.state
    assert state is not None
    previous = training_noted(folder.training) or TrainResult(effective=dict(state.train_args))
    best_epoch, epochs = None, state.epoch + 1
    if state.epoch >= 0:
        start = prepare_folder(folder, point, place, model)
        best_epoch = start.best_epoch
    else:
        # The checkpoint has forgotten its epoch; best.pt of an old run may know fewer than the table.
        epochs = max(point.epochs_done, previous.epochs_completed, epochs_in(folder.results)) or state.epochs
        _keep_results(folder, epochs, state, place)
        set_aside(point.unreadable, folder, place)
    remove_half_written(folder.weights)
    strip_checkpoints(folder.last, folder.best)
    if state.train_args.get("plots"):
        _draw_curves(folder.results)
    write_training_file(
        folder.training,
        replace(
            previous,
            status=COMPLETE,
            stop_reason=reason_of_end(epochs, state.epochs, state.train_args),
            epochs_completed=epochs,
            best_epoch=best_epoch or previous.best_epoch,
            error=None,
        ),
    )


def reason_of_end(done: int, epochs: int, train_args: Mapping[str, Any]) -> str:
    """Return why a training ended after `done` of its epochs."""
    if train_args.get("time"):
        return "time"
    return "finished" if done >= epochs else "early_stopping"


def _keep_results(folder: RunFolder, epochs: int, state: CheckpointState, place: Path) -> float:
    """Keep the rows of results.csv up to an epoch, those that are lost from the checkpoint; return the seconds."""
    before = folder.results.read_bytes() if folder.results.is_file() else b""
    seconds = trim_epochs(folder.results, epochs, state.results)
    if before and folder.results.read_bytes() != before:
        write_bytes(place / folder.results.name, before)
    return seconds


def _draw_curves(results: Path) -> None:
    """Draw results.png, as the end of a training does; a picture does not cost the run."""
    from ultralytics.utils.plotting import plot_results

    with contextlib.suppress(Exception):
        plot_results(file=results)

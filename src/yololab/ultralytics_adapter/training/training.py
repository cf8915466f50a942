"""One training, from plain values to a frozen result; Ultralytics is imported only when it starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yololab.config.device import Precision
from yololab.errors import InputError, JobError, Problem, YololabError
from yololab.files.atomic import scratch_folder
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import first_line, plain_lines
from yololab.ultralytics_adapter.models.resolve import ResolvedModel
from yololab.ultralytics_adapter.training.batch_reports import BatchTeller, validated
from yololab.ultralytics_adapter.training.pace.plan import EXACT, Pace
from yololab.ultralytics_adapter.training.resume_point import Step, find_resume_point, refuse_other_training
from yololab.ultralytics_adapter.training.selection import BY_FITNESS, SelectionRule
from yololab.ultralytics_adapter.training.training_file import (
    FAILED,
    BatchReport,
    EpochReport,
    TrainResult,
    read_training_file,
    training_noted,
)

if TYPE_CHECKING:
    from yololab.ultralytics_adapter.training.trainer import StartingPoint

__all__ = ["BatchReport", "EpochReport", "TrainRequest", "TrainResult", "train"]

_PLAIN = (bool, int, float, str)
# The run's folder and the model are given next to the arguments; these would say the same a second time.
_NOT_ARGUMENTS = ("save_dir", "project", "name", "exist_ok", "resume", "mode", "model", "pretrained", "task")


@dataclass(frozen=True)
class TrainRequest:
    """What to train.

    Attributes:
        arguments: Ultralytics' train arguments, plain values; `data` must be among them.
        model: What to start from.
        save_dir: The run's folder.
        threads: Number of torch's threads on a CPU; None follows what is free of the machine.
        precision: The numbers that it computes with; `amp=False` wins over it.
        selection: How best.pt is chosen.
        pace: Which of its parts are made cheaper.
    """

    arguments: Mapping[str, Any]
    model: ResolvedModel
    save_dir: Path
    threads: int | None
    precision: Precision = Precision.FP32
    selection: SelectionRule = BY_FITNESS
    pace: Pace = EXACT

    def overrides(self) -> dict[str, Any]:
        """Return everything that Ultralytics' trainer is given; nothing is left to its own choice.

        Raises:
            TypeError: A value is no plain one (an OmegaConf list for `freeze` would be ignored without a word).
            InputError: `data` is missing.
        """
        given = {name: _plain(name, value) for name, value in self.arguments.items() if name not in _NOT_ARGUMENTS}
        if not given.get("data"):
            found = "missing (Ultralytics would train on coco8 without a word)"
            raise InputError(Problem("data", found, "the path of a data.yaml"))
        return {
            **given,
            "model": self.model.model,
            "pretrained": self.model.pretrained,
            "task": self.model.task,
            "mode": "train",
            "save_dir": str(self.save_dir.resolve()),
        }


def resume_overrides(overrides: Mapping[str, Any], folder: RunFolder) -> dict[str, Any]:
    """Return what Ultralytics' trainer is given: its settings come from the checkpoint, so only places are named."""
    places = ("data", "task", "mode", "device", "workers", "save_dir")
    named = {name: overrides[name] for name in places if name in overrides}
    return named | {"model": str(folder.last), "resume": str(folder.last)}


def _plain(name: str, value: Any) -> Any:
    """Return a value as YAML and Ultralytics' `isinstance` checks know it: tuples become lists."""
    if value is None or type(value) in _PLAIN:
        return value
    if type(value) in (list, tuple):
        return [_plain(name, item) for item in value]
    if type(value) is dict:
        return {key: _plain(name, item) for key, item in value.items()}
    raise TypeError(f"argument {name!r} is a {type(value).__module__}.{type(value).__name__}, not a plain value")


def train(
    request: TrainRequest,
    on_epoch: Callable[[EpochReport], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    on_batch: Callable[[BatchReport], None] | None = None,
    on_validation: Callable[[int, int], None] | None = None,
    aside: Path | None = None,
) -> TrainResult:
    """Train, and return what really happened; the same in a fresh process and after other trainings in this one.

    Leaves Ultralytics' own files and training.json in the run's folder; both checkpoints are stripped, and nothing is
    evaluated. When `should_stop` says so, training stops after the batch (with several GPUs after the epoch), and
    last.pt keeps its optimizer: it is the one of the last whole epoch, an epoch that is not over is given up.

    Args:
        request: What to train.
        on_epoch: Called after each epoch. An exception in it is noted and costs nothing.
        should_stop: Asked after each batch and each epoch.
        on_batch: Called when an epoch begins, and now and then within it; on several GPUs not at all.
        on_validation: Called after each batch of a validation with (done, all); on several GPUs not at all.
        aside: Resume what the folder holds, and move there what cannot be used; None trains in a new folder only.

    Raises:
        InputError: The arguments, the device, the dataset, or the folder: it already holds a run, or the checkpoint of
            another one.
        JobError: The training failed; its cause is chained.
        OSError: The run's folder cannot be written any more: the disk is full, the folder is gone.
    """
    from yololab.ultralytics_adapter.isolation.devices import resolve_device
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness

    folder = RunFolder(request.save_dir.resolve())
    if aside is None and folder.holds_a_run():
        found = "the folder already holds a run, whose results.csv Ultralytics would delete"
        raise InputError(Problem(str(folder.path), found, "a new folder", "give the run another name or folder"))
    overrides = request.overrides()
    runtime.activate()
    from yololab.ultralytics_adapter.training.resume import finish_training, prepare_folder, set_training_aside
    from yololab.ultralytics_adapter.training.trainers import trainer_for

    resolve_device(overrides.get("device"))
    start = None
    if aside is not None:
        point = find_resume_point(folder)
        if point.state is not None:
            refuse_other_training(point.state, request.arguments)
        if point.step is Step.ANEW:
            set_training_aside(folder, aside)
        elif point.step is Step.RESUME:
            start = prepare_folder(folder, point, aside, request.model.model)
            overrides = resume_overrides(overrides, folder)
        else:
            if point.step is Step.FINISH:
                finish_training(folder, point, aside, request.model.model)
            return read_training_file(folder.training)
    with preserved_randomness(), scratch_folder(runtime.current().cache, "train") as scratch:
        trainer_class = trainer_for(request.model.task, request.model.family)
        trainer = build_trainer(request, overrides, scratch / "stop", trainer_class, start)
        trainer.on_epoch, trainer.should_stop = on_epoch, should_stop
        trainer.batches = None if on_batch is None else BatchTeller(on_batch)
        if on_validation is not None and not trainer.ddp:  # its callbacks are pickled
            trainer.add_callback("on_val_batch_end", partial(validated, on_validation))
        try:
            trainer.train()
        except YololabError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.strerror:  # of the world: told, with its remedy, where all such are
                error.filename = error.filename or str(folder.path)
                raise
            raise _job_error(folder, error) from error
    return read_training_file(folder.training)


def build_trainer(
    request: TrainRequest,
    overrides: dict[str, Any],
    stop_file: Path,
    trainer_class: type[Any],
    start: StartingPoint | None = None,
) -> Any:
    """Construct a trainer of ours, which checks its arguments and reads the data.yaml.

    Raises:
        InputError: An argument that Ultralytics refuses, or the dataset.
    """
    from yololab.ultralytics_adapter.training.trainer import TrainerSettings, callbacks_with

    requested = {**request.arguments, "pretrained": request.model.pretrained}
    cache, precision = runtime.current().cache, request.precision
    settings = TrainerSettings(
        requested,
        cache,
        request.threads,
        stop_file,
        start,
        precision=precision,
        selection=request.selection,
        pace=request.pace,
    )
    try:
        return trainer_class(overrides=overrides, _callbacks=callbacks_with(settings))
    except (TypeError, ValueError, SyntaxError, KeyError) as error:
        raise InputError(
            [Problem("train arguments", line) for line in plain_lines(str(error))] or Problem("arguments", repr(error))
        ) from error


def _job_error(folder: RunFolder, error: Exception) -> YololabError:
    """Return the error of a failed training; a worker has written its own to training.json."""
    output = getattr(error, "output", None)  # the workers' last lines
    noted = training_noted(folder.training) or TrainResult()
    if output is not None and noted.status == FAILED and noted.error:
        message = noted.error["message"]
        is_input = noted.error["kind"] == "input"
        return InputError(Problem("training", message)) if is_input else JobError(f"training failed: {message}")
    gone = re.search(r"Image Not Found (.+)", str(error))
    if gone:
        remedy = f"put it back; then yololab resume {folder.path}"
        return JobError(f"{gone[1].strip()}: the image is gone, or cannot be read any more; {remedy}")
    # What a process that loads images raised stands at the end of its traceback.
    line = plain_lines(output or str(error))[-1] if output or str(error).startswith("Caught ") else first_line(error)
    return JobError(f"training failed: {type(error).__name__}: {line}")

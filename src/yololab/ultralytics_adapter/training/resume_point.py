"""From where an interrupted training is resumed: what its checkpoints hold, and what follows from that."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.epochs import read_results
from yololab.files.paths import BEST, LAST, RunFolder
from yololab.ultralytics_adapter.models.foreign_files import check_file
from yololab.ultralytics_adapter.training.effective import CHANGED_ON_THE_WAY, CHOSEN_BY_AUTO, same_value
from yololab.ultralytics_adapter.training.training_file import TrainResult, training_noted


class Step(StrEnum):
    """What is left to do for a training.

    `anew`: no epoch was saved. `resume`: epochs are left. `finish`: the epochs are done, the checkpoints are not final
    yet. `done`: nothing.
    """

    ANEW = "anew"
    RESUME = "resume"
    FINISH = "finish"
    DONE = "done"


@dataclass(frozen=True)
class CheckpointState:
    """What a checkpoint of a training holds.

    Attributes:
        path: The file.
        epoch: Index of its epoch, from 0; -1 when it was stripped.
        epochs: How many epochs the training has.
        validated: Whether epochs are validated, so that patience counts.
        patience: Epochs without improvement after which the training ends; 0 for never.
        best_epoch: The epoch of the highest fitness, from 1.
        is_best: Whether it is best.pt, as far as its training knew: it has the highest fitness so far.
        train_args: The arguments it was trained with.
        results: results.csv as it was then, column → values.
    """

    path: Path
    epoch: int
    epochs: int = 0
    validated: bool = True
    patience: int = 0
    best_epoch: int = 0
    is_best: bool = False
    train_args: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def ended_early(self) -> bool:
        """Whether the training has ended here for want of improvement."""
        unimproved = self.epoch + 1 - self.best_epoch
        return self.validated and self.patience > 0 and unimproved >= self.patience


@dataclass(frozen=True)
class ResumePoint:
    """From where a training is resumed.

    Attributes:
        step: What is left to do.
        state: The checkpoint to resume from, or the last one of a training that only has to be finished.
        unreadable: Checkpoints that cannot be read.
    """

    step: Step
    state: CheckpointState | None = None
    unreadable: tuple[Path, ...] = ()

    @property
    def epochs_done(self) -> int:
        """How many epochs stay."""
        if self.state is None:
            return 0
        if self.state.epoch >= 0:
            return self.state.epoch + 1
        # A stripped checkpoint has forgotten its epoch, but not the table.
        return max((len(values) for values in self.state.results.values()), default=0)


def choose(states: Sequence[CheckpointState]) -> tuple[Step, CheckpointState | None]:
    """Decide what is left to do of a training that has not come to its end.

    Args:
        states: The readable checkpoints, last.pt first.
    """
    # Only the end of a training strips its checkpoints, last.pt first; somebody may have deleted that since.
    final = next((state for name in (LAST, BEST) for state in states if state.path.name == name), None)
    if final is not None and final.epoch < 0:
        return Step.FINISH, final
    newest = max((state for state in states if state.epoch >= 0), key=lambda state: state.epoch, default=None)
    if newest is None:
        return Step.ANEW, None
    over = newest.epoch + 1 >= newest.epochs or newest.ended_early
    return (Step.FINISH if over else Step.RESUME), newest


def finished_training(folder: RunFolder) -> TrainResult | None:
    """Return what a training did when it came to its end and both of its tables are whole, else None.

    results.csv must reach as far as training.json says: one that was cut or lost is made again from a checkpoint.
    """
    result = training_noted(folder.training)
    done = result is not None and result.finished and epochs_in(folder.results) >= result.epochs_completed
    return result if done else None


def epochs_in(results: Path) -> int:
    """Return the last epoch that results.csv holds; 0 when it cannot be read."""
    with suppress(InputError):
        return max(read_results(results).epochs, default=0)
    return 0


def find_resume_point(folder: RunFolder) -> ResumePoint:
    """Read what a training has left and decide what is left to do; nothing is changed."""
    if finished_training(folder) is not None:
        return ResumePoint(Step.DONE)
    read = {path: read_state(path) for path in folder.checkpoints()}
    step, state = choose([state for state in read.values() if state is not None])
    return ResumePoint(step, state, tuple(path for path, found in read.items() if found is None))


def read_state(path: Path) -> CheckpointState | None:
    """Return what a checkpoint holds; None when it cannot be used: torn, damaged, somebody else's.

    From one without its optimizer Ultralytics would not resume, but start another training, on coco8.
    """
    from yololab.ultralytics_adapter.isolation.runtime import activate

    activate()
    from ultralytics.nn import tasks

    from yololab.ultralytics_adapter.training.exact_state import exact_state

    try:
        check_file(path)
        content = tasks.load_checkpoint(str(path))[1]
        args = dict(content.get("train_args") or {})
        stopper = content.get("stopper") or {}
        fitness = (content.get("train_metrics") or {}).get("fitness")
        best = content.get("best_fitness")
        epoch = -1 if content.get("epoch") is None else int(content["epoch"])
        chosen = ((exact_state(content) or {}).get("selection") or {}).get("chosen")
        if epoch >= 0 and content.get("optimizer") is None:
            return None
        return CheckpointState(
            path,
            epoch=epoch,
            epochs=int(args.get("epochs") or 0),
            validated=bool(args.get("val", True)),
            patience=int(args.get("patience") or 0),
            best_epoch=int(stopper.get("best_epoch") or 0),
            is_best=chosen == epoch if chosen is not None else best is None or fitness == best,
            train_args=args,
            results=content.get("train_results") or {},
        )
    except Exception:  # whatever a torn file makes the loader raise, it is not usable
        return None


def refuse_other_training(state: CheckpointState, requested: Mapping[str, Any]) -> None:
    """Refuse to resume from a checkpoint that was trained with other settings than the run's.

    Ultralytics takes the settings of the checkpoint and ignores most others, with no more than a warning. What it
    changes itself on the way (a halved batch, a rounded image size, …) is no other setting.

    Args:
        state: The checkpoint.
        requested: The arguments of the run.

    Raises:
        InputError: The settings that differ.
    """
    trained = state.train_args
    automatic = str(requested.get("optimizer", "auto")).lower() == "auto"
    allowed = CHANGED_ON_THE_WAY | (CHOSEN_BY_AUTO if automatic else set())
    if requested.get("time"):
        allowed |= {"epochs"}
    problems = [
        Problem(
            f"{state.path}, {name}",
            f"{trained[name]!r}, but the run's config says {value!r}",
            "a checkpoint of this run",
            "a training with other settings is a new run: yololab model=… and the settings",
        )
        for name, value in requested.items()
        if name in trained and name not in allowed and value is not None and not same_value(value, trained[name])
    ]
    if problems:
        raise InputError(problems)

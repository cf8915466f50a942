"""Charts that a process of its own draws: matplotlib takes seconds of one core, and nothing of a job needs them."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from yololab.errors import InputError
from yololab.files.epochs import read_columns
from yololab.host.beside import Beside, begin
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, first_line
from yololab.ultralytics_adapter.isolation.patching import replaced

if TYPE_CHECKING:
    from ultralytics.engine.trainer import BaseTrainer as _Base
else:
    _Base = object

# A chart takes half a second. A process that never ends was forked from among threads at the wrong moment.
_PATIENCE_SECONDS = 20.0
# Reads tables, with threads that a forked process has lost: there it would wait for them for ever.
_WITH_THREADS = "polars"

Draw = partial[Any]
Place = ModuleType | type

log = logging.getLogger(LOGGER_NAME)


# What processes draw for each job that is open.
_open: list[list[tuple[Beside, Sequence[Draw]]]] = []


@contextmanager
def drawing_aside() -> Iterator[None]:
    """Have charts drawn beside the job, and wait for them on leaving.

    Where no process can be forked (other systems than Linux), and outside of this, they are drawn on the spot.
    """
    running: list[tuple[Beside, Sequence[Draw]]] = []
    _open.append(running)
    try:
        yield
    finally:
        _open.pop()
        until = time.monotonic() + _PATIENCE_SECONDS
        for beside, waiting in running:
            if not beside.wait(until):
                _draw_again(waiting)


@contextmanager
def drawn_on_leaving(names: Mapping[Place, Sequence[str]]) -> Iterator[None]:
    """Draw on leaving, and together, what is drawn within; after an error nothing is drawn.

    Args:
        names: Module or class → its functions that draw.
    """
    waiting: list[Draw] = []

    def later(draw: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments, **keywords: waiting.append(partial(draw, *arguments, **keywords))

    with ExitStack() as stack:
        for place, functions in names.items():
            stack.enter_context(replaced(place, {name: later(getattr(place, name)) for name in functions}))
        yield
    if waiting:
        _draw(waiting)


@contextmanager
def charts() -> Iterator[None]:
    """Draw an evaluation's charts on leaving."""
    from ultralytics.utils import metrics

    with drawn_on_leaving({metrics: ("plot_pr_curve", "plot_mc_curve"), metrics.ConfusionMatrix: ("plot",)}):
        yield


@contextmanager
def curves() -> Iterator[None]:
    """Draw the curves of a training on leaving."""
    from ultralytics.engine import trainer

    with drawn_on_leaving({trainer: ("plot_results",)}):
        yield


class DrawingMixin(_Base):
    """Draws beside the training; put it before Ultralytics' trainer, in `curves`."""

    def plot_training_labels(self) -> None:
        """Draw how the labels are distributed, beside the first batches."""
        from ultralytics.models.yolo.detect import train

        with drawn_on_leaving({train: ("plot_labels",)}):
            super().plot_training_labels()

    def read_results_csv(self) -> dict[str, list[Any]]:
        """Read the table of epochs without polars, beside whose threads no chart could be drawn by a forked process.

        What cannot be read costs no checkpoint, as with Ultralytics.
        """
        try:
            return read_columns(Path(self.csv))
        except (InputError, ValueError):
            return {}


def _draw(waiting: Sequence[Draw]) -> None:
    """Draw charts in a process of their own, or here."""

    def all_of_them() -> None:
        for draw in waiting:
            draw()

    beside = begin(all_of_them) if _open and _WITH_THREADS not in sys.modules else None
    if beside is None:
        all_of_them()
    else:
        _open[-1].append((beside, [_without_callback(draw) for draw in waiting]))


def _without_callback(draw: Draw) -> Draw:
    """Return what draws without telling the trainer, whose model and images would be kept until then."""
    return partial(draw.func, *draw.args, **draw.keywords | ({"on_plot": None} if "on_plot" in draw.keywords else {}))


def _draw_again(waiting: Sequence[Draw]) -> None:
    """Draw what a process could not, one by one; what fails costs a warning."""
    for draw in waiting:
        try:
            draw()
        except Exception as error:
            log.warning(f"a chart was not drawn: {type(error).__name__}: {first_line(error)}")

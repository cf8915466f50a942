"""Work that can wait, done so seldom that it takes a small share of the time, however much of it there has become."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SHARE_OF_TIME = 0.02


@dataclass
class Sparing:
    """Says when the work may be done again.

    Attributes:
        clock: Seconds from some moment on.
    """

    clock: Callable[[], float] = time.monotonic
    _due: float = 0.0

    @property
    def due(self) -> bool:
        """Whether it may be done now."""
        return self.clock() >= self._due

    @contextmanager
    def working(self) -> Iterator[None]:
        """Do it within the block; the longer that takes, the longer is the wait."""
        began = self.clock()
        try:
            yield
        finally:
            ended = self.clock()
            self._due = ended + (ended - began) / SHARE_OF_TIME

"""Batches of a chosen size from Ultralytics' loader: where a whole one takes too long, a few images tell as much."""

import time
from collections.abc import Iterator
from typing import Any

# BatchNorm needs more than one value a channel.
FEWEST = 2
LOADED_FOR_TIMING = 4


class ProbeBatches:
    """A loader whose batches can be smaller than they are; in everything else it is the loader itself.

    Attributes:
        loader: Ultralytics' loader.
        whole: Images of a whole batch.
        size: Images that the next batch shall have.
        given: Images that the last batch had.
        count: Batches that it gives; None for no end.
        sizeable: Whether the size can be chosen: not where processes load the batches ahead.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.whole = min(int(loader.batch_size), len(loader.dataset))
        self.sizeable = loader.num_workers == 0
        self.size = min(FEWEST, self.whole) if self.sizeable else self.whole
        self.given = 0
        self.count: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return len(self.loader) if self.count is None else self.count

    def __iter__(self) -> Iterator[Any]:
        """Give whole batches as the loader does, over and over; smaller ones from the dataset's first images."""
        batches = iter(self.loader)
        number = 0
        while self.count is None or number < self.count:
            number += 1
            if self.size < self.whole:
                dataset = self.loader.dataset
                batch = self.loader.collate_fn([dataset[index] for index in range(self.size)])
            else:
                batch = next(batches, None)
                if batch is None:
                    batches = iter(self.loader)
                    batch = next(batches)
            self.given = len(batch["img"])
            yield batch


def loading_seconds(dataset: Any) -> float:
    """Return the seconds that an image of a dataset takes to load and augment."""
    count = min(LOADED_FOR_TIMING, len(dataset))
    begin = time.perf_counter()
    for index in range(count):
        dataset[index]
    return (time.perf_counter() - begin) / max(count, 1)

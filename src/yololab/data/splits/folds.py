"""Reading one fold of a dataset that `yololab split folds=…` has written: the others train, this one validates."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from yololab.data.dataset.class_folders import folds_of_classes
from yololab.data.dataset.data_yaml import FOLDS
from yololab.data.dataset.layout import Dataset, class_fold
from yololab.errors import InputError, Problem
from yololab.files.record_content import FOLD
from yololab.text import counted

FEWEST = 2


def folds_of(dataset: Dataset) -> tuple[Path, ...]:
    """Return the lists of a dataset's folds, absolute; none where it has no folds.

    Raises:
        InputError: Its key `folds` is no list of names.
    """
    named = dataset.raw.get(FOLDS)
    if named is None:
        return ()
    if not isinstance(named, list) or len(named) < FEWEST or not all(isinstance(name, str) and name for name in named):
        allowed = f"a list of {FEWEST} lists of images or more, as `yololab split` writes it"
        raise InputError(Problem(f"{dataset.yaml}, key {FOLDS!r}", f"{named!r}"[:100], allowed))
    return tuple((dataset.yaml.parent / name).resolve() for name in named)


def with_fold(dataset: Dataset, fold: int) -> Dataset:
    """Return a dataset whose validation split is one of its folds, and whose training split is all others.

    Args:
        dataset: The dataset; its other splits stay as they are.
        fold: The number of the fold, from 0.

    Raises:
        InputError: It has no folds, or not so many.
    """
    lists: Sequence[Path] = folds_of(dataset)
    count = folds_of_classes(dataset.yaml) if dataset.folders else len(lists)
    if not count:
        remedy = "yololab split data=… out=DIR folds=5 makes them; then data=DIR/data.yaml"
        found = f"{dataset.yaml} has no folds"
        raise InputError(Problem(FOLD, found, f"a data.yaml with the key {FOLDS!r}", remedy))
    if fold >= count:
        found = f"{fold}, and {dataset.yaml} has {counted(count, 'fold')}"
        raise InputError(Problem(FOLD, found, f"0 to {count - 1}"))
    if dataset.folders:
        return class_fold(dataset.yaml, fold)
    others = tuple(path for place, path in enumerate(lists) if place != fold)
    return replace(dataset, splits={**dataset.splits, "train": others, "val": (lists[fold],)})

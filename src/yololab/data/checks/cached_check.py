"""A dataset check that is made once and used by many: a sweep's parent caches it, and each trial reads it.

A trial would come to the same result from the cache of known images; but it would read every label again, and look for
similar images again. Whether a file has changed since is seen from its size and time.
"""

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.dataset.layout import Dataset, missing_splits, split_images
from yololab.data.labels.label_source import LabelSource
from yololab.errors import InputError
from yololab.files.atomic import write_bytes
from yololab.files.reading import open_regular

# What a report is made of beside the classes of this package.
_PLAIN_CLASSES = {
    "pathlib": {"Path", "PosixPath", "WindowsPath"},
    "collections": {"Counter", "OrderedDict"},
    "builtins": {"set", "frozenset"},
}
_OURS = "yololab.data."
# What a damaged pickle makes the unpickler raise.
_DAMAGED = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, LookupError, TypeError, ValueError)


class _ReportUnpickler(pickle.Unpickler):
    """Builds instances of a few classes only: a pickle can otherwise call anything."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the classes that a report is made of."""
        if module.startswith(_OURS) or name in _PLAIN_CLASSES.get(module, ()):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a dataset check")


def check_key(dataset: Dataset, task: str, single_cls: bool, needed: Sequence[str], settings: CheckSettings) -> str:
    """Return a name for a check: two that would come to the same result have the same."""
    places = (str(dataset.yaml), sorted(dataset.splits.items()))  # of one file, each fold has other splits
    question = repr((places, task, single_cls, tuple(needed), sorted(asdict(settings).items())))
    return hashlib.sha256(question.encode()).hexdigest()[:16]


def save_check(path: Path, report: CheckReport) -> None:
    """Save the result of a check, with the state of the files that it looked at."""
    stamp = stamp_of(report.dataset, report.labels, tuple(report.files))
    write_bytes(path, pickle.dumps({"stamp": stamp, "report": report}, protocol=5))


def cached_check(path: Path, dataset: Dataset) -> CheckReport | None:
    """Return a check that was saved; None when there is none, or a file of the dataset has changed since."""
    try:
        with open_regular(path) as stream:
            content = _ReportUnpickler(stream).load()
        report, stamp = content["report"], content["stamp"]
        if not isinstance(report, CheckReport):
            return None
        return report if stamp == stamp_of(dataset, report.labels, tuple(report.files)) else None
    except (InputError, *_DAMAGED):
        return None


def stamp_of(dataset: Dataset, labels: LabelSource, splits: Sequence[str]) -> str:
    """Return a hash over the names, sizes and times of the dataset's files, without opening one."""
    digest = hashlib.sha256()
    for path in _files(dataset, labels, splits):
        try:
            state = path.stat()
            digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        except OSError:
            digest.update(f"{path}\0gone\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(dataset: Dataset, labels: LabelSource, splits: Sequence[str]) -> list[Path]:
    """Return the data.yaml, every image, and where its labels would be."""
    there = [split for split in splits if not missing_splits(dataset, (split,))]
    images = [image for split in there for image in split_images(dataset, split)]
    return [dataset.yaml, *images, *map(labels.file, images)]

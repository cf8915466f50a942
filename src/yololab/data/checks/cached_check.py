"""A dataset check that is made once and used by many: by the trials of a sweep, and by whoever asks the same again.

They would come to the same result from what is known of single images; but they would read every label again, and look
for similar images again. Whether anything has changed since is seen from the names, sizes and times of all files in the
dataset's folders, without opening one.
"""

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yololab
from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.dataset.folder_walk import entries_below
from yololab.data.dataset.layout import Dataset, missing_splits, split_images
from yololab.data.labels.label_source import LabelSource
from yololab.errors import InputError
from yololab.files.atomic import write_bytes
from yololab.files.index import stamp_of, was_settled
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


# Reports that the cache keeps: the same dataset is checked for few tasks, image sizes and folds.
_MOST_SAVED = 16


class DatasetState(NamedTuple):
    """What the files of a dataset are, as far as a folder tells.

    Attributes:
        digest: A hash over their names, sizes, times and inodes.
        settled: Whether all of them were changed long enough ago for a later change to show.
    """

    digest: str
    settled: bool


def check_key(dataset: Dataset, task: str, single_cls: bool, needed: Sequence[str], settings: CheckSettings) -> str:
    """Return a name for a check: two that would come to the same result have the same."""
    places = (str(dataset.yaml), sorted(dataset.splits.items()))  # of one file, each fold has other splits
    asked = (places, task, single_cls, tuple(needed), sorted(asdict(settings).items()))
    return hashlib.sha256(repr((asked, _rules())).encode()).hexdigest()[:16]


@cache
def _rules() -> str:
    """Return a hash that is another one when the rules of the check may be: of the modules that they stand in."""
    folder = Path(__file__).parents[1]
    code = b"".join(file.read_bytes() for file in sorted(folder.rglob("*.py")))
    return hashlib.sha256(yololab.__version__.encode() + code).hexdigest()


def save_check(path: Path, report: CheckReport, state: DatasetState) -> None:
    """Save the result of a check with the state of the files before it.

    Raises:
        OSError: It cannot be written.
    """
    write_bytes(path, pickle.dumps({"stamp": state.digest, "report": report}, protocol=5))


def forget_old_checks(folder: Path) -> None:
    """Delete the checks that were saved in the cache longest ago, when there are too many.

    Raises:
        OSError: One cannot be deleted.
    """
    saved = [(file.stat().st_mtime_ns, file) for file in folder.iterdir() if file.name[0] != "."]
    for _, file in sorted(saved)[:-_MOST_SAVED]:
        file.unlink(missing_ok=True)


def cached_check(path: Path, state: DatasetState) -> CheckReport | None:
    """Return a check that was saved; None when there is none, or a file of the dataset has changed since."""
    try:
        with open_regular(path) as stream:
            content = _ReportUnpickler(stream).load()
        report, stamp = content["report"], content["stamp"]
        return report if isinstance(report, CheckReport) and stamp == state.digest else None
    except (InputError, *_DAMAGED):
        return None


def dataset_state(dataset: Dataset, labels: LabelSource) -> DatasetState:
    """Look at the data.yaml, at all lists, and at everything in the folders of images and labels, without opening one.

    Raises:
        InputError: A folder or a list cannot be read.
    """
    digest, newest = hashlib.sha256(), 0
    for path in sorted(_files(dataset, labels)):
        try:
            status = os.stat(path)  # noqa: PTH116  (there are hundreds of thousands: pathlib takes several times as long)
        except OSError:
            stamp = "gone"
        else:
            stamp, newest = stamp_of(status), max(newest, status.st_mtime_ns, status.st_ctime_ns)
        digest.update(f"{path}\0{stamp}\n".encode("utf-8", "surrogateescape"))
    return DatasetState(digest.hexdigest(), was_settled(newest))


def _files(dataset: Dataset, labels: LabelSource) -> set[str]:
    """Return every file that a rule may look at, also those that a list names and that are not there."""
    there = [split for split in dataset.splits if not missing_splits(dataset, (split,))]
    sources = [source for split in there for source in dataset.splits[split]]
    trees = [
        folder for source in sources if source.is_dir() for folder in (source, labels.file(source / "_.jpg").parent)
    ]
    found = {path for folder in dict.fromkeys(trees) if folder.is_dir() for path, _ in entries_below(folder)}
    by_list = [split for split in there if any(source.is_file() for source in dataset.splits[split])]
    images = [image for split in by_list for image in split_images(dataset, split)]
    listed = {str(path) for path in (*images, *map(labels.file, images))}
    return (
        found
        | listed
        | set(_beside({os.path.dirname(path) for path in listed}))  # noqa: PTH120
        | set(map(str, (dataset.yaml, *sources)))
    )


def _beside(folders: Iterable[str]) -> Iterator[str]:
    """Yield what else lies in some folders: an array beside an image, the label of no image."""
    for folder in folders:
        if os.path.isdir(folder):  # noqa: PTH112
            yield from (entry.path for entry in os.scandir(folder))

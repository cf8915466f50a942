"""Keeping Ultralytics' hands off the user's data while it reads a dataset.

It writes a `.cache` file next to the labels and unpickles one that it finds there; it reads decoded images that lie
next to the images; and it rewrites JPEGs whose last bytes are not the end marker. Under the guard all caches lie in our
own folder, those next to the data are not opened, and images stay as they are.
"""

import hashlib
import logging
import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.atomic import atomically, remove_temporaries
from yololab.files.paths import CacheFolder
from yololab.files.reading import open_regular
from yololab.text import counted, first_of
from yololab.ultralytics_adapter.isolation.decoded_images import decoded_images, file_state
from yololab.ultralytics_adapter.isolation.kept_checkpoints import kept_checkpoints
from yololab.ultralytics_adapter.isolation.kept_images import kept_images
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, plain_lines
from yololab.ultralytics_adapter.isolation.patching import replaced

# No label cache takes a day to be written, not even over a slow network.
_ABANDONED_SECONDS = 86_400.0
_RESTORED = "corrupt JPEG restored and saved"

# All that a label cache is made of, whatever numpy wrote it; anything else in the file is refused.
_ARRAY_GLOBAL = re.compile(
    r"numpy\.(dtype|ndarray)|numpy\._?core\.multiarray\.(_reconstruct|scalar)|numpy\._?core\.numeric\._frombuffer"
)


@dataclass
class DataFindings:
    """What the guard has met.

    Attributes:
        unfinished_jpegs: JPEGs without their end marker, which were left as they are.
    """

    unfinished_jpegs: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What a user should know, one line each."""
        if not self.unfinished_jpegs:
            return []
        names = sorted(set(self.unfinished_jpegs))
        files = counted(len(names), "JPEG file has no end marker and was", "JPEG files have no end marker and were")
        return [f"{files} left as found: {first_of(names)}"]


class _PlainUnpickler(pickle.Unpickler):
    """Reads arrays and plain values only: a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the few globals that a label cache needs."""
        if not _ARRAY_GLOBAL.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"{module}.{name} does not belong in a label cache")
        return super().find_class(module, name)


def dataset_error(where: str, error: BaseException) -> InputError:
    """Return an error of the dataset as the user's, with Ultralytics' own text."""
    lines = plain_lines(str(error)) or [type(error).__name__]
    return InputError(Problem(where, " ".join(lines[:6]), remedy="yololab check data=… shows all its problems"))


@contextmanager
def guarded_data(cache: Path) -> Iterator[DataFindings]:
    """Guard the user's data while Ultralytics reads it; what was replaced is put back on leaving.

    Args:
        cache: Our cache folder.

    Yields:
        What was met, filled while the data is read.
    """
    from ultralytics.data import dataset, utils

    findings, folder, hashed = DataFindings(), CacheFolder(cache).labels, dataset.get_hash
    checked: Callable[[str], tuple[str, tuple[int, int]]] = utils.check_image

    def check_image(im_file: str) -> tuple[str, tuple[int, int]]:
        message, shape = checked(im_file)
        return message.replace(_RESTORED, "JPEG without its end marker, left as it is"), shape

    def keep_image(im_file: str | Path, write: Callable[[str], Any]) -> None:
        del write
        with utils.Image.open(im_file) as image:
            image.load()  # an image that cannot be decoded must still count as corrupt
        findings.unfinished_jpegs.append(str(im_file))

    def load_cache(path: Path) -> dict[str, Any]:
        return load_label_cache(cache_file(folder, path))

    def save_cache(prefix: str, path: Path, x: dict[str, Any], version: str) -> None:
        x["version"] = version
        save_label_cache(cache_file(folder, path), x, prefix)

    def get_hash(paths: list[str]) -> str:
        # Theirs is of sizes and times that whoever copies files can keep.
        return hashed([*paths, repr([file_state(path)[-1] for path in paths])])

    readers = {"load_dataset_cache_file": load_cache, "save_dataset_cache_file": save_cache, "get_hash": get_hash}
    checks = {"check_image": check_image, "_replace_image": keep_image}
    decoded = decoded_images(CacheFolder(cache).pixels)
    with replaced(dataset, readers), replaced(utils, checks), decoded, kept_images(), kept_checkpoints():
        yield findings


def check_class_folders(dataset: str | Path, split: str = "") -> dict[str, Any]:
    """Read a classification dataset that is there, with the split that is asked for.

    Ultralytics' own check would download a folder that it does not find, divide one without `train` into a copy next to
    it, and take another split for a missing one.

    Args:
        dataset: The folder.
        split: `train`, `val` or `test`; empty for any.

    Raises:
        FileNotFoundError: A folder is missing.
    """
    from ultralytics.data.utils import check_cls_dataset

    root = Path(dataset)
    for name in ("train", split or "train"):
        places = _SPLIT_FOLDERS.get(name, (name,))
        if not any((root / place).is_dir() for place in places):
            raise FileNotFoundError(f"{root} has no folder {' or '.join(places)}")
    found: dict[str, Any] = check_cls_dataset(str(root), split=split)
    return found


# Split → the folders that Ultralytics takes for it.
_SPLIT_FOLDERS = {"val": ("val", "validation", "valid")}


def cache_file(folder: Path, path: Path) -> Path:
    """Return where the cache that Ultralytics would keep at `path` lies in our folder.

    >>> cache_file(Path("c"), Path("/data/labels/train.cache")).name.startswith("train-")
    True
    """
    digest = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()  # noqa: PTH100 (no links resolved)
    return folder / f"{Path(path).stem}-{digest[:16]}.cache"


def save_label_cache(file: Path, content: dict[str, Any], prefix: str = "") -> None:
    """Write a label cache; a folder that cannot be written costs a warning.

    Args:
        file: The file.
        content: Ultralytics' dictionary of labels.
        prefix: The beginning of the log line.
    """
    log = logging.getLogger(LOGGER_NAME)
    try:
        remove_temporaries(file.parent, _ABANDONED_SECONDS)
        with atomically(file) as temporary, temporary.open("xb") as stream:
            pickle.dump(content, stream, protocol=5)
    except OSError as error:
        log.warning(f"{prefix}label cache not saved: {error}")
    else:
        log.info(f"{prefix}New cache created: {file}")


def load_label_cache(file: Path) -> dict[str, Any]:
    """Read a label cache that `save_label_cache` wrote.

    Raises:
        InputError: There is none.
        UnpicklingError: It holds anything but arrays and plain values.
    """
    with open_regular(file) as stream:
        content = _PlainUnpickler(stream).load()
    if not isinstance(content, dict):
        raise pickle.UnpicklingError(f"{file} holds no dictionary")
    return content

"""The pixels that `cache=disk` keeps: in our folder, not beside the user's images, each for one state of its image.

Ultralytics reads `x.npy` next to `x.jpg` in place of the image whenever it is the newer one, in any cache mode. When
new images have been unpacked over old ones (archives keep old times), that is another picture than was checked.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from yololab.files.atomic import atomically
from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME
from yololab.ultralytics_adapter.isolation.patching import replaced

# Images whose size tells how much space all will take, and what must remain free.
_SAMPLE, _MARGIN = 30, 1.1

log = logging.getLogger(LOGGER_NAME)


def file_state(path: str | Path) -> tuple[int, int, int]:
    """Return what changes with a file: its size and times; nobody can set the last one, when it was changed at all.

    A file that is not there has a state, too.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - paths of a million images
    except OSError:
        return 0, 0, 0
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def decoded_file(folder: Path, image: str | Path, channels: int) -> Path:
    """Return where the pixels of an image lie, as the image is now: one that has changed has another place."""
    place = hashlib.sha256(b"%d" % channels + os.fsencode(os.path.abspath(image))).hexdigest()  # noqa: PTH100
    state = hashlib.sha256(repr(file_state(image)).encode()).hexdigest()
    return folder / f"{place[:24]}-{state[:12]}.npy"


def decoded_files(folder: Path, images: Sequence[str | Path], channels: int) -> list[Path]:
    """Return where the pixels of images lie; those of an earlier state of them are removed."""
    files = [decoded_file(folder, image, channels) for image in images]
    current = {file.name for file in files}
    places = {name.partition("-")[0] for name in current}
    for path in folder.glob("*.npy"):
        if path.name not in current and path.name.partition("-")[0] in places:
            path.unlink(missing_ok=True)
    return files


def keep_pixels(file: Path, decode: Callable[[], Any]) -> bool:
    """Write the pixels of an image, unless they are there.

    Returns:
        Whether they are there now; a disk that is full costs a warning, and the image is decoded each time.
    """
    if not file.exists():
        try:
            with atomically(file) as temporary, temporary.open("xb") as stream:
                np.save(stream, decode(), allow_pickle=False)
        except (OSError, ValueError) as error:
            log.warning(f"image not cached: {error}")
            return False
    return True


class _Attribute:
    """An attribute of a class whose instances keep another value than they are given."""

    def __init__(self, name: str, change: Callable[[Any, Any], Any]) -> None:
        self.name, self.change = name, change

    def __get__(self, instance: Any, owner: type) -> Any:
        return instance.__dict__[self.name]

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = self.change(instance, value)


@contextmanager
def decoded_images(folder: Path) -> Iterator[None]:
    """Have Ultralytics' datasets keep decoded images in a folder of ours, and read none from anywhere else.

    The places are set when a dataset is built, so that they hold in its loader processes, too.
    """
    from ultralytics.data import base, dataset

    boxes, classes = base.BaseDataset, dataset.ClassificationDataset
    read_item = classes.__getitem__

    def files(data: Any, _: Any) -> list[Path]:
        return decoded_files(folder, data.im_files, data.channels)

    def samples(_: Any, given: list[Any]) -> list[Any]:
        if not given or len(given[0]) < 4:  # not with their files yet
            return given
        own = decoded_files(folder, [sample[0] for sample in given], 3)
        return [[*sample[:2], file, sample[3]] for sample, file in zip(given, own, strict=True)]

    def keep(data: Any, index: int) -> None:
        keep_pixels(data.npy_files[index], lambda: base.imread(data.im_files[index], flags=data.cv2_flag))

    def fits(data: Any) -> bool:
        pixels = [base.imread(path, flags=data.cv2_flag) for path in data.im_files[:: max(1, data.ni // _SAMPLE)]]
        sizes = [image.nbytes for image in pixels if image is not None]
        folder.mkdir(parents=True, exist_ok=True)
        if sizes and sum(sizes) / len(sizes) * data.ni * _MARGIN < shutil.disk_usage(folder).free:
            return True
        log.warning(f"{data.prefix}images not cached: no space in {folder}")
        data.cache = None
        return False

    def item(data: Any, index: int) -> Any:
        path, _, file, _ = data.samples[index]
        if not data.cache_ram and not Path(path).is_file():
            raise FileNotFoundError(f"Image Not Found {path}")  # as in the other tasks
        if data.cache_disk and not keep_pixels(file, lambda: data.imread(path)):
            data.cache_disk = False
        return read_item(data, index)

    boxes.npy_files, classes.samples = _Attribute("npy_files", files), _Attribute("samples", samples)
    methods = {"cache_images_to_disk": keep, "check_cache_disk": fits}
    try:
        with replaced(boxes, methods), replaced(classes, {"__getitem__": item}):
            yield
    finally:
        del boxes.npy_files, classes.samples

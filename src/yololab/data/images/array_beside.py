"""Arrays beside images: `cache=disk` of Ultralytics leaves `x.npy` beside `x.jpg`, and reads it ever after if newer.

New images that were unpacked over the old ones keep their old times: the array then shows what is no longer there.
Our runs never read one (`ultralytics_adapter` keeps them out), so the fingerprint is that of the pixels measured.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from yololab.data.images.image_cache import MOST_IMAGE
from yololab.data.problems import DataProblem, note, warning
from yololab.errors import InputError
from yololab.files.reading import read_bytes

_REMEDY = "plain Ultralytics may read it instead of the image (yololab never does): delete it"


def array_beside(image: Path, channels: int) -> Iterator[DataProblem]:
    """Find an array beside an image that is older than it, or shows something else.

    Args:
        image: The image, which can be decoded.
        channels: The channels that the data.yaml names.
    """
    file = f"{str(image).rpartition('.')[0]}.npy"
    try:
        array, picture = os.stat(file), os.stat(image)  # noqa: PTH116  (for each image: pathlib takes much longer)
    except OSError:
        return
    if array.st_mtime < picture.st_mtime:
        yield note("image_npy", image, f"{Path(file).name} beside it is older than the image", _REMEDY)
    elif not (stat.S_ISREG(array.st_mode) and _shows(file, image, channels)):
        what = f"{Path(file).name} beside it is not older than the image, and shows something else"
        yield warning("image_npy", image, what, _REMEDY)


def _shows(file: str, image: Path, channels: int) -> bool:
    """Return whether an array holds the pixels of an image as Ultralytics loads it."""
    import cv2

    flag = {1: cv2.IMREAD_GRAYSCALE, 3: cv2.IMREAD_COLOR}.get(channels, cv2.IMREAD_UNCHANGED)
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
        pixels = cv2.imdecode(np.frombuffer(read_bytes(image, MOST_IMAGE), np.uint8), flag)
        return pixels is not None and np.array_equal(np.squeeze(array), np.squeeze(pixels))
    except (InputError, OSError, ValueError, EOFError, cv2.error):
        return False

"""One pass over the files of a dataset: each image and label file is read once, for every check together.

Of an image only its facts, its digest and its perceptual hash remain: memory does not grow with its size.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from yololab.data.checks.check_report import CheckSettings
from yololab.data.checks.scan_workers import shared_out
from yololab.data.dataset.image_names import windows_remedy
from yololab.data.images.array_beside import array_beside
from yololab.data.images.image_cache import MOST_IMAGE, CachedMap, ImageEntry, cache_name
from yololab.data.images.image_facts import ImageFacts, decode_error, lacks_its_end, read_facts
from yololab.data.images.image_rules import check_image_file
from yololab.data.images.perceptual import perceptual_hash
from yololab.data.labels.label_source import ImageLabels, LabelSource
from yololab.data.problems import DataProblem, blocking
from yololab.errors import InputError
from yololab.files.index import FileIndex, is_settled, stamp_of
from yololab.files.reading import read_bytes
from yololab.host.cores import usable_cores

IMAGES_A_TASK = 32
FEWEST_IMAGES = 200  # fewer are not worth a process
DROPS = "Ultralytics leaves out the whole image"
CACHED_AT_ONCE = 4096
_MEND = f"{DROPS}: mend the permissions, or put an image file in its place"


class ScannedImage(NamedTuple):
    """What one image and its labels are: a plain tuple, since processes send one for each image.

    Attributes:
        entry: What was found in the image; None when it is not there or not readable.
        labels: What its labels are worth.
        problems: What was found.
        cached: Whether the image was known from an earlier scan.
        stamp: What must be the same for the entry to count next time; None when it is not worth caching.
    """

    entry: ImageEntry | None
    labels: ImageLabels
    problems: tuple[DataProblem, ...]
    cached: bool
    stamp: str | None


def scan(
    images: Sequence[Path],
    labels: LabelSource,
    channels: int,
    settings: CheckSettings,
    cache: FileIndex,
    done: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[Path, ScannedImage]]:
    """Read images and their labels; returns each image, in their order, with what it is.

    Args:
        images: The images.
        labels: Their labels.
        channels: The channels that the data.yaml names.
        settings: How deep to look.
        cache: What earlier scans found.
        done: Called now and then with the number of images read.
    """
    workers = (settings.workers or usable_cores()) if len(images) >= FEWEST_IMAGES else 1
    count = 0
    done(count)
    with _quiet_readers():
        for start in range(0, len(images), CACHED_AT_ONCE):
            tasks = _tasks(images[start : start + CACHED_AT_ONCE], labels, cache)
            fresh_maps: dict[str, tuple[str, CachedMap]] = {}
            fresh: dict[str, tuple[str, ImageEntry]] = {}
            with closing(shared_out(partial(_scan_all, labels, channels, settings), tasks, workers)) as results:
                for task, found in results:
                    for (image, _, _), one in zip(task, found, strict=True):
                        if one.stamp is not None and one.entry is not None:
                            fresh[cache_name(image)] = (one.stamp, one.entry)
                        if one.labels.fresh is not None:
                            fresh_maps.update([one.labels.fresh])
                        yield image, one
                    count += len(found)
                    done(count)
            cache.save(fresh, ImageEntry)
            cache.save(fresh_maps, CachedMap)
    done(len(images))


@contextmanager
def _quiet_readers() -> Iterator[None]:
    """Silence what Pillow and OpenCV print without the file's name: our rules report it with the name."""
    import cv2

    logging = getattr(cv2.utils, "logging", cv2)  # where OpenCV 5 has moved it
    level = logging.getLogLevel()
    logging.setLogLevel(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.setLogLevel(level)


KnownMap = tuple[str, CachedMap] | None
Task = list[tuple[Path, tuple[str, ImageEntry] | None, KnownMap]]


def _tasks(images: Sequence[Path], labels: LabelSource, cache: FileIndex) -> list[Task]:
    """Return images with what is known of them, and of their labels where these are images too, some for each task."""
    files = [labels.file(image) for image in images] if labels.are_images else []
    known = cache.known([cache_name(image) for image in images], ImageEntry)
    maps = cache.known([cache_name(file) for file in files], CachedMap)
    found = [maps.get(cache_name(file)) for file in files] or [None] * len(images)
    items = [(image, known.get(cache_name(image)), one) for image, one in zip(images, found, strict=True)]
    return [items[first : first + IMAGES_A_TASK] for first in range(0, len(items), IMAGES_A_TASK)]


def _scan_all(labels: LabelSource, channels: int, settings: CheckSettings, task: Task) -> list[ScannedImage]:
    """Read some images and their labels."""
    scanned = []
    for image, known, known_map in task:
        problems: list[DataProblem] = []
        entry, stamp, cached = _image(image, settings, known, problems)
        if entry is not None:
            problems += check_image_file(image, entry.facts, channels)
            problems += array_beside(image, channels) if entry.facts.error is None else ()
        found = labels.read(image, entry, known_map)
        scanned.append(ScannedImage(entry, found, (*problems, *found.problems), cached, stamp))
    return scanned


def _image(
    image: Path, settings: CheckSettings, known: tuple[str, ImageEntry] | None, problems: list[DataProblem]
) -> tuple[ImageEntry | None, str | None, bool]:
    """Return what is in an image file, its stamp when that is new and settled, and whether it was known."""
    try:
        status = image.stat()
        stamp = stamp_of(status)
        entry = known[1] if known is not None and known[0] == stamp else None
        cached = entry is not None and entry.hashed >= settings.near_duplicates and entry.decoded >= settings.decode
        if entry is None or not cached:
            entry = _read(read_bytes(image, MOST_IMAGE), settings)
    except OSError as error:
        problems.append(_unreadable(image, error))
        return None, None, False
    except InputError as error:
        problems.append(blocking("image_unreadable", image, error.problems[0].found, _MEND))
        return None, None, False
    return entry, None if cached or not is_settled(status) else stamp, cached


def _unreadable(image: Path, error: OSError) -> DataProblem:
    if not isinstance(error, FileNotFoundError):
        return blocking("image_unreadable", image, f"cannot be read ({error.strerror})", _MEND)
    if image.is_symlink():
        what, remedy = f"a link to {image.readlink()}, which is not there", f"{DROPS}: mend the link, or delete it"
        return blocking("missing_image", image, what, remedy)
    place = (
        "" if image.is_absolute() else f", sought from {Path.cwd()}, the folder of the list and that of the data.yaml"
    )
    listed = "in a list, begin the line with ./ to count from the folder of the list"
    remedy = f"{DROPS}; {windows_remedy(str(image)) or listed}"
    return blocking("missing_image", image, f"no such file{place}", remedy)


def _read(content: bytes, settings: CheckSettings) -> ImageEntry:
    """Find everything that is asked of an image file in its bytes."""
    facts = read_facts(content)
    digest = hashlib.sha256(content).digest()
    if facts.error is None and settings.decode:
        error = decode_error(content)
        short = error is None and lacks_its_end(content)
        facts = facts._replace(short=short) if error is None else ImageFacts(facts.size_bytes, error=error)
    usable = facts.error is None and settings.near_duplicates
    hashed = perceptual_hash(content, facts.width, facts.height) if usable else None
    return ImageEntry(facts, digest, hashed, settings.near_duplicates, settings.decode)

"""The rules of an image file: one pure function a rule, facts in, findings out."""

from collections.abc import Iterator
from pathlib import Path

from yololab.data.dataset.image_names import IMAGE_SUFFIXES
from yololab.data.images.image_facts import ImageFacts
from yololab.data.problems import DataProblem, blocking, note, warning

SMALLEST_SIDE = 10  # Ultralytics leaves out an image with a smaller side (`check_image` in data/utils.py)
TINY_SIDE = 32
LARGE_PIXELS = (
    89_478_485  # from here on Pillow warns; from twice as many on it refuses, and Ultralytics drops the image
)
_DROPS = "Ultralytics leaves out the image"
_NAMES = {"JPEG": {"jpg", "jpeg", "mpo"}, "MPO": {"jpg", "jpeg", "mpo"}, "TIFF": {"tif", "tiff", "dng"}}
_NAMES |= {"JPEG2000": {"jp2"}, "HEIF": {"heic", "heif"}, "AVIF": {"avif"}}


def unreadable(image: Path, facts: ImageFacts) -> Iterator[DataProblem]:
    """Find files that are no image, or one that is cut off."""
    if facts.size_bytes == 0:
        yield blocking("image_empty", image, "0 bytes", f"{_DROPS}: replace or delete it")
    elif facts.error is not None:
        check = "image_truncated" if "truncated" in facts.error.lower() else "image_unreadable"
        remedy = f"{_DROPS}: replace it, or delete it with its label"
        yield blocking(check, image, facts.error, remedy)
    elif facts.format is not None and facts.format.lower() not in IMAGE_SUFFIXES | {"jpeg2000"}:
        what, remedy = f"the content is {facts.format}", f"{_DROPS}: convert it to jpg or png"
        yield blocking("image_format", image, what, remedy)


def unfinished_jpeg(image: Path, facts: ImageFacts) -> Iterator[DataProblem]:
    """Find JPEGs that were cut and then closed, and whole ones with bytes after their end."""
    if facts.short:
        what, remedy = "cut off, then closed with an end marker", "its lower part is gray: replace it"
        yield warning("image_truncated", image, what, remedy)
    if facts.error is None and not facts.ends:
        remedy = "plain Ultralytics would rewrite the file (yololab never does): save it again with an image tool"
        yield warning("image_end", image, "bytes after the end of the JPEG", remedy)


def extreme_size(image: Path, facts: ImageFacts) -> Iterator[DataProblem]:
    """Find images that are too small, very small, or very large."""
    if facts.error is not None or not facts.width:
        return
    side, size = min(facts.width, facts.height), f"{facts.width} x {facts.height} px"
    if side < SMALLEST_SIDE:
        remedy = f"{_DROPS}: sides must have {SMALLEST_SIDE} px or more"
        yield blocking("image_small", image, size, remedy)
    elif side < TINY_SIDE:
        yield warning("image_tiny", image, size, "is it a thumbnail or a crop by mistake?")
    elif facts.width * facts.height > LARGE_PIXELS:
        remedy = "it is decoded whole for every use: cut it into tiles, or make it smaller"
        yield warning("image_large", image, size, remedy)


def rotated(image: Path, facts: ImageFacts) -> Iterator[DataProblem]:
    """Find images that are shown turned: labels must have been made on the turned image."""
    if facts.orientation != 1:
        what = f"EXIF orientation {facts.orientation}: Ultralytics turns it before it uses the labels"
        remedy = "look whether its boxes fit the turned image; an image saved upright has no such doubt"
        yield warning("image_rotated", image, what, remedy)


def other_channels(image: Path, facts: ImageFacts, channels: int) -> Iterator[DataProblem]:
    """Find images that are converted on loading: 16 bits to 8, other channels than the dataset's."""
    if facts.error is not None or not facts.mode:
        return
    if facts.bits > 8:
        what = f"{facts.bits} bits a channel: Ultralytics keeps the upper 8"
        remedy = "convert it with the range that matters spread over 8 bits"
        yield warning("image_depth", image, what, remedy)
    elif channels not in (1, 3) and facts.bands not in (0, channels):
        what = f"{facts.bands} channel(s) in a dataset of {channels}"
        remedy = f"training would stop: write images of {channels} channels, or mend `channels` in the data.yaml"
        yield blocking("image_channels", image, what, remedy)
    elif facts.mode != ("L" if channels == 1 else "RGB") and channels in (1, 3):
        what = f"mode {facts.mode} in a dataset of {channels} channel(s): converted on loading"
        yield note("image_channels", image, what, "nothing to do when that is meant")


def wrong_suffix(image: Path, facts: ImageFacts) -> Iterator[DataProblem]:
    """Find images whose content is of another format than their name says."""
    if facts.error is None and facts.format:
        suffix = image.name.rpartition(".")[2].lower()
        if suffix not in _NAMES.get(facts.format, {facts.format.lower()}):
            what = f"the content is {facts.format}, the name says {suffix}"
            yield warning("image_suffix", image, what, "rename or convert the file")


def check_image_file(image: Path, facts: ImageFacts, channels: int) -> tuple[DataProblem, ...]:
    """Apply every rule.

    Args:
        image: The file.
        facts: What it says of itself.
        channels: The channels that the data.yaml names.
    """
    return (
        *unreadable(image, facts),
        *unfinished_jpeg(image, facts),
        *extreme_size(image, facts),
        *rotated(image, facts),
        *other_channels(image, facts, channels),
        *wrong_suffix(image, facts),
    )

"""What an image file says of itself: read from its header, without decoding a pixel."""

import importlib
import io
from typing import Any, NamedTuple

import numpy as np

from yololab.data.images.jpeg_header import read_jpeg_header

# Asked to verify these, Pillow looks at no pixel: a file that was cut would pass.
_LOADED = frozenset({"BMP", "DIB", "TIFF", "JPEG2000"})
_BANDS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "RGB": 3, "YCbCr": 3, "RGBA": 4}
_BITS_PER_SAMPLE = 258
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_MOST_PIXELS = 2**28  # of all pages of a TIFF, which are decoded together; of one image Pillow refuses as many
_DEEP_MODES = {"I;16": 16, "I;16L": 16, "I;16B": 16, "I;16N": 16, "I": 32, "F": 32}
_ORIENTATION = 274
_TURNED_SIDEWAYS = (5, 6, 7, 8)
_JPEG_END = b"\xff\xd9"
# Bits of every kind, without a byte that could be taken for a marker.
_MORE_DATA = bytes(value * 89 % 254 for value in range(1, 65)) * 4


class ImageFacts(NamedTuple):
    """The facts of one image file: a plain tuple, since a scan sends and stores one for each image.

    Attributes:
        size_bytes: Size of the file.
        format: Pillow's name of the format of its content (`JPEG`, `PNG`, …); None when it is no image.
        width: Width as stored, before any turning, px; 0 when unknown.
        height: Height as stored, px; 0 when unknown.
        orientation: EXIF orientation, 1 to 8; 1 when there is none.
        mode: Pillow's mode: `RGB`, `L`, `RGBA`, `I;16`, …
        bits: Bits a channel.
        ends: Whether the file ends as Ultralytics wants it: a JPEG with its end marker; True for other formats.
        error: Why it cannot be read, for a message; None when it can.
        short: Whether it is a JPEG that was cut and then closed; only known of a decoded one.
        stored_bands: Channels as stored, or pages that count as channels; 0 when only the mode says.
    """

    size_bytes: int
    format: str | None = None
    width: int = 0
    height: int = 0
    orientation: int = 1
    mode: str = ""
    bits: int = 8
    ends: bool = True
    error: str | None = None
    short: bool = False
    stored_bands: int = 0

    @property
    def bands(self) -> int:
        """Channels that a dataset of more than three is given, as Ultralytics loads the file; 0 when unknown."""
        if self.format == "JPEG" and self.mode == "CMYK":
            return 3
        return self.stored_bands or _BANDS.get(self.mode, 0)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as the image is seen, turned as its EXIF orientation says, px."""
        turned = self.orientation in _TURNED_SIDEWAYS
        return (self.height, self.width) if turned else (self.width, self.height)


def read_facts(content: bytes) -> ImageFacts:
    """Read the facts of an image file.

    A file whose end is not where it belongs is decoded, to distinguish a cut image from one with bytes behind it.

    Args:
        content: The bytes of the file.
    """
    size = len(content)
    if not content:
        return ImageFacts(0, error="the file is empty")
    header = read_jpeg_header(content)
    if header is not None:
        ends = content.endswith(_JPEG_END)
        error = None if ends else decode_error(content)
        return ImageFacts(size, "JPEG", header.width, header.height, header.orientation, header.mode, 8, ends, error)
    return _facts_by_pillow(content)


def _facts_by_pillow(content: bytes) -> ImageFacts:
    """Read the facts of any image file."""
    size = len(content)
    deepest = 8
    try:
        with _opened(content) as image:
            name, (width, height), mode = image.format or "", image.size, image.mode
            orientation = _orientation(image)
            if name == "TIFF":
                deepest = max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,)))
                if (pages := getattr(image, "n_frames", 1)) * width * height > _MOST_PIXELS:
                    raise ValueError(f"{pages} pages of {width} x {height} px: more than {_MOST_PIXELS:,} in all")
            if name not in ("JPEG", "MPO"):
                image.verify()
    except Exception as raised:  # Pillow's readers raise whatever a broken file makes them
        return ImageFacts(size, error=short_message(raised))
    bits = content[24] if name == "PNG" and size > 24 else max(deepest, _DEEP_MODES.get(mode, 8))
    ends = name != "JPEG" or content.endswith(_JPEG_END)
    error, bands = None if ends else decode_error(content), 0
    if name in _LOADED:
        error, bands = _load(content, name)
    return ImageFacts(size, name, width, height, orientation, mode, bits, ends, error, stored_bands=bands)


def _opened(content: bytes) -> Any:
    """Open an image; HEIF with the package that Ultralytics would try to install for it."""
    from PIL import Image

    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS and b"avif" not in content[:64]:
        try:
            importlib.import_module("pi_heif").register_heif_opener()
        except ImportError:
            raise ValueError("HEIF, which needs the package pi-heif: install it, or convert the image") from None
    return Image.open(io.BytesIO(content))


def _load(content: bytes, name: str) -> tuple[str | None, int]:
    """Load an image as Ultralytics does (`imread` in utils/patches.py).

    Returns:
        Why that fails, None when it does not; and the channels of the file as stored.
    """
    import cv2

    data = np.frombuffer(content, np.uint8)
    try:
        _, frames = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED) if name == "TIFF" else (True, ())
        stored = frames[0] if frames else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        colour = stored is not None and (stored.ndim == 3 or cv2.imdecode(data, cv2.IMREAD_COLOR) is not None)
    except cv2.error:
        stored, colour = None, False
    if stored is None or not colour:
        return decode_error(content) or "OpenCV, with which Ultralytics loads it, cannot decode it", 0
    if stored.ndim == 3:
        return None, stored.shape[2]
    return None, len(frames) if len({frame.shape for frame in frames}) == 1 else 1


def decode_error(content: bytes) -> str | None:
    """Decode every pixel; return why that fails, None when it does not.

    Args:
        content: The bytes of the file.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except Exception as error:  # as above
        return short_message(error)
    return None


def lacks_its_end(content: bytes) -> bool:
    """Return whether a readable JPEG was cut in its middle and then closed with an end marker.

    Such a file decodes without an error, its lower part gray. A decoder reads no further than the last pixel needs:
    when more bytes before the end marker change the picture, some of it was missing.

    Args:
        content: The bytes of the file.
    """
    from PIL import Image

    if not content.endswith(_JPEG_END):
        return False
    with Image.open(io.BytesIO(content)) as image:
        if image.format != "JPEG" or not _may_be_short(image):
            return False
        with Image.open(io.BytesIO(content[: -len(_JPEG_END)] + _MORE_DATA + _JPEG_END)) as longer:
            return bool(longer.tobytes() != image.tobytes())


def _may_be_short(image: Any) -> bool:
    """Return whether a decoded JPEG can lack its end: what is missing is middle gray, except in a progressive one."""
    last = image.getpixel((image.width - 1, image.height - 1))
    return "progressive" in image.info or image.mode not in ("L", "RGB") or last in (128, (128, 128, 128))


def _orientation(image: Any) -> int:
    """Return the EXIF orientation; 1 where there is none, or none that can be read."""
    try:
        tags = image.tag_v2 if image.format == "TIFF" else image.getexif() if "exif" in image.info else {}
        value = int(tags.get(_ORIENTATION, 1))
    except Exception:  # EXIF data is often damaged; without it the image still counts
        return 1
    return value if 1 <= value <= 8 else 1


def short_message(error: Exception) -> str:
    """Return the message of an error in one short line, without the address of our buffer."""
    text = str(error).partition(" <_io")[0].splitlines()
    return (text[0] if text else type(error).__name__)[:120]

"""The header of an ordinary JPEG, read without Pillow: most images of most datasets need no more.

Why not Pillow: it builds an image object, asks its plug-ins and parses all EXIF data to give four numbers, which takes
longer than hashing the file (docs/decisions/own-jpeg-header-reader.md).

Whatever is not plain (12 bits, several pictures in one file, odd EXIF data, anything out of place) is left to Pillow.
Source of the layout: ITU-T T.81, annex B; EXIF 2.3, section 4.
"""

import struct
from dataclasses import dataclass

_START_OF_SCAN, _APP1, _APP2 = 0xDA, 0xE1, 0xE2
_FRAMES = (0xC0, 0xC1, 0xC2)
_UNUSUAL = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xD8, 0xD9, 0xDC, 0xDE})
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_MOST_PIXELS = 80_000_000  # of larger ones Pillow warns, or refuses them
_ORIENTATION, _SHORT = 0x0112, 3


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What the header says.

    Attributes:
        width: px.
        height: px.
        mode: Pillow's mode.
        orientation: EXIF orientation, 1 to 8.
    """

    width: int
    height: int
    mode: str
    orientation: int


def read_jpeg_header(content: bytes) -> JpegHeader | None:
    """Read the header of a JPEG; None when there is anything unusual about it, or it is no JPEG.

    Args:
        content: The bytes of the file.
    """
    if content[:3] != b"\xff\xd8\xff":
        return None
    at, end, frame, orientation = 2, len(content), None, 1
    while at + 4 <= end and content[at] == 0xFF:
        marker = content[at + 1]
        if marker < 0xC0 or marker in _UNUSUAL or 0xD0 <= marker <= 0xD7 or marker == 0xFF:
            return None
        length = content[at + 2] << 8 | content[at + 3]
        first, last = at + 4, at + 2 + length
        if length < 2 or last > end:
            return None
        if marker == _START_OF_SCAN:
            return None if frame is None else JpegHeader(*frame, orientation)
        if marker in _FRAMES:
            frame = _frame(content[first:last])
            if frame is None:
                return None
        elif marker == _APP2 and content[first : first + 4] == b"MPF\0":
            return None
        elif marker == _APP1:
            found = _orientation(content[first:last])
            if found is None:
                return None
            orientation = found
        at = last
    return None


def _frame(segment: bytes) -> tuple[int, int, str] | None:
    """Return width, height and mode of a frame header."""
    if len(segment) < 6 or segment[0] != 8:
        return None
    height, width, components = segment[1] << 8 | segment[2], segment[3] << 8 | segment[4], segment[5]
    if not 0 < width * height <= _MOST_PIXELS or components not in _MODES or len(segment) != 6 + 3 * components:
        return None
    return width, height, _MODES[components]


def _orientation(segment: bytes) -> int | None:
    """Return the orientation that EXIF data names; None when Pillow should look: XMP, no such tag, a broken table."""
    tiff = segment[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if not segment.startswith(b"Exif\0\0") or order is None:
        return None
    try:
        (table,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, table)
        for number in range(entries):
            tag, kind, count = struct.unpack_from(order + "HHI", tiff, table + 2 + 12 * number)
            if tag == _ORIENTATION:
                (value,) = struct.unpack_from(order + "H", tiff, table + 10 + 12 * number)
                return value if (kind, count) == (_SHORT, 1) and 1 <= value <= 8 else None
    except struct.error:
        return None
    return None

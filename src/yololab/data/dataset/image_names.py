"""Which files Ultralytics takes for images, and names that no file here has."""

import os
import re
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    {"avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"}
)
_DRIVE = re.compile(r"(?:^|/)[A-Za-z]:(?:[\\/]|$)")


def is_image_name(name: str) -> bool:
    """Return whether Ultralytics takes a file of this name for an image (any case of the suffix)."""
    return name.rpartition(".")[2].lower() in IMAGE_SUFFIXES


def windows_remedy(path: str) -> str:
    r"""Return what to write instead of a path as Windows has it; empty for any other path, and on Windows.

    >>> windows_remedy("/data/images\\train"), windows_remedy("/data/train")
    ('a path of Windows: write it with /, here /data/images/train', '')
    """
    if os.sep != "/":
        return ""
    if _DRIVE.search(path):
        return "a path of Windows: write it with /, and from a folder that is here instead of a drive"
    return f"a path of Windows: write it with /, here {path.replace(chr(92), '/')}" if "\\" in path else ""


def image_key(im_file: str, root: Path) -> str:
    """Return the key of an image: its path relative to the dataset's folder, with `/`.

    An image that lies outside (a list of files, a linked folder) is named by the way there.
    """
    path = Path(im_file)
    for folder in (root, root.resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    try:
        return Path(os.path.relpath(path, root.resolve())).as_posix()
    except ValueError:  # another drive
        return path.as_posix()

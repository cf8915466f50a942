"""What a file is that is called a checkpoint and is none: told from its bytes, without loading anything of it."""

import io
import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from yololab.errors import InputError, Problem
from yololab.files.reading import open_regular
from yololab.text import first_of

MOST_CHECKPOINT = 32 * 2**30  # bytes; the largest models have some hundred millions
_MOST_PICKLE = 64 * 2**20
_HEAD = 4096
_AGAIN = "download or copy the file again"
_OWN = "give a .pt that Ultralytics wrote"
# First bytes → what such a file is, and what to do.
_BEGINNINGS = (
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "git lfs pull, or download the file"),
    (b"<", "a web page, such as an error or a login", "open its address in a browser, and download the file itself"),
    (b"{", "JSON text", _AGAIN),
    (b"\x08", "an ONNX model", "give the .pt that it was exported from, or the .onnx under its own name to evaluate"),
    (b"\x89PNG", "an image", _OWN),
    (b"\xff\xd8\xff", "an image", _OWN),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"\x89HDF", "an HDF5 file, such as Keras writes", _OWN),
)
# Packages whose classes Ultralytics' own checkpoints hold.
_KNOWN = {"torch", "ultralytics", "collections", "numpy", "pathlib"}
_KNOWN |= {"builtins", "__builtin__", "copyreg", "copy_reg", "_codecs", "argparse"}
# Modules of repositories that also call their checkpoints .pt.
_REPOSITORIES = {
    "models.yolo": "a checkpoint of the YOLOv5 or YOLOv7 repository",
    "models.common": "a checkpoint of the YOLOv5 or YOLOv7 repository",
    "models.experimental": "a checkpoint of the YOLOv5 or YOLOv7 repository",
    "yolov6": "a checkpoint of the YOLOv6 repository",
    "yolox": "a checkpoint of YOLOX",
}


def check_file(path: Path) -> None:
    """Refuse, by its beginning and its table of contents, a file that cannot be a checkpoint.

    Raises:
        InputError: It is no regular file, empty, cut, too large, or something else.
    """
    with open_regular(path, MOST_CHECKPOINT) as file:
        head = file.read(_HEAD)
        if not head.strip():
            raise not_usable(path, "empty", _AGAIN)
        if head.startswith(b"PK\x03\x04"):
            _check_archive(path, file)
            return
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        raise not_usable(path, "a file of safetensors: weights without their model", _OWN)
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    for beginning, found, remedy in _BEGINNINGS:
        if (head if beginning[0] < 32 or beginning[0] > 126 else text).startswith(beginning):
            raise not_usable(path, found, remedy)
    if head[257:262] == b"ustar":
        raise not_usable(path, "a tar archive", "unpack it")
    if not head.startswith(b"\x80"):
        raise not_usable(path, "no checkpoint: its first bytes are those of no file of PyTorch", _OWN)


def foreign_classes(path: Path) -> list[str]:
    """Return the classes in a checkpoint that are not of PyTorch or Ultralytics, by reading its pickle as text."""
    with open_regular(path, MOST_CHECKPOINT) as file:
        found = file.read(4) == b"PK\x03\x04" and zipfile.ZipFile(file)
        if found:
            name = next(name for name in found.namelist() if name.endswith("data.pkl"))
            with found.open(name) as stream:
                content = stream.read(_MOST_PICKLE)
        else:
            file.seek(0)
            content = file.read(_MOST_PICKLE)
    return sorted({name for name in _globals(content) if name.partition(".")[0] not in _KNOWN})


def foreign_problem(path: Path) -> InputError | None:
    """Return the error for a checkpoint with classes of somebody else; None when it has none that can be told."""
    try:
        classes = foreign_classes(path)
    except (OSError, ValueError, IndexError, LookupError, StopIteration, zipfile.BadZipFile):
        return None
    for start, what in _REPOSITORIES.items():
        if any(name.startswith(f"{start}.") for name in classes):
            return not_usable(path, what, "use a model of Ultralytics, such as yolo11n.pt or yolov5nu.pt")
    if not classes:
        return None
    remedy = f"{_OWN}; from a model of your own its state_dict can be put into one, see docs.ultralytics.com"
    return not_usable(path, f"it holds classes that Ultralytics does not have: {first_of(classes)}", remedy)


def not_usable(path: Path, found: str, remedy: str) -> InputError:
    """Return the error for a file that is no checkpoint."""
    return InputError(Problem(str(path), found, "a checkpoint (.pt) of Ultralytics", remedy))


def _check_archive(path: Path, file: IO[bytes]) -> None:
    """Refuse an archive that is cut, that would take more memory than it has bytes, or that is not PyTorch's."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise not_usable(path, "a file of PyTorch that is cut or damaged", _AGAIN) from None
    names = [entry.filename for entry in entries]
    if any("/code/" in f"/{name}" for name in names):
        raise not_usable(path, "a TorchScript archive, not a checkpoint", "give the .pt that it was exported from")
    if not any(name.endswith("data.pkl") for name in names):
        raise not_usable(path, f"a zip archive of other things ({first_of(names)})", _OWN)
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise not_usable(path, "an archive that claims more bytes than it has", _OWN)


def _globals(content: bytes) -> Iterator[str]:
    """Yield the names that a pickle asks for, without running it."""
    texts: list[str] = []
    stream = io.BytesIO(content)
    while stream.tell() < len(content):
        for operation, argument, _ in pickletools.genops(stream):
            if operation.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
            elif operation.name == "STACK_GLOBAL" and len(texts) > 1:
                yield f"{texts[-2]}.{texts[-1]}"
            elif isinstance(argument, str):
                texts.append(argument)
        texts.clear()

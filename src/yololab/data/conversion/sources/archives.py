"""Archives of labels and images, as labelling services hand them out: unpacked into a folder that goes again.

Only labels, lists and images are taken, under names that stay within the folder, whatever the archive calls them.
"""

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from yololab.data.dataset.image_names import is_image_name
from yololab.errors import InputError, Problem
from yololab.text import counted, size

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_TAKEN = (".json", ".xml", ".csv", ".tsv", ".txt")
# What a name in the archive, its size in bytes and how it is opened are.
_Member = tuple[str, int, Callable[[], IO[bytes] | None]]


def is_archive(path: Path) -> bool:
    """Return whether a file is of a kind that is unpacked, by its name.

    >>> is_archive(Path("export.zip")), is_archive(Path("VOC2007.tar.gz")), is_archive(Path("a.7z"))
    (True, True, False)
    """
    return path.name.lower().endswith((".zip", *_TAR))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the labels and images of an archive.

    Args:
        archive: The file.
        folder: Where to, an empty folder.

    Raises:
        InputError: It is damaged or locked, holds nothing of use, or more than there is room for.
    """
    try:
        with _opened(archive) as content:
            members = list(_zip_members(content) if isinstance(content, zipfile.ZipFile) else _tar_members(content))
            taken = [member for member in members if _is_taken(member[0])]
            if not taken:
                found = f"{counted(len(members), 'file')}, none of labels or images"
                raise InputError(Problem(str(archive), found, "an archive of labels, with or without their images"))
            needed, free = sum(bytes_ for _, bytes_, _ in taken), shutil.disk_usage(folder).free
            if needed > free:
                found = f"{size(needed)} when it is unpacked, and {size(free)} are free in {folder.parent}"
                raise InputError(Problem(str(archive), found, remedy="choose another place with out=…"))
            for name, _, source in taken:
                _write(source, _place(folder, name))
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, RuntimeError, NotImplementedError) as error:
        locked = "password" in str(error)
        remedy = "unpack it with the password, and name the folder" if locked else "download or export it again"
        raise InputError(Problem(str(archive), f"cannot be unpacked ({error})", "a whole archive", remedy)) from None
    except OSError as error:
        raise InputError(Problem(str(archive), f"cannot be unpacked ({error.strerror or error})")) from None


def _opened(archive: Path) -> zipfile.ZipFile | tarfile.TarFile:
    return zipfile.ZipFile(archive) if archive.name.lower().endswith(".zip") else tarfile.open(archive)


def _zip_members(content: zipfile.ZipFile) -> Iterator[_Member]:
    for item in content.infolist():
        if not item.is_dir():
            yield item.filename, item.file_size, lambda item=item: content.open(item)  # type: ignore[misc]


def _tar_members(content: tarfile.TarFile) -> Iterator[_Member]:
    for item in content:
        if item.isfile():  # no link, no device
            yield item.name, item.size, lambda item=item: content.extractfile(item)  # type: ignore[misc]


def _is_taken(name: str) -> bool:
    """Return whether a file is of labels or an image; what macOS puts beside each file is none."""
    parts = name.replace("\\", "/").split("/")
    return (
        "__MACOSX" not in parts
        and not parts[-1].startswith("._")
        and (name.lower().endswith(_TAKEN) or is_image_name(name))
    )


def _place(folder: Path, name: str) -> Path:
    """Return where a file goes: within the folder, wherever its name points."""
    return folder.joinpath(*(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")))


def _write(source: Callable[[], IO[bytes] | None], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    opened = source()
    if opened is None:
        return
    with opened as content, place.open("xb") as file:
        shutil.copyfileobj(content, file, 2**20)

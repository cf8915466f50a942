"""Where the images of a source lie: named by a path, a part of one, or a name without suffix, in any case."""

import os
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from yololab.data.conversion.image_lookup import AMBIGUOUS, ImageLookup
from yololab.data.dataset.folder_walk import entries_below
from yololab.data.dataset.image_names import is_image_name

MISSING = "not there"
OTHERWISE = "found under a name in another case or spelling"


class ImagePlaces:
    """The images below some folders.

    Args:
        roots: The folders.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(dict.fromkeys(root.resolve() for root in roots))

    @cached_property
    def files(self) -> list[Path]:
        """Every image below the folders, sorted; of several names of one file (an earlier `out`) the first."""
        found = {path for root in self.roots for path, is_folder in entries_below(root) if not is_folder}
        files: dict[tuple[int, int], Path] = {}
        for path in map(Path, sorted(found)):
            if is_image_name(path.name) and path.is_file():
                status = path.stat()
                files.setdefault((status.st_dev, status.st_ino), path)
        return list(files.values())

    @cached_property
    def _stems(self) -> dict[tuple[str, str], Path]:
        """Folder and name without suffix → the image, the first of several."""
        return {(str(path.parent), path.stem): path for path in reversed(self.files)}

    @cached_property
    def _exact(self) -> ImageLookup:
        return ImageLookup([self.key(path) for path in self.files])

    @cached_property
    def _alike(self) -> ImageLookup:
        return ImageLookup([_folded(self.key(path)) for path in self.files])

    def add(self, root: Path) -> None:
        """Take one more folder: images in it are named from there."""
        self.roots = tuple(dict.fromkeys((*self.roots, root.resolve())))

    def key(self, path: Path) -> str:
        """Return the path of a file from the folder that it lies in, with `/`; its last two names when in none."""
        root = next((root for root in self.roots if path.is_relative_to(root)), None)
        return path.relative_to(root).as_posix() if root else "/".join(path.parts[-2:])

    def find(self, name: str, folder: Path) -> tuple[Path | None, str]:
        """Return the image of a name.

        Args:
            name: The name, a path, or a part of one; with or without a suffix.
            folder: Where it is looked for first.

        Returns:
            The file, and nothing or how its name differs; None, and why there is none.
        """
        found, remark = self._find(name.replace("\\", "/").strip(), folder)
        if found is not None or remark != MISSING:
            return found, remark
        for other in _other_spellings(name):
            found, remark = self._find(other, folder)
            if found is not None:
                return found, remark or OTHERWISE
        return None, MISSING

    def _find(self, plain: str, folder: Path) -> tuple[Path | None, str]:
        direct = Path(os.path.normpath(folder / plain)) if plain and "\0" not in plain else None
        try:
            if direct is not None and direct.is_file():
                if not is_image_name(direct.name):
                    return None, "of a type that Ultralytics does not read"
                return direct, ""
        except OSError:  # a name that no file can have
            return None, MISSING
        near = self._stems.get((str(direct.parent), direct.name)) if direct is not None else None
        if near is not None:
            return near, ""
        for lookup, difference in ((self._exact, ""), (self._alike, OTHERWISE)):
            found = lookup.place(None, plain if not difference else _folded(plain))
            if found >= 0:
                return self.files[found], difference
            if found == AMBIGUOUS:
                return None, "one of several files of that name: give the folder in the name, or images one by one"
        return None, MISSING


def _other_spellings(name: str) -> list[str]:
    """Return what else a name may mean: the path of a URL, and what `%20` stands for.

    >>> _other_spellings("https://host/up/my%20cat.jpg?sign=1"), _other_spellings("a.jpg")
    (['/up/my%20cat.jpg', '/up/my cat.jpg'], [])
    """
    path = urlsplit(name).path if "://" in name else name
    return list(dict.fromkeys(other for other in (path, unquote(path)) if other != name))


def _folded(name: str) -> str:
    """Return a name as it is compared without its case, and with accents in one form (macOS takes them apart)."""
    return unicodedata.normalize("NFC", name).casefold()

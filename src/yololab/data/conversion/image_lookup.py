"""Which image another program means: by the id in a file of labels, by its name, or by a part of its path."""

from collections.abc import Sequence

AMBIGUOUS, UNKNOWN = -2, -1
ImageId = int | str


class ImageLookup:
    """The images of a ground truth, by all that they may be called.

    Args:
        keys: Their names, with folders.
        ids: Their ids, when a file gives them some; else a number is looked for in their names, as Ultralytics writes
            it (`000139.jpg` is 139).
    """

    def __init__(self, keys: Sequence[str], ids: Sequence[ImageId] | None = None) -> None:
        self._ids: dict[ImageId, int] = {} if ids is None else {image: place for place, image in enumerate(ids)}
        self._names: dict[ImageId, int] = {}
        for place, key in enumerate(keys):
            without = stem(key)
            for name in {*tails(key), *tails(without)}:
                self._add(name, place)
            number = without.rpartition("/")[2]
            if ids is None and number.isdecimal():
                self._add(int(number), place)
        # A whole name is that image, whatever else ends in it.
        self._names |= {key: place for place, key in enumerate(keys)}

    def _add(self, name: ImageId, place: int) -> None:
        if self._names.setdefault(name, place) != place:
            self._names[name] = AMBIGUOUS

    def place(self, image: ImageId | float | None, file_name: str | None = None) -> int:
        """Return the place of an image; `UNKNOWN` or `AMBIGUOUS` for none.

        Args:
            image: What it is called by.
            file_name: Its file, which goes before.
        """
        if file_name:
            found = self._named(file_name)
            if found >= 0 or image is None:
                return found
        if isinstance(image, float) and image.is_integer():
            image = int(image)
        if image is None or isinstance(image, float):
            return UNKNOWN
        if image in self._ids:
            return self._ids[image]
        if isinstance(image, int):
            return self._ids.get(str(image), self._names.get(image, UNKNOWN))
        number = int(image) if image.isdecimal() and len(image) < 20 else None
        if number is not None and number in self._ids:
            return self._ids[number]
        found = self._named(image)
        return self._names.get(number, UNKNOWN) if found == UNKNOWN and number is not None else found

    def _named(self, name: str) -> int:
        """Return the image whose path ends as a name does, with or without a suffix; more folders are cut off."""
        for tail in tails(name.replace("\\", "/")):  # the longest first
            found = self._names.get(tail, UNKNOWN)
            if found != UNKNOWN:
                return found
        return UNKNOWN


def tails(key: str) -> list[str]:
    """Return a path, then the same with a folder less, … down to the name.

    >>> tails("a/b/c.jpg")
    ['a/b/c.jpg', 'b/c.jpg', 'c.jpg']
    """
    parts = key.removeprefix("./").split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def stem(key: str) -> str:
    """Return a path without its suffix."""
    folder, _, name = key.rpartition("/")
    return f"{folder}/{name.rpartition('.')[0] or name}" if folder else name.rpartition(".")[0] or name

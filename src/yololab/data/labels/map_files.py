"""Labels that are images, one for each image: read once, and cached while the file stays as it is."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from yololab.data.images.image_cache import MOST_IMAGE, CachedMap, ImageEntry, cache_name
from yololab.data.labels.label_source import ImageLabels, LabelSource, label_status, read_label, unreadable_label
from yololab.data.problems import DataProblem
from yololab.errors import InputError
from yololab.files.index import is_settled, stamp_of
from yololab.files.reading import read_bytes

DROPS = "Ultralytics leaves out the image"
# The digest of a map that is not there.
ABSENT = bytes(32)


class MapVerdict(NamedTuple):
    """What a map is worth.

    Attributes:
        problems: What was found.
        amounts: Pixels of each class.
        measures: Further sums, by name: pixels, metres.
    """

    problems: Sequence[DataProblem]
    amounts: Mapping[int, int]
    measures: Mapping[str, float]


class MapLabels(LabelSource):
    """A label image for each image."""

    unit: ClassVar[str] = "pixels"
    are_images: ClassVar[bool] = True

    @abstractmethod
    def facts(self, content: bytes) -> Sequence[Any]:
        """Return what the bytes of a map hold, as plain values that JSON can hold."""

    @abstractmethod
    def verdict(self, file: Path, facts: Sequence[Any], entry: ImageEntry | None) -> MapVerdict:
        """Apply every rule to what a map holds; `entry` is what is known of its image."""

    def read(self, image: Path, entry: ImageEntry | None, cached: tuple[str, CachedMap] | None) -> ImageLabels:
        """Read and check the map of an image, or take what the cache has of it."""
        file = self.file(image)
        try:
            status = None if file == image else label_status(file)
            if status is None:  # an image outside any folder `images` has no place for a map
                return ImageLabels(False, ABSENT)
            stamp = stamp_of(status)
            found = cached[1] if cached is not None and cached[0] == stamp else None
            content = b"" if found else read_bytes(file, MOST_IMAGE)
        except InputError as error:
            return ImageLabels(True, ABSENT, problems=(unreadable_label(file, error),))
        is_new = found is None
        found = found or CachedMap(list(self.facts(content)), hashlib.sha256(content).digest())
        fresh = (cache_name(file), (stamp, found)) if is_new and is_settled(status) else None
        problems, amounts, measures = self.verdict(file, found.facts, entry)
        return ImageLabels(True, found.digest, amounts, problems=tuple(problems), measures=measures, fresh=fresh)

    def digest(self, image: Path) -> bytes:
        """Return the digest of an image's map."""
        file = self.file(image)
        content = None if file == image else read_label(file, MOST_IMAGE)
        return ABSENT if content is None else hashlib.sha256(content).digest()

"""One content hash a split: two splits with the same hash give a model the same images, labels and class names.

What enters is what training sees: class names, `kpt_shape`, channels, the filters that change labels, and for each
image its relative key, its labels and (in the full fingerprint) its bytes. What does not: where the dataset lies, the
order of listing, file times, and how a label file is spaced or ends its lines. An empty label file and a missing one
are the same: both mean background.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path

from yololab.data.index import Dataset, label_path, relative_key, split_images
from yololab.errors import InputError, Problem

FINGERPRINT_VERSION = 1
READING_THREADS = 4
IMAGES_A_TASK = 16
PROGRESS_STEP = 256


def fingerprint_split(
    dataset: Dataset,
    split: str,
    single_cls: bool = False,
    classes: Sequence[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Return the hash of a split's class names, labels and image bytes.

    Args:
        dataset: The dataset.
        split: The split.
        single_cls: All classes count as one.
        classes: Only these classes count; None for all.
        progress: Called now and then with the number of images done and of all images.

    Returns:
        SHA-256, 64 hexadecimal digits.

    Raises:
        InputError: The split is not there, or one of its files is not readable.
    """

    def digest(image: Path) -> bytes:
        return _label_digest(image) + _image_digest(image)

    return _fingerprint(
        dataset, split, "labels and images", digest, single_cls=single_cls, classes=classes, progress=progress
    )


def label_fingerprint(
    dataset: Dataset,
    split: str,
    single_cls: bool = False,
    classes: Sequence[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Return the hash of a split's class names and labels alone; arguments as those of `fingerprint_split`."""
    return _fingerprint(
        dataset, split, "labels", _label_digest, single_cls=single_cls, classes=classes, progress=progress
    )


def _fingerprint(
    dataset: Dataset,
    split: str,
    content: str,
    digest: Callable[[Path], bytes],
    *,
    single_cls: bool,
    classes: Sequence[int] | None,
    progress: Callable[[int, int], None] | None,
) -> str:
    images = split_images(dataset, split)
    digests = list(_in_threads(digest, images, progress))
    return combined(dataset, images, digests, content, single_cls=single_cls, classes=classes)


def fingerprint_of(
    dataset: Dataset,
    images: Sequence[Path],
    digests: Sequence[bytes],
    single_cls: bool = False,
    classes: Sequence[int] | None = None,
) -> str:
    """Return what `fingerprint_split` would, from digests that are known already.

    Args:
        dataset: The dataset.
        images: The images of the split.
        digests: Of each, `label_digest` followed by the SHA-256 of the image.
        single_cls: All classes count as one.
        classes: Only these classes count; None for all.
    """
    return combined(dataset, images, digests, "labels and images", single_cls=single_cls, classes=classes)


def combined(
    dataset: Dataset,
    images: Sequence[Path],
    digests: Sequence[bytes],
    content: str,
    *,
    single_cls: bool,
    classes: Sequence[int] | None,
) -> str:
    """Combine the digests of a split's images to its fingerprint.

    Args:
        dataset: The dataset.
        images: The images.
        digests: What is known of each.
        content: What the digests are of; enters the fingerprint.
        single_cls: All classes count as one.
        classes: Only these classes count; None for all.
    """
    header = {
        "version": FINGERPRINT_VERSION,
        "content": content,
        "names": [dataset.names[index] for index in sorted(dataset.names)],
        "kpt_shape": dataset.kpt_shape,
        "channels": dataset.channels,
        "single_cls": single_cls,
        "classes": None if classes is None else sorted(set(classes)),
    }
    entries = sorted(
        (relative_key(dataset, image).encode("utf-8", "surrogateescape"), found)
        for image, found in zip(images, digests, strict=True)
    )
    total = hashlib.sha256(json.dumps(header, sort_keys=True).encode() + b"\n")
    for key, found in entries:
        total.update(hashlib.sha256(key).digest() + found)
    return total.hexdigest()


def _in_threads(
    digest: Callable[[Path], bytes], images: Sequence[Path], progress: Callable[[int, int], None] | None
) -> Iterator[bytes]:
    with ThreadPool(READING_THREADS) as pool:
        for done, found in enumerate(pool.imap(digest, images, chunksize=IMAGES_A_TASK)):
            if progress and done % PROGRESS_STEP == 0:
                progress(done, len(images))
            yield found
    if progress:
        progress(len(images), len(images))


def _image_digest(image: Path) -> bytes:
    try:
        with image.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InputError(Problem(str(image), f"not readable ({error.strerror})", "an image file")) from None


def _label_digest(image: Path) -> bytes:
    label = label_path(image)
    try:
        content = label.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        content = b""
    except OSError as error:
        raise InputError(Problem(str(label), f"not readable ({error.strerror})", "a label file")) from None
    return label_digest(content)


def label_digest(content: bytes) -> bytes:
    """Return the SHA-256 of a label file's rows, however they are spaced and end."""
    rows = (b" ".join(line.split()) for line in content.removeprefix(b"\xef\xbb\xbf").splitlines())
    return hashlib.sha256(b"\n".join(filter(None, rows))).digest()

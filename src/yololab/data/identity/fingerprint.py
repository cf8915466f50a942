"""One content hash a split: two splits with the same hash give a model the same images, labels and class names.

What enters is what training sees: class names, `kpt_shape`, channels, the filters that change labels, and for each
image its relative key, its labels and (in the full fingerprint) its bytes. What does not: where the dataset lies, the
order of listing, file times, and how a label file is spaced or ends its lines. An empty label file and a missing one
are the same: both mean background. Masks and depth maps enter with their bytes, and with what gives them a meaning.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from yololab.data.dataset.layout import Dataset, relative_key, split_images
from yololab.data.labels.task_labels import label_source
from yololab.files.reading import sha256_of

FINGERPRINT_VERSION = 1
READING_THREADS = 4
IMAGES_A_TASK = 16


def fingerprint_split(
    dataset: Dataset, split: str, single_cls: bool = False, classes: Sequence[int] | None = None, task: str = "detect"
) -> str:
    """Return the hash of a split's class names, labels and image bytes.

    Args:
        dataset: The dataset.
        split: The split.
        single_cls: All classes count as one.
        classes: Only these classes count; None for all.
        task: What the labels are for; it makes no difference between tasks whose labels are text.

    Returns:
        SHA-256, 64 hexadecimal digits.

    Raises:
        InputError: The split is not there, or one of its files is not readable.
    """
    labels, images = label_source(dataset, task, single_cls), split_images(dataset, split)
    with ThreadPool(READING_THREADS) as pool:
        digests = pool.map(
            lambda image: labels.digest(image) + bytes.fromhex(sha256_of(image)), images, chunksize=IMAGES_A_TASK
        )
    return fingerprint_of(dataset, images, digests, labels.header(), single_cls, classes)


def fingerprint_of(
    dataset: Dataset,
    images: Sequence[Path],
    digests: Sequence[bytes],
    header: Mapping[str, Any],
    single_cls: bool = False,
    classes: Sequence[int] | None = None,
) -> str:
    """Return what `fingerprint_split` would, from digests that are known already.

    Args:
        dataset: The dataset.
        images: The images of the split.
        digests: Of each, the digest of its labels followed by the SHA-256 of the image.
        header: What the label source adds.
        single_cls: All classes count as one.
        classes: Only these classes count; None for all.
    """
    whole = {
        "version": FINGERPRINT_VERSION,
        "content": "labels and images",
        "names": [dataset.names[index] for index in sorted(dataset.names)],
        "kpt_shape": dataset.kpt_shape,
        "channels": dataset.channels,
        "single_cls": single_cls,
        "classes": None if classes is None else sorted(set(classes)),
        **header,
    }
    entries = sorted(
        (relative_key(dataset, image).encode("utf-8", "surrogateescape"), found)
        for image, found in zip(images, digests, strict=True)
    )
    total = hashlib.sha256(json.dumps(whole, sort_keys=True).encode() + b"\n")
    for key, found in entries:
        total.update(hashlib.sha256(key).digest() + found)
    return total.hexdigest()

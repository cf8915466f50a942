"""Digests of label files in text."""

from __future__ import annotations

import hashlib
from pathlib import Path

from yololab.data.dataset.layout import label_path
from yololab.errors import InputError, Problem


def text_digest(image: Path) -> bytes:
    """Return the digest of the rows of an image's label file; that of an empty file when there is none.

    Raises:
        InputError: It is there and cannot be read.
    """
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

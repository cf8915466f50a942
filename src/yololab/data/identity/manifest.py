"""The files of a dataset and their hashes: written for each run, so that a change can be named file by file."""

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_bytes
from yololab.files.json_files import MOST_BYTES, parse_json
from yololab.files.reading import open_regular
from yololab.text import counted, first_of

MANIFEST_VERSION = 1
DIGITS = 32
_EXAMPLES = 5

# split → key of an image → (digest of the image, digest of its labels)
Manifest = dict[str, dict[str, tuple[str, str]]]


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest as compressed JSON; the same one always gives the same bytes."""
    content = {"schema_version": MANIFEST_VERSION, "splits": manifest}
    text = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
    write_bytes(path, gzip.compress(text, compresslevel=1, mtime=0))


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: It is not there, damaged, or of an unknown version.
    """
    try:
        with open_regular(path) as file, gzip.GzipFile(fileobj=file) as unpacked:
            text = unpacked.read(MOST_BYTES + 1)  # some kilobytes can stand for terabytes
        content = parse_json(text, str(path))
        if len(text) > MOST_BYTES or content["schema_version"] != MANIFEST_VERSION:
            raise ValueError("too large, or of another version")
        return msgspec.convert(content["splits"], Manifest)
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, msgspec.ValidationError) as error:
        found = f"no manifest that can be read ({error})"
        raise InputError(Problem(str(path), found, f"a manifest of version {MANIFEST_VERSION}")) from None


# What became of the images of a split, by their keys: a list for each of the kinds below.
SplitChanges = dict[str, list[str]]


def manifest_changes(before: Manifest, after: Manifest) -> dict[str, SplitChanges]:
    """Return what changed in each split; a split without a change is left out.

    Kinds: added, removed, replaced (other bytes), relabelled, and moved, into this split or under another name here.
    An image that was removed from one split and whose bytes were added to another has moved, whatever it is called.
    """
    changes = {}
    left = {
        digest: split
        for split, files in before.items()
        for key, (digest, _) in files.items()
        if key not in after.get(split, {})
    }
    for split in sorted(before.keys() | after.keys()):
        old, new = before.get(split, {}), after.get(split, {})
        both, fresh = sorted(old.keys() & new.keys()), sorted(new.keys() - old.keys())
        found = {
            "added": [key for key in fresh if left.get(new[key][0], split) == split],
            "removed": sorted(old.keys() - new.keys()),
            "replaced": [key for key in both if old[key][0] != new[key][0]],
            "relabelled": [key for key in both if old[key][1] != new[key][1]],
            "moved here from another split": [key for key in fresh if left.get(new[key][0], split) != split],
        }
        if any(found.values()):
            changes[split] = found
    return changes


def changes_json(changes: SplitChanges) -> dict[str, Any]:
    """Return counts and first examples."""
    counts: dict[str, Any] = {name: len(keys) for name, keys in changes.items()}
    return counts | {"examples": {name: keys[:_EXAMPLES] for name, keys in changes.items() if keys}}


def describe_changes(changes: Mapping[str, SplitChanges]) -> list[str]:
    """Return a line for each split that changed, with the first names.

    >>> describe_changes({"train": {"added": ["a.jpg"], "removed": [], "relabelled": ["b.jpg", "c.jpg"]}})
    ['train: 1 image added (a.jpg), 2 images relabelled (b.jpg, …)']
    """
    lines = []
    for split, found in changes.items():
        parts = [f"{counted(len(keys), 'image')} {name} ({first_of(keys, 1)})" for name, keys in found.items() if keys]
        lines.append(f"{split}: {', '.join(parts)}")
    return lines

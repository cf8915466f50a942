"""The files of a dataset and their hashes: written for each run, so that a change can be named file by file."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_bytes
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
    write_bytes(path, gzip.compress(text, compresslevel=6, mtime=0))


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: It is not there, damaged, or of an unknown version.
    """
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        if content["schema_version"] != MANIFEST_VERSION:
            raise ValueError(f"version {content['schema_version']}")
        return {
            split: {key: (pair[0], pair[1]) for key, pair in files.items()}
            for split, files in content["splits"].items()
        }
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        found = f"no manifest that can be read ({error})"
        raise InputError(Problem(str(path), found, f"a manifest of version {MANIFEST_VERSION}")) from None


@dataclass(frozen=True)
class SplitChanges:
    """What became of a split's images, by their keys.

    Attributes:
        added: Images that were not there.
        removed: Images that are no longer there.
        replaced: Images whose bytes are others.
        relabelled: Images whose labels are others.
        moved: Images that were in another split before, or under another name there.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    replaced: tuple[str, ...]
    relabelled: tuple[str, ...]
    moved: tuple[str, ...] = ()

    @property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """Return the changes by their names."""
        return {
            "added": self.added,
            "removed": self.removed,
            "replaced": self.replaced,
            "relabelled": self.relabelled,
            "moved here from another split": self.moved,
        }

    def __bool__(self) -> bool:
        return any(self.kinds.values())

    def to_json(self) -> dict[str, Any]:
        """Return counts and first examples."""
        counts: dict[str, Any] = {name: len(keys) for name, keys in self.kinds.items()}
        return counts | {"examples": {name: list(keys[:_EXAMPLES]) for name, keys in self.kinds.items() if keys}}


def manifest_changes(before: Manifest, after: Manifest) -> dict[str, SplitChanges]:
    """Return what changed in each split; a split without a change is left out.

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
        found = SplitChanges(
            added=tuple(key for key in fresh if left.get(new[key][0], split) == split),
            moved=tuple(key for key in fresh if left.get(new[key][0], split) != split),
            removed=tuple(sorted(old.keys() - new.keys())),
            replaced=tuple(key for key in both if old[key][0] != new[key][0]),
            relabelled=tuple(key for key in both if old[key][1] != new[key][1]),
        )
        if found:
            changes[split] = found
    return changes


def describe_changes(changes: Mapping[str, SplitChanges]) -> list[str]:
    """Return a line for each split that changed, with the first names.

    >>> describe_changes({"train": SplitChanges(("a.jpg",), (), (), ("b.jpg", "c.jpg"))})
    ['train: 1 image added (a.jpg), 2 images relabelled (b.jpg, …)']
    """
    lines = []
    for split, found in changes.items():
        parts = [
            f"{counted(len(keys), 'image')} {name} ({first_of(keys, 1)})" for name, keys in found.kinds.items() if keys
        ]
        lines.append(f"{split}: {', '.join(parts)}")
    return lines

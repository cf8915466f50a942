"""A chain of hashes: each entry holds that of the one before, so that one that was edited or taken out is missed.

Who can write a file can write its chain anew. So whoever an entry is about keeps it as well, in its own record or
comparison: what a file has lost is found there (`traces`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict, cast

from yololab.errors import InputError
from yololab.files.json_files import parse_json, plain
from yololab.files.paths import COMPARISON, OutputTree

_OWN = ("sha256",)


class Linked(TypedDict, total=False):
    """An entry of a chain: the hash of the one before, and its own, which is that of all its other keys."""

    before: str
    sha256: str


def first_link(facts: Mapping[str, Any]) -> str:
    """Return what the first entry of a chain comes after: the hash of what the chain belongs to."""
    return hashlib.sha256(json.dumps(plain(facts), sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def link_of(entry: Mapping[str, Any]) -> str:
    """Return the hash that an entry has to have.

    >>> entry = {"candidate": "a", "before": first_link({"version": "1"})}
    >>> link_of(entry) == link_of(entry | {"sha256": "whatever stood there"})
    True
    """
    return first_link({key: value for key, value in entry.items() if key not in _OWN})


def is_edited(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is not as it was written; one of before there were chains has no hash."""
    return "sha256" in entry and "before" in entry and entry["sha256"] != link_of(entry)


def traces(tree: OutputTree, series: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the records and comparisons of a project keep of a series.

    Args:
        tree: The project's results.
        series: What `first_link` gave.
    """
    return (found for found in kept_of_series(tree, series) if found["series"] == series)


def kept_of_series(tree: OutputTree, word: str) -> Iterator[Mapping[str, Any]]:
    """Yield what the records and comparisons of a project keep of any series: each mapping in them with a `series`.

    Args:
        tree: The project's results.
        word: Only files with this word in them are read.
    """
    wanted = word.encode()
    for file in (*tree.records(), *sorted(tree.comparisons.glob(f"*/{COMPARISON}"))):
        try:
            data = file.read_bytes()
            content = parse_json(data, str(file)) if wanted in data else None
        except (OSError, InputError):  # what cannot be read shows nothing
            continue
        yield from _of_series(content)


def _of_series(content: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings with a series in a record or a comparison, which keep them at the top or one level below."""
    if not isinstance(content, dict):
        return
    below = [item for item in content.values() if isinstance(item, dict)]
    for item in (*below, *(inner for part in below for inner in part.values() if isinstance(inner, dict))):
        if isinstance(item.get("series"), str):
            yield cast(Mapping[str, Any], item)

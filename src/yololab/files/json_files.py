"""Reading and writing our JSON files: atomic, versioned, strict about what a number is."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, cast

import msgspec

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.reading import MOST_NESTED, read_bytes

MOST_BYTES = 256 * 2**20  # the findings of a check of a million images
Shape = TypeVar("Shape")
# A path that a file names: one that an operating system can be asked for.
PathText = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z", max_length=4096)]
_DAMAGED = "the file is damaged, or another program's: restore it, or have it written again"


def plain(value: Any) -> Any:
    """Turn `value` into what JSON knows: numpy scalars become numbers, paths strings, NaN and infinities None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist") and not isinstance(value, (str, bytes)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: Path, content: Mapping[str, Any], schema_version: int) -> None:
    """Write `content` as JSON with its `schema_version` first, atomically."""
    body = {"schema_version": schema_version, **{k: v for k, v in content.items() if k != "schema_version"}}
    write_text(path, json.dumps(plain(body), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


class JsonRows:
    """A JSON list that grows, and is whole after each addition: whoever ends the process leaves what there is.

    Args:
        path: The file, which must not be there.
    """

    _END = b"\n]\n"

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._file.write(b"[" + self._END)
        self._place, self._first = 1, True

    def __enter__(self) -> Self:
        """Return the list."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows at the end."""
        texts = [json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows]
        if not texts:
            return
        data = (("\n" if self._first else ",\n") + ",\n".join(texts)).encode("utf-8", "backslashreplace")
        self._file.seek(self._place)
        self._file.write(data + self._END)
        self._place, self._first = self._place + len(data), False


def read_json(
    path: Path, known_versions: tuple[int, ...], shape: type[Shape], *, version_optional: bool = False
) -> Shape:
    """Read a JSON object of a version and a shape that we know.

    A number that is none (NaN, an infinity) is None, as `write_json` has it. Keys that the shape lacks are kept.

    Args:
        path: The file.
        known_versions: The values of `schema_version` that the caller understands.
        shape: What the file holds, as far as it is used; what is there must be of its type. Of a TypedDict the content
            itself is returned, of a dataclass an object.
        version_optional: Accept an object without `schema_version` (somebody else's file).

    Raises:
        InputError: The file is missing, is not a JSON object, has a version that we do not know, or a section of
            another type, whose place is named.
    """
    content = parse_json(read_bytes(path, MOST_BYTES), str(path))
    if not isinstance(content, dict):
        raise InputError(Problem(str(path), f"a JSON {type(content).__name__}", "a JSON object"))
    version = content.get("schema_version")
    if (version is not None or not version_optional) and (type(version) is not int or version not in known_versions):
        raise InputError(
            Problem(
                f"{path}, schema_version",
                f"{version!r}",
                f"one of {list(known_versions)}",
                "the file was written by another version of yololab; use that one, or write the file again",
            )
        )
    return checked(content, shape, str(path))


def parse_json(data: bytes, where: str) -> Any:
    """Return the value of a JSON text: plain, finite, and not nested beyond reason.

    Raises:
        InputError: It is no JSON, or one that no program of ours writes.
    """
    try:
        content = json.loads(
            data.decode("utf-8-sig"), parse_int=_whole, parse_float=_finite, parse_constant=lambda _name: None
        )
        level = [content]
        for _ in range(MOST_NESTED):
            parts = (
                part.values() if isinstance(part, dict) else part for part in level if isinstance(part, (dict, list))
            )
            level = [child for part in parts for child in part]
        if level:
            raise ValueError(f"more than {MOST_NESTED} levels")
    except (ValueError, RecursionError) as error:  # also UnicodeDecodeError and JSONDecodeError
        raise InputError(Problem(where, f"not readable as JSON ({error})", "a JSON object", _DAMAGED)) from None
    return content


def checked(content: dict[str, Any], shape: type[Shape], where: str) -> Shape:
    """Return content as a TypedDict, which it is itself, or as a dataclass.

    Raises:
        InputError: A section is missing, or of another type.
    """
    try:
        made = msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        found, _, place = str(error).partition(" - at ")
        raise InputError(Problem(f"{where}, {place.strip('`') or '$'}", found.lower(), remedy=_DAMAGED)) from None
    return made if is_dataclass(shape) else cast(Shape, content)


def _whole(text: str) -> int:
    """Return a whole number of 64 bits, the most that anything here counts."""
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        raise ValueError(f"the number {text[:20]}… has {len(text)} digits")
    return int(text)


def _finite(text: str) -> float | None:
    """Return a number; None for one beyond all floats."""
    value = float(text)
    return value if math.isfinite(value) else None

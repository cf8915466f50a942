"""Reading and writing our JSON files: atomic, versioned, strict about what a number is."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text


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


def read_json(path: Path, known_versions: tuple[int, ...], *, version_optional: bool = False) -> dict[str, Any]:
    """Read a JSON object of a version that we know.

    Args:
        path: The file.
        known_versions: The values of `schema_version` that the caller understands.
        version_optional: Accept an object without `schema_version` (somebody else's file).

    Raises:
        InputError: The file is missing, is not a JSON object, or has a version that we do not know.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(Problem(str(path), "no such file", remedy="check the path")) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(Problem(str(path), f"not readable as JSON ({error})", "a JSON object")) from None
    if not isinstance(content, dict):
        raise InputError(Problem(str(path), f"a JSON {type(content).__name__}", "a JSON object"))
    version = content.get("schema_version")
    if version is None and version_optional:
        return content
    if version not in known_versions:
        raise InputError(
            Problem(
                f"{path}, schema_version",
                f"{version!r}",
                f"one of {list(known_versions)}",
                "the file was written by another version of yololab; use that one, or write the file again",
            )
        )
    return content

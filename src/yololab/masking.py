"""What may be shown of a text from outside: no password, token or key, and nothing that steers a terminal."""

import re
from collections.abc import Mapping
from typing import Any

from yololab.text import printable

MASK = "***"
# A whole part of a name in any style: api_key, AWS_SECRET, accessToken; not tokenizer.
_PART = r"(?:(?<![a-z]){0}(?![a-z])|(?-i:(?<=[a-z])(?=[A-Z])){0}(?![a-z]))"
_SECRET = (
    "(?:passw(?:or)?d|"
    + _PART.format(
        "(?:passphrase|pwd|secret|token|credentials?|auth|authorization|(?:api|access|account|private|secret)[_-]?key)"
    )
    + ")"
)
_SECRET_KEY = re.compile(_SECRET, re.IGNORECASE)
_ASSIGNMENT = re.compile(r"([+~]*\w[\w.@-]*=)(.+)", re.DOTALL)
# `scheme://user:password@host`, also packed into an option's name (`%3A%2F%2F`); a port is no password. All is bounded,
# so that no text takes long.
_IN_URL = re.compile(
    r"((?::|%3A)(?:/|%2F){2}[^\s/:@?#]{0,99}?(?::|%3A))(?!\d+(?:[/?#\s]|%2F|$))"
    r"\S{0,999}?(?=@|%40)(?:(?:@|%40)[^\s@/?,%]{0,99}(?=@|%40)){0,9}",
    re.IGNORECASE,
)
_IN_QUERY = re.compile(
    rf"((?:\?|&|%3F|%26)[\w.-]{{0,40}}(?:{_SECRET}|signature|(?<![a-z])sig)[\w.-]{{0,40}}(?:=|%3D))[^&\s#\"']+",
    re.IGNORECASE,
)
_IN_TEXT = re.compile(
    rf"""({_SECRET}[\w-]{{0,40}}["']?\s{{0,9}}[=:]\s{{0,9}}(?:(?:Bearer|Basic)\s)?)"""
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&,;"'}\]]+)""",
    re.IGNORECASE,
)


def mask_secrets(value: Any, *, by_key: bool = True) -> Any:
    """Return a value, and all that is in it, with `***` for each password, token and key.

    They are known by their key, of a mapping or of a text `key=value`, and by their place in a URL.

    Args:
        value: Text, or mappings and lists with text in them; anything else stays.
        by_key: Whether a mapping's keys are names of settings; where they are classes, a class may be called "token".

    >>> mask_secrets({"url": "mysql://me:pw@host/db", "env": {"WANDB_API_KEY": "x", "n": 1}})
    {'url': 'mysql://me:***@host/db', 'env': {'WANDB_API_KEY': '***', 'n': 1}}
    """
    if isinstance(value, Mapping):
        return {
            key: _masked(item)
            if by_key and isinstance(key, str) and _is_secret(key)
            else mask_secrets(item, by_key=by_key)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(mask_secrets(item, by_key=by_key) for item in value)
    if not isinstance(value, str) or not any(mark in value for mark in ":=%"):  # without these none can stand there
        return value
    assignment = _ASSIGNMENT.fullmatch(value)
    if assignment and _is_secret(assignment[1]):
        return assignment[1] + MASK
    # a mapping, or prose; one word may be a path, which must stay what it is
    if (assignment and assignment[2][0] in "{[") or len(value.split(maxsplit=1)) > 1:
        value = _IN_TEXT.sub(_masked_assignment, value)
    return _IN_QUERY.sub(rf"\1{MASK}", _IN_URL.sub(rf"\1{MASK}", value))


def shown(text: str) -> str:
    """Return text as it may be printed or logged, line by line: printable, its secrets masked.

    >>> shown("api_key: 'abc' for https://me:pw@host")
    "api_key: '***' for https://me:***@host"
    """
    masked = _IN_TEXT.sub(_masked_assignment, mask_secrets(text))
    return "\n".join(map(printable, masked.split("\n")))


def _masked_assignment(found: re.Match[str]) -> str:
    quote = found[2][0] if found[2][0] in "\"'" else ""
    return f"{found[1]}{quote}{MASK}{quote}"


def _is_secret(key: str) -> bool:
    """Return whether a key names a secret, in whatever style it is written: `api_key`, `dbPassword`, `AWS_SECRET`."""
    return _SECRET_KEY.search(key) is not None


def _masked(value: Any) -> Any:
    """Mask everything below a key that names a secret; that there is none stays."""
    if isinstance(value, Mapping):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    return value if value is None or isinstance(value, bool) or value == "" else MASK

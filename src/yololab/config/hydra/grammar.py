"""Values as text that Hydra's override grammar reads back unchanged.

There are two ways. A value is quoted (`quote`); or, where Hydra wants the name of a config group's option, it is packed
into such a name (`encode_free`): letters, digits, `_`, `-` and `.` stay, every other byte of the UTF-8 text becomes
`%XX`, and `FREE_PREFIX` comes in front. Hydra's grammar takes `+` and `%` without quotes.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote as percent_encode
from urllib.parse import unquote as percent_decode

FREE_PREFIX = "free+"
# Mappings of Hydra's that take keys of the user's: Hydra's own way to add one is `+`, which is easily forgotten.
PARAMS = "hydra.sweeper.params."
OPEN = ("hydra.job.env_set.", "hydra.callbacks.", PARAMS)

_BARE = re.compile(r"(?!(?:true|false|null|inf|nan)\Z)[A-Za-z_][A-Za-z0-9_./+-]*", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def quote(value: Any, *, literal: bool = False) -> str:
    """Return `value` in Hydra's override grammar.

    Args:
        value: None, a boolean, a number, text, or lists and dicts of those; the keys of a dict are plain words.
        literal: Take `${` as these two characters; otherwise Hydra and OmegaConf read an interpolation there.

    Raises:
        ValueError: The value cannot be written in the grammar.

    Example:
        >>> quote([0.3, "a b", None])
        "[0.3,'a b',null]"
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _quote_text(without_interpolation(value) if literal else value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(quote(item, literal=literal) for item in value)}]"
    if isinstance(value, dict) and all(isinstance(key, str) and _KEY.fullmatch(key) for key in value):
        return f"{{{','.join(f'{key}:{quote(item, literal=literal)}' for key, item in value.items())}}}"
    raise ValueError(f"{value!r} cannot be given on a command line")


def without_interpolation(text: str) -> str:
    r"""Return `text` so that OmegaConf resolves it to itself, `${` included.

    Example:
        >>> without_interpolation("5 ${USD}")
        '5 \\${USD}'
    """
    return re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + r"\${", text)


def encode_free(value: str) -> str:
    """Return the option name that carries `value`.

    Example:
        >>> encode_free("../my set/data.yaml")
        'free+..%2Fmy%20set%2Fdata.yaml'
    """
    return FREE_PREFIX + percent_encode(value, safe="", errors="surrogateescape").replace("~", "%7E")


def decode_free(option: str) -> str:
    """Return the value that `option` carries.

    Raises:
        ValueError: `option` is no name made by `encode_free`.
    """
    if not option.startswith(FREE_PREFIX):
        raise ValueError(f"{option!r} does not start with {FREE_PREFIX!r}")
    return percent_decode(option.removeprefix(FREE_PREFIX), errors="surrogateescape")


def named_option(choices: Mapping[str, str], group: str) -> str | None:
    """Return the option that was chosen of a group; None for a free value.

    Example:
        >>> named_option({"model": "yolo26n", "data": "free+a.yaml"}, "data") is None
        True
    """
    option = choices.get(group, "")
    return None if option.startswith(FREE_PREFIX) else option


def _quote_text(text: str) -> str:
    """Quote unless the grammar reads the bare text as itself; backslashes count only before a quote and at the end."""
    if _BARE.fullmatch(text):
        return text
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + r"\'", text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{chr(92) * trailing}'"

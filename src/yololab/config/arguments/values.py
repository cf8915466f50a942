"""Tokens and values of a command line as Ultralytics reads them.

The rules are those of `merge_equals_args` and `smart_value` in `ultralytics/cfg/__init__.py`, and of `YAML.load` in
`ultralytics/utils/__init__.py`; a test holds them to the installed ones.
"""

import ast
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.paths import similar_path
from yololab.files.reading import load_yaml, read_text

# What YAML does not allow in a document, such as control characters.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_LITERALS = {"none": None, "null": None, "true": True, "false": False}
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"


def merge_tokens(tokens: Sequence[str], verbatim: frozenset[str] = frozenset()) -> list[str]:
    """Join tokens around a lone `=`, and tokens that a bracket holds together.

    Args:
        tokens: Tokens of a command line.
        verbatim: Keys whose value is free text: a `key=value` token of theirs stays as it is.

    Raises:
        ValueError: A bracket is never closed, or closed without being opened; the message is the token.

    Example:
        >>> merge_tokens(["epochs", "=", "3", "lr0=", "0.1", "freeze=[0,", "1]"])
        ['epochs=3', 'lr0=0.1', 'freeze=[0,1]']
    """
    merged: list[str] = []
    open_tokens: list[str] = []
    depth = 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        key, equals, _ = token.partition("=")
        if equals and key.strip().lstrip("-+") in verbatim:
            merged.append(token)
            index += 1
            continue
        if token == "=" and merged and following is not None:
            token = f"{merged.pop()}={following}"
            index += 1
        elif token.endswith("=") and following is not None and "=" not in following:
            token += following
            index += 1
        elif token.startswith("=") and merged:
            token = merged.pop() + token
        depth += token.count("[") - token.count("]")
        open_tokens.append(token)
        if depth == 0:
            merged.append("".join(open_tokens))
            open_tokens = []
        index += 1
    if open_tokens:
        raise ValueError(open_tokens[0])
    return merged


def read_value(text: str) -> Any:
    """Return the Python value that `text` spells: None, a boolean, a literal, or the text itself.

    Tuples become lists, as a config has no tuples. `null` is None as well, since Hydra spells it so.

    Example:
        >>> read_value("1e2"), read_value("(0.3,0.7)"), read_value("FALSE"), read_value("best.pt")
        (100.0, [0.3, 0.7], False, 'best.pt')
    """
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of odd escapes in what is not its source code
            return _plain(ast.literal_eval(text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def _plain(value: Any) -> Any:
    """Return `value` in what YAML can hold.

    Raises:
        TypeError: It cannot.
    """
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(type(value).__name__)


def split_commas(text: str) -> list[str]:
    """Split at the commas that stand outside brackets and quotes; a text with unbalanced brackets stays whole.

    Example:
        >>> split_commas("(0.3,0.7),[0,1],'a,b',c")
        ['(0.3,0.7)', '[0,1]', "'a,b'", 'c']
    """
    parts: list[str] = []
    opened: list[str] = []
    start = index = 0
    while index < len(text):
        letter = text[index]
        if letter in "'\"" and text[:index].rstrip()[-1:] in ("", *_OPENING, *",:="):
            closing = _QUOTED.match(text, index)
            if closing is None:
                return [text.strip()]
            index = closing.end() - 1
        elif letter in _OPENING:
            opened.append(_CLOSING[_OPENING.index(letter)])
        elif letter in _CLOSING:
            if not opened or opened.pop() != letter:
                return [text.strip()]
        elif letter == "," and not opened:
            parts.append(text[start:index].strip())
            start = index + 1
        index += 1
    return [text.strip()] if opened else [*parts, text[start:].strip()]


def read_arguments_file(path: Path) -> dict[str, Any]:
    """Read a file of arguments, as `cfg=` names it: a YAML mapping, in which the text `None` is null.

    Raises:
        InputError: The file is missing, unreadable, no YAML, or no mapping.
    """
    allowed = "a YAML file of `argument: value` lines"
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(Problem(str(path), "not a .yaml file", allowed))
    if not path.exists():
        similar = similar_path(str(path), Path.cwd())
        raise InputError(Problem(str(path), "no such file", allowed, f"did you mean {similar}?" if similar else ""))
    content = load_yaml(_NOT_YAML.sub("", read_text(path)), str(path))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(Problem(str(path), f"a {type(content).__name__}", allowed))
    return {str(key): None if value == "None" else _plain_or_text(value) for key, value in content.items()}


def _plain_or_text(value: Any) -> Any:
    """Return `value`, as text where it is something else than YAML's simple values: a date, bytes."""
    try:
        return _plain(value)
    except TypeError:
        return str(value)

"""What an installed package has, held against a table of the symbols that we rely on.

Nothing private in another package is a promise: each may move with any release. A table (a YAML file next to the code
that relies on it) says of each symbol what it takes and why we need it; of those whose body matters to us (we replace
it, or work around what it does) also a digest of that.
"""

import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Symbol:
    """One symbol.

    Attributes:
        where: `module:name` or `module:Class.name`.
        takes: Its parameters, `=…` for those with a default; None for what is not called.
        why: What we do with it.
        body: Digest of its body; None where only the parameters matter.
    """

    where: str
    takes: str | None
    why: str
    body: str | None = None


def read_symbols(table: Path) -> tuple[Symbol, ...]:
    """Read a table of symbols."""
    content = yaml.safe_load(table.read_text(encoding="utf-8"))
    return tuple(Symbol(where, row.get("takes"), row["why"], row.get("body")) for where, row in content.items())


def deviations(symbols: Sequence[Symbol]) -> list[str]:
    """Return what is installed otherwise than the table says; empty when all is as we know it."""
    found = []
    for symbol in symbols:
        try:
            value = locate(symbol.where)
        except (ImportError, AttributeError):
            found.append(f"{symbol.where} is gone ({symbol.why})")
            continue
        if symbol.takes is not None and parameters_of(value) != symbol.takes:
            found.append(f"{symbol.where}({symbol.takes}) now takes ({parameters_of(value)}) ({symbol.why})")
        if symbol.body is not None and digest_of_body(value) != symbol.body:
            found.append(f"{symbol.where} does something else now, digest {digest_of_body(value)} ({symbol.why})")
    return found


def locate(where: str) -> Any:
    """Return a symbol.

    Raises:
        ImportError: Its module is gone.
        AttributeError: It is gone.
    """
    module, path = where.split(":")
    value = import_module(module)
    for name in path.split("."):
        value = inspect.getattr_static(value, name) if inspect.isclass(value) else getattr(value, name)
    return value


def parameters_of(function: Callable[..., Any]) -> str:
    """Return the parameters of a function, without annotations and the values of defaults.

    >>> parameters_of(lambda a, *b, c=1, **d: None)
    'a, *b, c=…, **d'
    """
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    plain = function.__func__ if isinstance(function, (staticmethod, classmethod)) else function
    return ", ".join(
        f"{stars.get(parameter.kind, '')}{name}{'' if parameter.default is parameter.empty else '=…'}"
        for name, parameter in inspect.signature(plain).parameters.items()
    )


def digest_of_body(function: Callable[..., Any]) -> str:
    """Return a short digest of a function's code, without its docstring, comments and spacing."""
    plain = function.__func__ if isinstance(function, (staticmethod, classmethod)) else function
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(plain)))
    if plain.__doc__:
        source = re.sub(r'"""(?s:.*?)"""', "", source, count=1)
    code = "".join(re.sub(r"(^|\s)#.*$", "", line) for line in source.splitlines())
    return hashlib.sha256("".join(code.split()).encode()).hexdigest()[:12]

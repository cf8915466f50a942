"""A symbol of Ultralytics that we rely on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Symbol:
    """One symbol.

    Attributes:
        where: `module:name` or `module:Class.name`.
        parameters: Its parameters, `=…` for those with a default; None for what is not called.
        why: What we do with it.
        body: Digest of its body; None where only the parameters matter.
    """

    where: str
    parameters: str | None
    why: str
    body: str | None = None

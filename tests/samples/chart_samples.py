"""Reading a chart that was drawn."""

from __future__ import annotations

from xml.etree import ElementTree


def elements(markup: str, name: str, kind: str | None = None) -> list[ElementTree.Element]:
    """The elements of a chart, which must be well-formed XML."""
    tree = ElementTree.fromstring(f"<root>{markup}</root>")
    return [item for item in tree.iter(name) if kind is None or kind in (item.get("class") or "").split()]

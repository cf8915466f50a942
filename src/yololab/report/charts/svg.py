"""The pieces that every chart is drawn with."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

# A glyph of the charts' 12 px type is about this wide; labels get room by it.
GLYPH = 6.6
LABEL_COLUMNS = 22
# A drawing in its natural size may shrink to this share of it.
SMALLEST = 0.75


def text(x: float, y: float, text: str, anchor: str, kind: str = "") -> Markup:
    """Write text."""
    attribute = Markup(' class="{}"').format(kind) if kind else ""
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>').format(x, y, anchor, attribute, text)


def drawing(width: float, height: float, label: str, parts: Sequence[Markup], *, natural: bool = False) -> Markup:
    """Wrap drawn parts; a natural one is no larger than drawn, and scrolls where it would get too small to read."""
    style = Markup(' style="width:{:.0f}px;min-width:{:.0f}px"').format(width, width * SMALLEST) if natural else ""
    kind = "chart natural" if natural else "chart"
    return Markup('<svg class="{}" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}"{}>{}</svg>').format(
        kind, width, height, label, style, Markup("").join(parts)
    )


def figure(title: str, drawn: Markup, legend: Markup | None = None) -> Markup:
    """Wrap a chart with its caption and its legend."""
    caption = Markup("<figcaption><span>{}</span>{}</figcaption>").format(title, legend or "") if title else ""
    return Markup("<figure>{}{}</figure>").format(caption, drawn)

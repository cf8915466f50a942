"""The pieces that every chart is drawn with."""

from collections.abc import Callable, Iterable, Sequence

from markupsafe import Markup, escape

from yololab.masking import shown
from yololab.report.charts.scales import Scale, tick_label
from yololab.text import printable

# A glyph of the charts' 12 px type is about this wide, in wide fonts too; labels get room by it.
GLYPH = 7.2
LABEL_COLUMNS = 22
# A drawing in its natural size may shrink to this share of it.
SMALLEST = 0.75
COLOURS = 6  # in the page's style; a chart with more lines begins again


def element(name: str, *content: str, **attributes: float | str) -> Markup:
    """Write an element of SVG or HTML; whatever is no markup is escaped, and printable.

    Args:
        name: Its name.
        content: What is in it.
        attributes: Its attributes: `kind` is the class, `_` stands for `-`, a float gets one digit.

    >>> element("line", kind="grid", x1=2.25, x2=9), element("b", "a < b")
    (Markup('<line class="grid" x1="2.2" x2="9"/>'), Markup('<b>a &lt; b</b>'))
    """
    # Put together as plain text: formatting markup piece by piece took three quarters of a page's time.
    written = "".join(
        f' {_name_of(key)}="{f"{value:.1f}" if isinstance(value, float) else escape(printable(str(value)))}"'
        for key, value in attributes.items()
    )
    inner = "".join(part if isinstance(part, Markup) else escape(shown(part)) for part in content)
    return Markup(f"<{name}{written}>{inner}</{name}>" if content else f"<{name}{written}/>")


def _name_of(key: str) -> str:
    return "class" if key == "kind" else key.replace("_", "-")


def text(x: float, y: float, text: str, anchor: str, kind: str = "") -> Markup:
    """Write text."""
    return element("text", text, x=float(x), y=float(y), text_anchor=anchor, **({"kind": kind} if kind else {}))


def drawing(
    width: float, height: float, label: str, parts: Iterable[Markup], *, natural: bool = False, **attributes: str
) -> Markup:
    """Wrap drawn parts; a natural one is no larger than drawn, and scrolls where it would get too small to read."""
    style = {"style": f"width:{width:.0f}px;min-width:{width * SMALLEST:.0f}px"} if natural else {}
    kind = "chart natural" if natural else "chart"
    box = f"0 0 {width:.0f} {height:.0f}"
    return element("svg", *parts, kind=kind, viewBox=box, role="img", aria_label=label, **style, **attributes)


def figure(title: str, drawn: Markup, legend: Markup = Markup("")) -> Markup:  # noqa: B008 - immutable
    """Wrap a chart with its caption and its legend."""
    return element("figure", element("figcaption", element("span", title), legend) if title else "", drawn)


def legend(series: Iterable[tuple[str, str, str]]) -> Markup:
    """List series with their colours: kind (`s0`, `s1 dashed`, …), name, and a value next to it."""
    return Markup("").join(
        element(
            "span",
            element(
                "svg",
                element("g", element("path", d="M1 4L21 4"), kind=f"series {kind}"),
                kind="swatch",
                viewBox="0 0 22 8",
                aria_hidden="true",
            ),
            name,
            *((" ", element("b", value)) if value else ()),
            kind="key",
        )
        for kind, name, value in series
    )


# Mark → its lines around the origin; a disc is none of them. They tell things apart without colour.
MARKS = {"cross": "M-4 -4L4 4M4 -4L-4 4", "triangle": "M0 -4.500L4.500 3.500H-4.500Z", "square": "M-4 -4H4V4H-4Z"}


def marked(mark: str, x: float, y: float) -> Markup:
    """Draw a mark of `MARKS`, or a disc."""
    if mark in MARKS:
        return element("path", kind="mark", d=MARKS[mark], transform=f"translate({x:.1f} {y:.1f})")
    return element("circle", cx=x, cy=y, r=4)


def mark_legend(marks: Iterable[tuple[str, int, str]]) -> Markup:
    """List marks: mark, colour, and what it stands for."""
    return Markup("").join(
        element(
            "span",
            element(
                "svg",
                element("g", marked(mark, 6.0, 6.0), kind=f"dot s{colour % COLOURS}"),
                kind="mark-key",
                viewBox="0 0 12 12",
                aria_hidden="true",
            ),
            word,
            kind="key",
        )
        for mark, colour, word in marks
    )


def brush(
    label: str, direction: str, places: Iterable[tuple[int, float]], x: float, y: float, w: float, h: float
) -> Markup:
    """Lay an invisible area over a chart on which the page's script lets a reader select trials.

    Args:
        label: What is selected, for those who do not see it.
        direction: `x` or `y`: along which a range is drawn.
        places: Each trial with its drawing coordinate in that direction.
        x: Left side of the area.
        y: Its top.
        w: Its width.
        h: Its height.
    """
    where = " ".join(f"{trial}:{at:.1f}" for trial, at in places)
    area = {"x": x, "y": y, "width": w, "height": h}
    return element("rect", kind="brush", data_brush=direction, data_places=where, data_label=label, **area)


def value_axis(
    ticks: Sequence[float], y: Scale, left: float, right: float, write: Callable[[float], str] = tick_label
) -> Markup:
    """Draw the horizontal lines of a chart with their labels."""
    return Markup("").join(
        element("line", kind="grid", x1=left, x2=right, y1=y(tick), y2=y(tick))
        + text(left - 6, y(tick) + 4, write(tick), "end")
        for tick in ticks
    )

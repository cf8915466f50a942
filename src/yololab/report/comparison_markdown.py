"""comparison.md: the comparison, fit for a pull request on GitHub."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from yololab.report.appearance import gain_word, verdict_appearance
from yololab.report.run_files import mapping, mappings, primary_row, texts
from yololab.text import as_number, as_text, count, number, percent, signed

# What Markdown, HTML or GitHub (mentions, references) would take for its own.
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def comparison_markdown(comparison: Mapping[str, Any]) -> str:
    """Return a comparison as GitHub-flavoured Markdown.

    Args:
        comparison: The content of comparison.json; every key may be missing.
    """
    verdict = str(comparison.get("verdict") or "UNKNOWN")
    shown = verdict_appearance(verdict)
    blocks = [
        f"### {shown.sign} {prose(shown.headline)} ({code(verdict)})",
        prose(str(comparison.get("sentence") or "")),
        _metrics(comparison),
        _guards(comparison),
        _alert("WARNING", texts(comparison.get("warnings"))),
        _alert("NOTE", [*_support(comparison), *texts(comparison.get("notes"))]),
        _classes(comparison),
        _errors(comparison),
        _images(comparison),
        _sides(comparison),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def prose(text: str) -> str:
    """Escape text so that it reads as it is: no markup, no HTML, no mention of a user, all on one line."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "@&#8203;")


def code(text: str, *, in_table: bool = False) -> str:
    """Write text as a code span, whatever is in it; in a table a bar needs a backslash, elsewhere it must have none."""
    line = " ".join(text.split()) or " "
    longest = max((len(ticks) for ticks in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    span = f"{fence}{space}{line}{space}{fence}"
    return span.replace("|", "\\|") if in_table else span


def _metrics(comparison: Mapping[str, Any]) -> str:
    """Write the table of metrics; without a baseline only the current values."""
    rows = mappings(comparison.get("metrics"))
    if not rows:
        return ""
    primary = comparison.get("primary_metric")
    alone = not mapping(comparison.get("baseline"))
    interval = any(as_number(row.get("ci_low")) is not None for row in rows)
    header = ["metric", "current", *([] if alone else ["baseline", "Δ", "%", ""])]
    header += ["95% CI of Δ", "p"] if interval else []
    table = []
    for row in rows:
        name = str(row.get("metric") or "—")
        name = f"**{prose(name)}**" if name == primary else prose(name)
        name += " (lower is better)" if row.get("direction") == "lower" else ""
        cells = [name, number(row.get("current"))]
        if not alone:
            cells += [
                number(row.get("baseline")),
                signed(row.get("delta")),
                percent(row.get("percent")),
                prose(str(row.get("arrow") or "")),
            ]
        if interval:
            cells += [_interval(row), number(row.get("p"), 3)]
        table.append(cells)
    return _table(header, table)


def _support(comparison: Mapping[str, Any]) -> list[str]:
    """Say it when the verdict rests on two bare numbers."""
    if comparison.get("statistical_support") is not False or not mapping(comparison.get("baseline")):
        return []
    return ["This verdict has no statistical support: it compares two numbers."]


def _alert(kind: str, lines: list[str]) -> str:
    """Write one of GitHub's alerts; empty without lines."""
    if not lines:
        return ""
    body = [prose(line) for line in lines]
    return "\n".join([f"> [!{kind}]", *(f"> - {line}" if len(body) > 1 else f"> {line}" for line in body)])


def _classes(comparison: Mapping[str, Any]) -> str:
    """Write the classes folded away, one table a class metric."""
    direction = primary_row(comparison).get("direction")
    leading, others = mappings(comparison.get("per_class")), mapping(comparison.get("per_class_other"))
    name = leading[0].get("metric") or "" if leading and others else ""
    tables = [(name, leading), *others.items()]
    return "\n\n".join(block for name, rows in tables if (block := _class_table(str(name), mappings(rows), direction)))


def _class_table(metric: str, found: list[Mapping[str, Any]], direction: Any) -> str:
    """Write the classes of one metric, those that lost most first; empty when nothing can be compared."""
    rows = [row for row in found if row.get("name") is not None]
    changes = [gain_word(as_number(row.get("delta")), direction) for row in rows]
    unknown = sum(as_number(row.get("delta")) is None for row in rows)
    if unknown == len(rows):
        return ""
    better, worse = changes.count("better"), changes.count("worse")
    counts = f"{len(rows)} classes: {better} better, {worse} worse, {len(rows) - unknown - better - worse} unchanged"
    counts += f", {unknown} not comparable" if unknown else ""

    def order(row: Mapping[str, Any]) -> tuple[bool, float]:
        change = as_number(row.get("delta"))
        return change is None, (change or 0.0) * (-1 if direction == "lower" else 1)

    tested = any(row.get("q") is not None or row.get("insufficient") for row in rows)
    header = ["class", "current", "baseline", "Δ", *(["95% CI of Δ", "q"] if tested else [])]
    table = []
    for row in sorted(rows, key=order):
        cells = [
            code(str(row["name"]), in_table=True),
            number(row.get("current")),
            number(row.get("baseline")),
            signed(row.get("delta")),
        ]
        if tested:
            cells.append(_interval(row))
            cells.append("insufficient" if row.get("insufficient") is True else number(row.get("q"), 3))
        table.append(cells)
    return _folded(f"Per class{f', {prose(metric)}' if metric else ''} ({counts})", _table(header, table))


def _guards(comparison: Mapping[str, Any]) -> str:
    """Write the guards, broken ones first."""
    found = sorted(mappings(comparison.get("guards")), key=lambda guard: guard.get("broken") is not True)
    return "\n".join(f"- {'❌' if guard.get('broken') else '✅'} {prose(str(guard.get('counts')))}" for guard in found)


def _errors(comparison: Mapping[str, Any]) -> str:
    """Write the error types and the sizes folded away."""
    types = mapping(comparison.get("error_types"))
    current, before = mapping(types.get("current")), mapping(types.get("baseline"))
    if not current:
        return ""
    header = ["error", "count", "baseline", "AP50 to gain", "baseline"]
    keys = (("count", count), ("delta_ap", number))
    tables = [_table(header, _both_sides(current, before, keys))]
    sizes = mapping(comparison.get("by_size"))
    keys = (("labels", count), ("mAP50-95", number))
    rows = [
        [*row[:2], *row[3:]] for row in _both_sides(mapping(sizes.get("current")), mapping(sizes.get("baseline")), keys)
    ]
    if rows:
        tables.append(_table(["size", "objects", "current", "baseline"], rows))
    return _folded("Where the errors come from", "\n\n".join(tables))


def _both_sides(
    current: Mapping[str, Any], before: Mapping[str, Any], keys: Sequence[tuple[str, Callable[[Any], str]]]
) -> list[list[str]]:
    """Return a row for each name: every key now and in the baseline."""
    return [
        [
            prose(str(name)),
            *(write(mapping(side.get(name)).get(key)) for key, write in keys for side in (current, before)),
        ]
        for name in current
    ]


def _images(comparison: Mapping[str, Any]) -> str:
    """Write the images that made the difference folded away."""
    changes = mapping(comparison.get("image_changes"))
    found = mappings(changes.get("images"))
    if not found:
        return ""
    table = _valued_images(found, str(changes["metric"])) if changes.get("metric") else _detected_images(found)
    return _folded("Images that made the difference", table)


def _detected_images(found: list[Mapping[str, Any]]) -> str:
    """Write the images whose detections changed."""
    rows = []
    for row in found:
        hits, false = mapping(row.get("found")), mapping(row.get("false"))
        cells = [count(side.get(key)) for side in (hits, false) for key in ("baseline", "current")]
        rows.append([code(str(row.get("image")), in_table=True), f"{as_number(row.get('gain')) or 0:+g}", *cells])
    return _table(["image", "errors fewer", "found before", "found now", "wrong before", "wrong now"], rows)


def _valued_images(found: list[Mapping[str, Any]], metric: str) -> str:
    """Write the images that have a value of their own; what a model says in text stands instead of the number."""
    labelled = any(row.get("truth") for row in found)
    rows = []
    for row in found:
        sides = [mapping(row.get(side)) for side in ("baseline", "current")]
        cells = [prose(str(side["said"])) if side.get("said") else number(side.get("value")) for side in sides]
        truth = [prose(str(row.get("truth") or "—"))] if labelled else []
        word = "better" if (as_number(row.get("gain")) or 0) > 0 else "worse"
        rows.append([code(str(row.get("image")), in_table=True), *truth, *cells, word])
    before, now = f"{prose(metric)} before", f"{prose(metric)} now"
    return _table(["image", *(["it is"] if labelled else []), before, now, ""], rows)


def _sides(comparison: Mapping[str, Any]) -> str:
    """Say what was compared with what, by which rule."""
    lines = []
    for side in ("current", "baseline"):
        found = mapping(comparison.get(side))
        if found:
            promoted = f", promoted {prose(str(found['promoted_at']))}" if found.get("promoted_at") else ""
            split = f" on {code(str(found['split']))}" if found.get("split") else ""
            lines.append(f"{side}: {code(as_text(found.get('model') or found.get('path')))}{split}{promoted}")
    if not mapping(comparison.get("baseline")):
        return _small(lines)
    tolerance = as_number(comparison.get("tolerance"))
    if tolerance is not None and comparison.get("primary_metric"):
        lines.append(
            f"a change of {prose(str(comparison['primary_metric']))} for the worse up to {tolerance:g} is tolerated"
        )
    gate = mapping(comparison.get("gate"))
    if gate.get("policy") is not None:
        lines.append(f"gate {code(str(gate['policy']))}: {'passed' if gate.get('passed') else 'stopped'}")
    return _small(lines)


def _small(lines: list[str]) -> str:
    """Join what only a careful reader wants; empty without lines."""
    return "<sub>" + " · ".join(lines) + "</sub>" if lines else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table: the first column is text, the others are numbers."""
    alignment = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, alignment, *rows))


def _folded(title: str, body: str) -> str:
    """Fold a part of the text away."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def _interval(row: Mapping[str, Any]) -> str:
    """Write the 95 % interval of a row."""
    return f"{signed(row.get('ci_low'))} … {signed(row.get('ci_high'))}"

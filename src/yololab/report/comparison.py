"""comparison.md: the comparison, fit for a pull request on GitHub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yololab.report.formats import as_number, number, percent, signed, words
from yololab.report.runfiles import mapping, mappings, texts
from yololab.report.verdicts import verdict_appearance

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
        _alert("NOTE", _support(comparison)),
        _alert("WARNING", texts(comparison.get("warnings"))),
        _alert("NOTE", texts(comparison.get("notes"))),
        _classes(comparison),
        _sides(comparison),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def prose(text: str) -> str:
    """Escape text so that it reads as it is: no markup, no HTML, no mention of a user, all on one line."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "@&#8203;")


def code(text: str) -> str:
    """Write text as a code span that holds in a table cell, whatever is in it."""
    line = " ".join(text.split()) or " "
    longest = max((len(ticks) for ticks in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}".replace("|", "\\|")


def _metrics(comparison: Mapping[str, Any]) -> str:
    """Write the table of metrics; without a baseline only the current values."""
    rows = mappings(comparison.get("metrics"))
    if not rows:
        return ""
    primary = comparison.get("primary_metric")
    alone = not mapping(comparison.get("baseline"))
    interval = any(as_number(row.get("ci_low")) is not None for row in rows)
    header = (
        ["metric", "current"]
        + ([] if alone else ["baseline", "Δ", "%", ""])
        + (["95% CI of Δ", "p"] if interval else [])
    )
    table = [header, [":--", *["--:"] * (len(header) - 1)]]
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
                str(row.get("arrow") or ""),
            ]
        if interval:
            cells += [f"{signed(row.get('ci_low'))} … {signed(row.get('ci_high'))}", number(row.get("p"), 3)]
        table.append(cells)
    return _table(table)


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
    """Write the classes folded away: those that lost most first."""
    rows = [row for row in mappings(comparison.get("per_class")) if row.get("name") is not None]
    changes = {id(row): as_number(row.get("delta")) for row in rows}
    known = [change for change in changes.values() if change is not None]
    if not known:
        return ""
    better, worse = sum(change > 0 for change in known), sum(change < 0 for change in known)
    unknown = len(rows) - len(known)
    told = f"{len(rows)} classes: {better} better, {worse} worse, {len(known) - better - worse} unchanged"
    told += f", {unknown} not known on both sides" if unknown else ""

    def order(row: Mapping[str, Any]) -> tuple[bool, float]:
        change = changes[id(row)]
        return change is None, change or 0.0

    table = [["class", "current", "baseline", "Δ"], [":--", "--:", "--:", "--:"]]
    table += [
        [code(str(row["name"])), number(row.get("current")), number(row.get("baseline")), signed(row.get("delta"))]
        for row in sorted(rows, key=order)
    ]
    return f"<details>\n<summary>Per class ({told})</summary>\n\n{_table(table)}\n\n</details>"


def _sides(comparison: Mapping[str, Any]) -> str:
    """Say what was compared with what, by which rule."""
    lines = []
    for side in ("current", "baseline"):
        found = mapping(comparison.get(side))
        if found:
            promoted = f", promoted {prose(str(found['promoted_at']))}" if found.get("promoted_at") else ""
            split = f" on {code(str(found['split']))}" if found.get("split") else ""
            lines.append(f"{side}: {code(words(found.get('model') or found.get('path')))}{split}{promoted}")
    tolerance = as_number(comparison.get("tolerance"))
    if tolerance is not None and comparison.get("primary_metric"):
        lines.append(f"a drop of {prose(str(comparison['primary_metric']))} up to {tolerance:g} is tolerated")
    gate = mapping(comparison.get("gate"))
    if gate.get("policy") is not None:
        lines.append(f"gate {code(str(gate['policy']))}: {'passed' if gate.get('passed') else 'stopped'}")
    return "<sub>" + " · ".join(lines) + "</sub>" if lines else ""


def _table(rows: list[list[str]]) -> str:
    """Join the rows of a table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)

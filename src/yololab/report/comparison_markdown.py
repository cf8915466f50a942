"""comparison.md: the comparison, fit for a pull request on GitHub."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from markupsafe import Markup

from yololab.masking import shown
from yololab.report.appearance import gain_word, verdict_appearance
from yololab.report.run_files import mapping, mappings, primary_row, texts
from yololab.report.section import Templates
from yololab.text import as_number

# What Markdown, HTML or GitHub (mentions, references) would take for its own.
_SPECIAL = re.compile(r"([\\`*_\[\]|~#])")


def comparison_markdown(comparison: Mapping[str, Any]) -> str:
    """Return a comparison as GitHub-flavoured Markdown.

    Args:
        comparison: The content of comparison.json; every key may be missing.
    """
    verdict = str(comparison.get("verdict") or "UNKNOWN")
    rows, baseline = mappings(comparison.get("metrics")), mapping(comparison.get("baseline"))
    unsupported = comparison.get("statistical_support") is False and baseline
    support = ["This verdict has no statistical support: it compares two numbers."] if unsupported else []
    alerts = {"WARNING": texts(comparison.get("warnings")), "NOTE": [*support, *texts(comparison.get("notes"))]}
    changes = mapping(comparison.get("image_changes"))
    content = {
        "shown": verdict_appearance(verdict),
        "verdict": verdict,
        "comparison": comparison,
        "rows": rows,
        "arms": [(arm, primary_row(arm)) for arm in mappings(comparison.get("arms"))],
        "intervals": any(as_number(row.get("ci_low")) is not None for row in rows),
        "guards": sorted(mappings(comparison.get("guards")), key=lambda guard: guard.get("broken") is not True),
        "alerts": {kind: lines for kind, lines in alerts.items() if lines},
        "classes": _classes(comparison),
        "types": _both_sides(comparison.get("error_types")),
        "sizes": _both_sides(comparison.get("by_size")),
        "slices": mapping(comparison.get("slices")),
        "slice_rows": mappings(mapping(comparison.get("slices")).get("rows")),
        "changed_by": changes.get("metric"),
        "images": mappings(changes.get("images")),
        "sides": [(side, found) for side in ("current", "baseline") if (found := mapping(comparison.get(side)))],
        "baseline": baseline,
    }
    text = _templates().get_template("comparison.md.j2").render(content)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _templates() -> Templates:
    """Return the template; what it writes is text, unless a filter has made Markdown of it."""
    templates = Templates(finalize=lambda value: value if isinstance(value, Markup) else prose(str(value)))
    templates.filters["code"] = lambda value, in_table=False: Markup(code(str(value), in_table=in_table))
    return templates


def prose(text: str) -> str:
    """Escape text so that it reads as it is, on one line: no markup, no HTML, no mention of a user, nothing unseen."""
    line = shown(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "@&#8203;")


def code(text: str, *, in_table: bool = False) -> str:
    """Write text as a code span, whatever is in it; in a table a bar needs a backslash, elsewhere it must have none."""
    line = shown(" ".join(text.split())) or " "
    longest = max((len(ticks) for ticks in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    span = f"{fence}{space}{line}{space}{fence}"
    return span.replace("|", "\\|") if in_table else span


def _classes(comparison: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Prepare the classes, one table a class metric, those that lost most first; none where nothing can be compared."""
    direction = primary_row(comparison).get("direction")
    leading, others = mappings(comparison.get("per_class")), mapping(comparison.get("per_class_other"))
    name = leading[0].get("metric") if leading and others else ""
    tables = []
    for metric, found in ((name, leading), *others.items()):
        rows = [row for row in mappings(found) if row.get("name") is not None]
        known = [row for row in rows if as_number(row.get("delta")) is not None]
        if not known:
            continue
        known.sort(key=lambda row: row["delta"] * (-1 if direction == "lower" else 1))
        gains = [gain_word(row["delta"], direction) for row in known]
        counts = {word: gains.count(word) for word in ("better", "worse", "")}
        counts |= {"classes": len(rows), "unknown": len(rows) - len(known)}
        tested = any(row.get("q") is not None or row.get("insufficient") for row in rows)
        rows = [*known, *(row for row in rows if row not in known)]
        tables.append({"metric": metric, "rows": rows, "counts": counts, "tested": tested})
    return tables


def _both_sides(found: Any) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return each name with what is known of it now and in the baseline."""
    current, before = mapping(mapping(found).get("current")), mapping(mapping(found).get("baseline"))
    return [(name, mapping(now), mapping(before.get(name))) for name, now in current.items()]

"""The tables that several commands print."""

from __future__ import annotations

from yololab.screen import Screen, number
from yololab.stages.compare import Comparison, Verdict

_STYLES = {
    Verdict.IMPROVED: "bold green",
    Verdict.EQUIVALENT: "bold green",
    Verdict.NOT_WORSE: "bold green",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.DEGRADED: "bold red",
    Verdict.NO_BASELINE: "bold",
}


def comparison_table(screen: Screen, comparison: Comparison) -> None:
    """Print the metrics beside the baseline's, the verdict, and what stands against it."""
    if comparison.baseline is not None:
        rows = [
            (
                row.metric,
                number(row.current),
                number(row.baseline),
                "—" if row.delta is None else f"{row.delta:+.4f}",
                "—" if row.percent is None else f"{row.percent:+.1f}%",
                row.arrow,
            )
            for row in comparison.rows
        ]
        screen.table(("metric", "current", "baseline", "difference", "percent", ""), rows)
        screen.detail(f"baseline: {comparison.baseline['path']}")
    style = _STYLES[comparison.verdict]
    screen.show(f"{'':>9}  [{style}]{comparison.verdict}[/]  {comparison.sentence}")
    if comparison.baseline is not None and not comparison.statistical_support:
        screen.detail("This verdict has no statistical support: it compares two numbers.")
    for warning in comparison.warnings:
        screen.warn(warning)
    for note in comparison.notes:
        screen.detail(note)

"""The tables that several commands print."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yololab.comparison.arms import Arm
from yololab.comparison.planning.false_alarms import FalseAlarms
from yololab.comparison.result import Comparison
from yololab.comparison.thresholds.choosing import SETTING, read_thresholds, threshold_reasons, threshold_text
from yololab.files.metrics import SLICES, MetricsFile
from yololab.files.paths import THRESHOLDS
from yololab.statistics.inference.verdict import ALPHA, Verdict
from yololab.tasks import TASKS
from yololab.terminal.screen import Screen
from yololab.text import counted, interval, number, p_value, percent, share, signed

_STYLES = {
    Verdict.IMPROVED: "bold green",
    Verdict.EQUIVALENT: "bold green",
    Verdict.NOT_WORSE: "bold green",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.DEGRADED: "bold red",
    Verdict.NO_BASELINE: "bold",
}


def comparison_table(screen: Screen, comparison: Comparison) -> None:
    """Print the metrics next to the baseline's, the verdict, its guards and warnings; or several arms."""
    if comparison.arms:
        _arms_table(screen, comparison)
        return
    if comparison.baseline is not None:
        supported = comparison.statistical_support
        rows = [
            (
                row.metric,
                number(row.current),
                number(row.baseline),
                signed(row.delta),
                percent(row.percent),
                row.arrow,
                *((interval(*(row.interval or (None, None))), p_value(row.p)) if supported else ()),
            )
            for row in comparison.rows
        ]
        header = ("metric", "current", "baseline", "difference", "percent", "")
        screen.table((*header, "95 % interval", "p") if supported else header, rows)
        _class_tables(screen, comparison)
        slice_table(screen, comparison.analysis.get("slices"))
        screen.place("baseline", Path(comparison.baseline["path"]))
    style = _STYLES[comparison.verdict]
    screen.mark(f"[{style}]{comparison.verdict}[/] ", comparison.text)
    if comparison.baseline is not None and not comparison.statistical_support:
        screen.detail("This verdict has no statistical support: it compares two numbers.")
    for guard in comparison.guards:
        mark = "[red]✗[/]" if guard.broken else "[green]✓[/]" if guard.settled else "[yellow]?[/]"
        screen.mark(mark, f"guard: {guard.message}")
    for warning in comparison.warnings:
        screen.warn(warning)
    for note in comparison.notes:
        screen.detail(note)


def _arms_table(screen: Screen, comparison: Comparison) -> None:
    """Print several arms next to each other, then what is said of each."""
    rows = [
        (
            arm.name,
            number(row.current),
            signed(row.delta),
            interval(*(row.interval or (None, None))),
            p_value(arm.p_adjusted),
            str(arm.comparison.verdict),
        )
        for arm in comparison.arms
        for row in [arm.comparison.primary]
    ]
    rows.append(("the baseline", number(comparison.primary.baseline), "", "", "", ""))
    screen.table(("arm", comparison.primary_metric, "difference", "95 % interval", "p", "verdict"), rows)
    for arm in comparison.arms:
        found = arm.comparison
        screen.mark(f"[{_STYLES[found.verdict]}]{found.verdict}[/] ", f"{arm.name}: {found.text}")
        for guard in found.broken_guards:
            screen.mark("[red]✗[/]", f"guard: {guard}")
    for warning in dict.fromkeys(text for arm in comparison.arms for text in arm.comparison.warnings):
        screen.warn(warning)
    for note in comparison.notes:
        screen.detail(note)


def false_alarms_table(screen: Screen, arms: Sequence[Arm], found: Sequence[FalseAlarms]) -> None:
    """Print how often seeds of one recipe were told apart."""
    runs = sum(len(arm.runs) for arm in arms)
    screen.stage("compare", f"{counted(runs, 'run')} of {counted(len(arms), 'recipe')}: equal but for the seed")
    rows = [
        (
            item.kind,
            f"{item.compared:,}",
            share(item.rate),
            f"{share(item.low)} … {share(item.high)}",
            share(item.bare / item.compared),
            ", ".join(f"{verdict} {times}" for verdict, times in item.verdicts.items()),
        )
        for item in found
    ]
    screen.table(("compared", "times", "told apart", "95 % interval", "bare rule", "verdicts"), rows)
    for item in found:
        screen.detail(f"{item.kind}: {item.meaning}")


def metrics_tables(screen: Screen, metrics: MetricsFile) -> None:
    """Print the metrics of an evaluation, overall and by class."""
    names = [metric.name for metric in metrics.metrics]
    screen.table(("", *names), [("all", *(_value(metrics, name) for name in names))])
    classes = metrics.content["per_class"]
    task = TASKS[metrics.task]
    rows = [
        (name, *(number(values[key]) for key in task.per_class), str(values["instances"]), str(values["images"]))
        for name, values in classes.items()
    ]
    if rows:
        screen.table(("class", *task.per_class, task.counted, "images"), rows)
    slices_against_the_rest(screen, metrics.content.get(SLICES))
    threshold_lines(screen, metrics)
    screen.place("metrics", metrics.path)


def _value(metrics: MetricsFile, name: str) -> str:
    """Write a metric, and beside it how far the order of equal confidences moves it, where it does."""
    value, tied = number(metrics.value(name)), metrics.tied(name)
    return f"{value} (ties: {interval(*tied, number)})" if tied else value


def threshold_lines(screen: Screen, metrics: MetricsFile) -> None:
    """Print the operating threshold of an evaluation that has one, and which classes have none of their own."""
    path = metrics.path.parent / THRESHOLDS
    if path.is_file():
        content = read_thresholds(path)
        screen.detail(threshold_text(content))
        for line in threshold_reasons(content):
            screen.detail(line)
    for warning in metrics.content.get("warnings") or ():
        if str(warning).startswith(f"{SETTING}="):
            screen.warn(str(warning))


def slices_against_the_rest(screen: Screen, slices: Mapping[str, Any] | None) -> None:
    """Print the slices of an evaluation, each against the rest of the set.

    Args:
        screen: Where to print.
        slices: What metrics.json says of them; None without any.
    """
    if not slices:
        return
    rows = [
        (
            row["label"],
            number(row["value"]),
            interval(row["value_low"], row["value_high"], number),
            number(row["rest"]),
            signed(row["delta"]),
            "too few to tell" if row["insufficient"] else p_value(row["p_adjusted"]),
            row["finding"] or "",
        )
        for row in slices["rows"]
    ]
    if rows:
        header = (f"{slices['metric']} in", "there", "95 % interval", "elsewhere", "difference", "p, corrected", "")
        screen.table(header, rows)
    for line in slices["said"]:
        screen.detail(line)


def slice_table(screen: Screen, slices: Mapping[str, Any] | None) -> None:
    """Print the slices of a comparison: those that were asked for, else those that differ by more than chance.

    Args:
        screen: Where to print.
        slices: What comparison.json says of them; None without any.
    """
    if not slices:
        return
    rows = [
        (
            row["label"],
            number(row["current"]),
            number(row["baseline"]),
            signed(row["delta"]),
            "too few to tell" if row["insufficient"] else interval(row["ci_low"], row["ci_high"]),
            p_value(row["p_adjusted"]),
            row["finding"] or "",
        )
        for row in slices["rows"]
        if slices["asked"] or row["finding"]
    ]
    if rows:
        name = f"{slices['metric']} in"
        screen.table((name, "current", "baseline", "difference", "95 % interval", "p, corrected", ""), rows)
    found = len(slices["worse"]) + len(slices["better"])
    if slices["tests"]:
        screen.detail(f"slices: {found} of {slices['tests']} changed by more than chance")
    for line in slices["said"]:
        screen.detail(line)


def _class_tables(screen: Screen, comparison: Comparison) -> None:
    """Print the classes of every class metric."""
    others = comparison.analysis.get("per_class_other") or {}
    leading = str(comparison.per_class[0].get("metric") or "") if others and comparison.per_class else ""
    for metric, rows in ((leading, comparison.per_class), *others.items()):
        _class_table(screen, comparison, metric, rows)


def _class_table(screen: Screen, comparison: Comparison, metric: str, found: Sequence[Mapping[str, Any]]) -> None:
    """Print the classes whose difference is more than chance, and say how many there are of the others."""
    known = [row for row in found if row.get("q") is not None]
    changed = sorted((row for row in known if row["q"] < ALPHA), key=lambda row: row["delta"])
    if changed:
        rows = [
            (
                str(row["name"]),
                number(row["current"]),
                number(row["baseline"]),
                signed(row["delta"]),
                interval(row["ci_low"], row["ci_high"]),
                p_value(row["q"]),
            )
            for row in changed
        ]
        name = f"class, {metric}" if metric else "class"
        screen.table((name, "current", "baseline", "difference", "95 % interval", "q"), rows)
    if comparison.statistical_support and found:
        few = sum(row.get("insufficient") is True for row in found)
        text = f"{metric} of the classes" if metric else "classes"
        text += f": {len(changed)} of {len(known)} changed by more than chance"
        screen.detail(text + (f"; {few} in too few images to tell" if few else ""))

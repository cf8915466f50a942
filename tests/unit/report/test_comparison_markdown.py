"""comparison.md: complete, and harmless whatever the names are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_samples import CELLS, comparison_of, metrics_of

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import Gate
from yololab.files.metrics import MetricsFile
from yololab.report.comparison_markdown import code, comparison_markdown, prose


def rows_of(markdown: str) -> list[list[str]]:
    """The cells of every table row; a bar with a backslash belongs to its cell."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def a_comparison(**changes):
    current, baseline = metrics_of(CELLS, absent=("Blast",)), metrics_of(CELLS, absent=("Blast",), shift=-0.02)
    return comparison_of(current, baseline, "IMPROVED", "mAP50-95 is better by 0.02.") | changes


def test_it_says_verdict_sentence_table_and_support():
    markdown = comparison_markdown(a_comparison())
    assert markdown.startswith("### ✅ Better than the baseline (`IMPROVED`)\n\nmAP50-95 is better by 0.02.\n")
    table = rows_of(markdown)
    assert table[0] == ["metric", "current", "baseline", "Δ", "%", ""]
    assert [row[0] for row in table[2:6]] == ["mAP50", "**mAP50-95**", "precision", "recall"]
    assert table[3][3] == "+0.0200"
    assert table[3][5] == "▲"
    assert "no statistical support" in markdown
    assert "gate `degraded`: passed" in markdown


def test_every_table_has_rows_of_one_length():
    for rows in (
        rows_of(comparison_markdown(a_comparison())),
        rows_of(comparison_markdown(a_comparison(baseline=None))),
    ):
        lengths = [len(row) for row in rows]
        assert len(set(lengths)) <= 2  # metrics, classes
        assert lengths == sorted(lengths, reverse=True) or lengths == sorted(lengths)


def test_the_interval_is_shown_when_it_is_known():
    comparison = a_comparison(statistical_support=True)
    assert "95% CI" not in comparison_markdown(comparison)
    comparison["metrics"][1] |= {"ci_low": -0.004, "ci_high": 0.044, "p": 0.0213}
    markdown = comparison_markdown(comparison)
    assert rows_of(markdown)[3][-2:] == ["−0.0040 … +0.0440", "0.021"]
    assert rows_of(markdown)[2][-2:] == ["— … —", "—"]
    assert "no statistical support" not in markdown


def test_classes_are_folded_away_with_the_losers_first():
    per_class = [
        {"name": "up", "current": 0.6, "baseline": 0.5, "delta": 0.1},
        {"name": "gone", "current": None, "baseline": 0.5, "delta": None},
        {"name": "down", "current": 0.4, "baseline": 0.5, "delta": -0.1},
        {"name": "same", "current": 0.5, "baseline": 0.5, "delta": 0.0},
    ]
    markdown = comparison_markdown(a_comparison(per_class=per_class))
    assert "<summary>Per class (4 classes: 1 better, 1 worse, 1 unchanged, 1 not comparable)</summary>\n\n|" in markdown
    names = [row[0] for row in rows_of(markdown) if row[0].startswith("`")]
    assert names == ["`down`", "`same`", "`up`", "`gone`"]
    assert "| `gone` | — | 0.5000 | — |" in markdown


def test_lower_is_better_turns_the_classes_around():
    comparison = a_comparison(per_class=[{"name": "a", "current": 0.6, "baseline": 0.5, "delta": 0.1}])
    for row in comparison["metrics"]:
        row["direction"] = "lower"
    markdown = comparison_markdown(comparison)
    assert "1 classes: 0 better, 1 worse" in markdown
    assert "**mAP50-95** (lower is better)" in markdown


def test_warnings_and_notes_are_alerts():
    markdown = comparison_markdown(a_comparison(warnings=["one", "two"], notes=[], statistical_support=True))
    assert "> [!WARNING]\n> - one\n> - two" in markdown
    assert "[!NOTE]" not in markdown


def test_guards_say_what_they_found_broken_ones_first():
    guards = [{"guard": name, "told": f"{name} is told", "broken": name == "latency"} for name in ("drop", "latency")]
    assert "- ❌ latency is told\n- ✅ drop is told\n" in comparison_markdown(a_comparison() | {"guards": guards})


def test_without_a_baseline_there_is_nothing_beside():
    markdown = comparison_markdown(comparison_of(metrics_of(CELLS), None, "NO_BASELINE", "There is no baseline yet."))
    assert rows_of(markdown)[0] == ["metric", "current"]
    for absent in ("Δ", "details", "tolerated", "gate", "support"):
        assert absent not in markdown


@pytest.mark.parametrize(
    "name",
    [
        "a|b",
        "`",
        "``x",
        "x`",
        "<script>alert(1)</script>",
        "</details>",
        "@someone",
        "#1",
        "two\nlines",
        "",
        "*b* _i_ [l](u)",
    ],
)
def test_a_class_name_stays_in_its_cell(name):
    row = {"name": name, "current": 0.4, "baseline": 0.5, "delta": -0.1}
    markdown = comparison_markdown(a_comparison(per_class=[row]))
    cells = rows_of(markdown)[-1]
    assert len(cells) == 4
    shown = re.fullmatch(r"(`+) ?(.*?) ?\1", cells[0])
    assert shown
    assert shown[2].replace("\\|", "|").strip() == " ".join(name.split())


def test_text_cannot_become_markup():
    hostile = "<img src=x> @team #12 *b* `c` [l](u) | ~x~ \\ and\nmore & more"
    escaped = prose(hostile)
    assert "<" not in escaped
    assert "\n" not in escaped
    assert "@team" not in escaped
    for special in ("*", "`", "[", "|", "~"):
        assert f"\\{special}" in escaped
    assert escaped.endswith("\\\\ and more &amp; more")


HOSTILE = "\x1b]0;title\x07 \u202egnp \x9b2J <script> ![x](//evil) \ud800 postgresql://me:secret@host/db"


@pytest.mark.parametrize("place", ["sentence", "model", "class", "metric", "note", "guard", "image"])
def test_nothing_from_a_name_reaches_the_terminal_or_the_page_as_it_is(place):
    row = {"metric": HOSTILE, "current": 0.4, "baseline": 0.5, "delta": -0.1}
    changed = {
        "image": HOSTILE,
        "gain": 1,
        "truth": HOSTILE,
        "current": {"value": 1.0, "said": HOSTILE},
        "baseline": {},
    }
    change = {
        "sentence": {"sentence": HOSTILE},
        "model": {"current": {"path": HOSTILE, "model": HOSTILE}, "baseline": {"path": HOSTILE, "split": HOSTILE}},
        "class": {"per_class": [row | {"name": HOSTILE}], "per_class_other": {HOSTILE: [row | {"name": HOSTILE}]}},
        "metric": {"metrics": [row], "primary_metric": HOSTILE},
        "note": {"notes": [HOSTILE], "warnings": [HOSTILE, HOSTILE]},
        "guard": {"guards": [{"guard": HOSTILE, "told": HOSTILE, "broken": True}]},
        "image": {"image_changes": {"metric": HOSTILE, "images": [changed]}},
    }[place]
    markdown = comparison_markdown(a_comparison() | change)
    assert all(letter.isprintable() or letter == "\n" for letter in markdown.replace("\u200b", ""))
    assert "\\x1b" in markdown
    assert "secret" not in markdown
    outside_code = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", markdown)
    assert "<script>" not in outside_code
    assert "![x]" not in outside_code


def test_a_bar_has_a_backslash_only_where_a_table_needs_it():
    assert code("a|b") == "`a|b`"
    assert code("a|b", in_table=True) == "`a\\|b`"


@pytest.mark.parametrize("missing", [*a_comparison(), None])
def test_any_key_may_be_missing_or_null(missing):
    comparison = a_comparison()
    assert comparison_markdown({key: value for key, value in comparison.items() if key != missing}).endswith("\n")
    assert comparison_markdown(comparison | {missing or "verdict": None}).endswith("\n")
    assert comparison_markdown({}).startswith("### ")


def test_it_reads_what_the_comparison_stage_writes():
    sides = [MetricsFile(Path("metrics.json"), metrics_of(CELLS, shift=shift)) for shift in (-0.05, 0.0)]
    result = compare_metrics(*sides, tolerance=0.01)
    markdown = comparison_markdown(result.to_json(Gate.DEGRADED))
    assert "(`DEGRADED`)" in markdown
    assert f"| **mAP50-95** | {result.primary.current:.4f} | {result.primary.baseline:.4f} | −0.0500 |" in markdown
    assert "gate `degraded`: stopped" in markdown

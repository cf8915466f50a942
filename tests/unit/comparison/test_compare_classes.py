"""The classes of a comparison, with and without what the images say."""

from __future__ import annotations

from pathlib import Path

from yololab.comparison.compare import class_differences, class_rows, other_classes
from yololab.comparison.evidence import Evidence
from yololab.files.metrics import MetricsFile
from yololab.statistics.inference.paired_comparison import ClassDifference


def side(**classes) -> MetricsFile:
    content = {"task": "detect", "names": {"0": "cat", "1": "dog"}, "per_class": classes}
    return MetricsFile(Path("m.json"), content)


def test_a_class_that_one_side_does_not_measure_has_no_difference():
    now, before = side(cat={"AP50-95": 0.5}, dog={"AP50-95": None}), side(cat={"AP50-95": 0.25})
    cat, dog = class_rows(now, before, {}, "AP50-95")
    assert (cat["current"], cat["baseline"], cat["delta"], cat["p"]) == (0.5, 0.25, 0.25, None)
    assert (dog["baseline"], dog["delta"], dog["insufficient"]) == (None, None, None)


def test_what_the_images_say_stands_in_the_row():
    found = ClassDifference("AP50-95", 0, 40, 0.5, 0.25, (0.1, 0.4), 0.01, 0.02)
    few = ClassDifference("AP50-95", 1, 4, 0.5, 0.25, None, None, None)
    rows = class_rows(side(cat={"AP50-95": 0.5}, dog={"AP50-95": 0.5}), side(), {"cat": found, "dog": few}, "AP50-95")
    assert [(row["ci_low"], row["ci_high"], row["q"], row["images"], row["insufficient"]) for row in rows] == [
        (0.1, 0.4, 0.02, 40, False),
        (None, None, None, 4, True),
    ]


def test_without_records_there_is_nothing_more():
    evidence = Evidence(None, None, None)
    assert class_differences(evidence, side(), "AP50-95") == {}
    assert other_classes(evidence, side(), side()) == {}

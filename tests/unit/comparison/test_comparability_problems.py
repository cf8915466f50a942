"""What may be compared, and what a reader is warned of."""

from __future__ import annotations

from pathlib import Path

import pytest
from record_samples import records_of

from yololab.comparison.comparability import (
    comparability_problems,
    describe,
    names_protocol_difference,
    pairing_problems,
    protocol_warnings,
    side_notes,
)
from yololab.files.metrics import MetricsFile

PROTOCOL = {"imgsz": 640, "batch": 16, "single_cls": False, "classes": None}


def side(**changes) -> MetricsFile:
    content = {
        "task": "detect",
        "split": "val",
        "mAP50-95": 0.5,
        "names": {"0": "cat", "1": "dog"},
        "protocol": PROTOCOL,
        "dataset_fingerprint": "f" * 64,
    }
    return MetricsFile(Path("m.json"), content | changes)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"task": "segment"}, "task"),
        ({"split": "test"}, "evaluated split"),
        ({"dataset_fingerprint": "0" * 64}, "fingerprint of the evaluated split"),
        ({"names": {"0": "dog", "1": "cat"}}, "class names"),
        ({"protocol": PROTOCOL | {"classes": [0]}}, "protocol, classes"),
    ],
)
def test_what_measures_something_else_is_named(change, what):
    (problem,) = comparability_problems(side(), side(**change))
    assert problem.where == f"comparison, {what}"
    assert comparability_problems(side(**change), side(**change)) == []


def test_what_a_file_does_not_say_is_not_held_against_it():
    silent = side(dataset_fingerprint=None, protocol=None, names=None)
    assert comparability_problems(side(), silent) == []
    warnings = protocol_warnings(side(), silent)
    assert any("do not record their protocol" in line for line in warnings)
    assert any("fingerprint is missing" in line for line in warnings)
    assert not names_protocol_difference(warnings)


def test_another_protocol_is_a_warning_and_no_refusal():
    other = side(protocol=PROTOCOL | {"imgsz": 320})
    assert comparability_problems(side(), other) == []
    (warning,) = protocol_warnings(side(), other)
    assert "imgsz is 640 now, 320 before" in warning
    assert names_protocol_difference([warning])


def test_a_split_that_chose_the_checkpoint_is_told():
    assert any("chosen on the split" in line for line in side_notes(side(), side()))
    test = side(split="test")
    assert side_notes(test, test) == []
    changed = side_notes(side(split="test", train_fingerprint="a"), side(split="test", train_fingerprint="b"))
    assert changed == ["The training split has changed since the baseline was trained."]


def test_a_side_is_described_by_what_identifies_it():
    assert describe(side(model="best.pt")) == {
        "path": "m.json",
        "model": "best.pt",
        "split": "val",
        "fingerprint": "f" * 64,
        "promoted_at": None,
    }


def test_records_of_other_images_or_labels_cannot_be_paired():
    same = records_of(0.5)
    assert pairing_problems(same, records_of(0.9, seed=3)) == []
    (fewer,) = pairing_problems(same, records_of(0.5, images=50))
    assert "10 only in the current evaluation (images/0050.jpg" in fewer.found
    (other,) = pairing_problems(same, records_of(0.5, labels_seed=7))
    assert "have other labels in the baseline" in other.found

"""Settings that have a reader of their own."""

from __future__ import annotations

import pytest

from yololab.config.special import (
    read_device,
    read_floors,
    read_limits,
    read_notes,
    read_severity,
    read_slices,
    read_source,
    read_subset,
    read_threshold,
    read_tracking,
)
from yololab.errors import InputError
from yololab.findings import CHECKS


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (read_subset, 0.1, 0.1),
        (read_subset, 1, 1.0),
        (read_subset, 200.0, 200),
        (read_source, "coco8.yaml", "coco8.yaml"),
        (read_device, 0, "0"),
        (read_device, [0, 1], "0,1"),
        (read_device, "cuda:0, 1", "0,1"),
        (read_device, "", None),
        (read_limits, {"a": -3}, {"a": -3}),
        (read_floors, {3: 0.5}, {"3": 0.5}),
        (read_slices, None, None),
        (read_slices, "none", []),
        (read_slices, [], []),
        (read_slices, "size, blur,size", ["size", "blur"]),
        (read_slices, ["folder", "a b.csv:Camera id"], ["folder", "a b.csv:Camera id"]),
        (read_tracking, "mlflow", ["mlflow"]),
        (read_tracking, None, []),
        (read_tracking, "none", []),
        (read_tracking, ["wandb", "mlflow", "wandb"], ["wandb", "mlflow"]),
        (read_notes, None, ""),
    ],
)
def test_what_is_meant_is_read(read, value, expected):
    assert read("here", value) == expected


@pytest.mark.parametrize(
    ("read", "value", "where"),
    [
        (read_subset, 0, "here"),
        (read_subset, 2.5, "here"),
        (read_subset, True, "here"),
        (read_source, ["a", "b"], "here"),
        (read_source, " ", "here"),
        (read_device, True, "here"),
        (read_device, 1.5, "here"),
        (read_floors, {"cat": 2}, "here.cat"),
        (read_floors, {"cat": True}, "here.cat"),
        (read_limits, [1], "here"),
        (read_tracking, ["mlflow", "excel"], "here"),
        (read_tracking, ["mlflow", "none"], "here"),
        (read_tracking, 3, "here"),
        (read_slices, 3, "here"),
        (read_slices, ["size", "colour"], "here"),
        (read_severity, "warning", "here"),
        (read_severity, {"leak_same": "bad"}, "here.leak_same"),
        (read_severity, {"leak_sam": "off"}, "here.leak_sam"),
    ],
)
def test_what_is_not_is_refused_at_its_place(read, value, where):
    with pytest.raises(InputError) as caught:
        read("here", value)
    assert [problem.where for problem in caught.value.problems] == [where]


def test_a_bare_off_of_yaml_turns_a_check_off():
    found = read_severity("here", {"leak_same": False, "leak_similar": "note", "imbalance": None})
    assert (found["leak_same"], found["leak_similar"], found["imbalance"]) == ("off", "note", None)
    assert found.keys() == CHECKS.keys()


def test_every_wrong_rating_is_told_at_once():
    with pytest.raises(InputError) as caught:
        read_severity("here", {"leak_same": "bad", "nothing": "off"})
    assert len(caught.value.problems) == 2


def test_a_rule_of_a_threshold_is_written_without_spaces():
    assert read_threshold("x", "recall >= 0.9") == "recall>=0.9"
    for wrong in ("recall", "recall>=0", "recall>=1.5", "f1>=0.5", "accuracy>=0.9", 0.3):
        with pytest.raises(InputError, match=r"precision>=0\.95"):
            read_threshold("evaluation.threshold", wrong)

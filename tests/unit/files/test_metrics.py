"""metrics.json: numbers by their names, whatever a class is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, number_in, read_metrics

CONTENT = {
    "mAP50-95": 0.25,
    "mAP50": 1,
    "precision": float("nan"),
    "recall": True,
    "fitness": None,
    "task": "detect",
    "speed_ms": {"inference": 2.5, "preprocess": float("inf")},
    "per_class": {
        "st. bernard": {"AP50": 0.5},
        "a.b.c": {"AP50": 0.625},
        "a": {"AP50": 0.75, "AP50-95": None},
        "a.AP50": {"AP50": 0.875},
        "AP50": {"AP50": 0.125},
        "speed_ms": {"AP50": 0.375},
        "": {"AP50": 0.0625},
    },
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mAP50-95", 0.25),
        ("mAP50", 1.0),
        ("speed_ms.inference", 2.5),
        ("per_class.st. bernard.AP50", 0.5),
        ("per_class.a.b.c.AP50", 0.625),
        ("per_class.a.AP50", 0.75),  # although another class is called "a.AP50"
        ("per_class.a.AP50.AP50", 0.875),
        ("per_class.AP50.AP50", 0.125),
        ("per_class.speed_ms.AP50", 0.375),
        ("per_class..AP50", 0.0625),
        ("precision", None),  # NaN
        ("recall", None),  # no number, although Python counts with it
        ("fitness", None),
        ("task", None),
        ("speed_ms", None),
        ("speed_ms.preprocess", None),  # infinite
        ("per_class.a.AP50-95", None),
        ("per_class.nobody.AP50", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_value_by_its_name(name, value):
    assert MetricsFile(Path("metrics.json"), CONTENT).value(name) == value


def test_the_file_as_it_is_read(tmp_path):
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps(CONTENT | {"schema_version": 1}))
    assert read_metrics(file).value("per_class.st. bernard.AP50") == 0.5
    file.write_text(json.dumps(CONTENT | {"mAP50-95": float("inf")}))
    with pytest.raises(InputError, match="mAP50-95"):
        read_metrics(file)


def test_numbers_under_dotted_names():
    content = {"mAP50": 0.5, "per_class": {"st. bernard": {"AP50": 0.4}}, "speed_ms": {"inference": 2}, "x": None}
    assert number_in(content, "mAP50") == 0.5
    assert number_in(content, "per_class.st. bernard.AP50") == 0.4
    assert number_in(content, "speed_ms.inference") == 2.0
    assert number_in(content, "x") is None
    assert number_in(content, "y") is None
    assert number_in({"x": float("nan")}, "x") is None


@pytest.mark.parametrize(
    "content", [{"mAP50": 0.5}, {"mAP50-95": "high"}, {"mAP50-95": True}, {"mAP50-95": 0.5, "task": "juggle"}]
)
def test_metrics_file_without_its_primary_metric_is_refused(tmp_path, content):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"metrics\.json"):
        read_metrics(path)

"""comparison.json: what is written can be read again, and what is damaged is refused by name."""

from __future__ import annotations

import json

import pytest

from yololab.comparison.compare import compare_metrics
from yololab.comparison.result import COMPARISON_VERSION, read_comparison, write_comparison
from yololab.config.schema import Gate, GuardsConfig
from yololab.errors import InputError

LOST_IN_THE_FILE = ("rows", "analysis")  # a row comes back without its interval; what goes into depth stays there


def test_a_comparison_comes_back(sides, tmp_path):
    found = compare_metrics(sides["bad"], sides["good"], 0.01, GuardsConfig(latency_ms=20, class_drop=0.05))
    content = write_comparison(tmp_path / "comparison.json", found, Gate.CONFIRMED)
    assert json.loads((tmp_path / "comparison.json").read_text())["schema_version"] == COMPARISON_VERSION
    assert content["gate"] == {"policy": "confirmed", "passed": False}
    assert {"guard", "limit", "value", "broken", "told"} <= set(content["guards"][0])
    again = read_comparison(tmp_path / "comparison.json")
    for name in vars(found):
        if name not in LOST_IN_THE_FILE:
            assert getattr(again, name) == getattr(found, name), name
    assert [(row.metric, row.current, row.baseline) for row in again.rows] == [
        (row.metric, row.current, row.baseline) for row in found.rows
    ]
    assert not again.passes(Gate.DEGRADED)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"verdict": "SPLENDID"}, r"\$\.verdict"),
        ({"metrics": None}, r"\$\.metrics"),
        ({"metrics": []}, r"\$\.primary_metric"),
        ({"guards": [{"name": "x"}]}, r"\$\.guards\[0\]"),
        ({"current": {"path": 3}}, r"\$\.current\.path"),
    ],
)
def test_what_is_no_comparison_is_refused(sides, tmp_path, change, place):
    path = tmp_path / "comparison.json"
    write_comparison(path, compare_metrics(sides["good"], None, 0.01), Gate.NONE)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=place):
        read_comparison(path)

"""What a comparison looks into: errors, sizes, and the images that changed."""

from __future__ import annotations

import json
from pathlib import Path

from record_samples import NAMES, records_of

from yololab.comparison.analysis import MOST_IMAGES, analyse
from yololab.comparison.evidence import Evidence
from yololab.files.metrics import MetricsFile
from yololab.statistics.diagnosis.error_types import TYPES

CURRENT = MetricsFile(Path("m.json"), {"task": "detect", "dataset_root": "/data"})


def test_both_sides_are_looked_into_and_it_is_plain_json():
    content = analyse(Evidence(records_of(0.9), records_of(0.3, seed=2), None), CURRENT)
    json.dumps(content, allow_nan=False)
    assert content["error_types"].keys() == content["by_size"].keys() == {"current", "baseline"}
    assert tuple(content["error_types"]["current"]) == TYPES
    assert content["error_types"]["baseline"]["missed"]["count"] > content["error_types"]["current"]["missed"]["count"]


def test_the_images_that_gained_most_come_first():
    changes = analyse(Evidence(records_of(0.9), records_of(0.3, seed=2), None), CURRENT)["image_changes"]
    gains = [abs(row["gain"]) for row in changes["images"]]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) == MOST_IMAGES
    assert changes["root"] == "/data"
    first = changes["images"][0]
    assert first["found"]["current"] > first["found"]["baseline"]
    assert {item["class"] for item in first["truth"]} <= set(NAMES)


def test_one_side_alone_has_its_errors_and_no_changes():
    content = analyse(Evidence(records_of(0.9), None, None), CURRENT)
    assert content["error_types"].keys() == {"current"}
    assert "image_changes" not in content


def test_without_records_there_is_nothing_to_look_into():
    assert analyse(Evidence(None, None, None), CURRENT) == {}

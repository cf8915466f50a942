"""The pixels of a split's maps, added up."""

from __future__ import annotations

from yololab.data.labels.map_distribution import DEPTH_EDGES, MapDistribution


def test_depths_are_added_up():
    found = MapDistribution()
    found.add({"pixels": 100, "counted": 80, "low": 1.5, "median": 3.0, "high": 9.0})
    found.add({"pixels": 100, "counted": 100, "low": 0.5, "median": 300.0, "high": 400.0})
    found.add({"pixels": 100, "counted": 0})
    content = found.to_json()
    assert content is not None
    assert (content["pixels"], content["counted"]) == (300, 180)
    assert (content["depth_m"]["low"], content["depth_m"]["high"]) == (0.5, 400.0)
    assert content["depth_m"]["medians"] == {"edges": list(DEPTH_EDGES), "counts": [0, 0, 1, 0, 0, 0, 0, 0, 0, 1]}


def test_masks_have_no_depth_and_no_maps_are_nothing():
    masks = MapDistribution()
    masks.add({"pixels": 100, "counted": 80})
    assert masks.to_json() == {"pixels": 100, "counted": 80, "depth_m": None}
    assert MapDistribution().to_json() is None

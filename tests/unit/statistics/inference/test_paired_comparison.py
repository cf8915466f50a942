"""Records in which more than boxes is matched, and boxes that are rotated."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from record_samples import detection_pair, records_of

from yololab.statistics.diagnosis.error_types import error_types
from yololab.statistics.diagnosis.image_changes import largest_changes
from yololab.statistics.diagnosis.size_metrics import measures_by_size, metrics_by_size
from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.paired_comparison import compare_pair
from yololab.statistics.inference.paired_models import pair_of
from yololab.statistics.inference.verdict import Verdict
from yololab.statistics.metrics.detection_metrics import DetectionMetrics
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records

NAMES = ("mAP50", "mAP50-95", "precision", "recall")
EVERYTHING = ("current", "baseline", "ci95", "ci90", "standard_error", "p")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(paired, "FIRST_REPLICATES", 250)
    monkeypatch.setattr(paired, "FEW_REPLICATES", 500)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 500)


def with_kind(records, kind, dropped, seed=0):
    """Add a second kind of matching, in which some true positives are none."""
    rng = np.random.default_rng(seed)
    kept = rng.random(len(records.confidence)) >= dropped
    return dataclasses.replace(records, flags={**records.flags, kind: records.flags["box"] * kept.astype(np.uint16)})


def only(records, kind):
    """Keep one kind, as if it were boxes."""
    return dataclasses.replace(records, flags={"box": records.flags[kind]})


def turned(records, angle=0.0):
    """Write the same boxes as rotated ones."""

    def rotated(boxes):
        centers, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        return np.column_stack([centers, sides, np.full(len(boxes), angle)]).astype(np.float32)

    return dataclasses.replace(records, boxes=rotated(records.boxes), truth_boxes=rotated(records.truth_boxes))


@pytest.mark.parametrize(("kind", "suffix"), [("mask", "(M)"), ("pose", "(P)")])
def test_every_kind_is_compared_as_if_it_were_alone(few, kind, suffix):
    ours, theirs = with_kind(records_of(0.9, 1), kind, 0.2), with_kind(records_of(0.8, 2), kind, 0.3, seed=1)
    found = compare_pair(detection_pair(ours, theirs, f"mAP50-95{suffix}"), 0.01)
    assert {row.metric for row in found.metrics} == {*NAMES, *(name + suffix for name in NAMES)}
    boxes = compare_pair(detection_pair(only(ours, "box"), only(theirs, "box")), 0.01)
    second = compare_pair(detection_pair(only(ours, kind), only(theirs, kind)), 0.01)
    for alone, of_kind in ((boxes, ""), (second, suffix)):
        for name in NAMES:
            row, expected = found.metric(name + of_kind), alone.metric(name)
            # The one that decides has a second p-value besides the swaps, and more replicates of its interval.
            told = ("current", "baseline") if name == "mAP50-95" and of_kind != suffix else EVERYTHING
            assert [getattr(row, field) for field in told] == [getattr(expected, field) for field in told]
        rows = [item for item in found.classes if item.metric == f"AP50-95{of_kind}"]
        assert [dataclasses.replace(item, metric="AP50-95") for item in rows] == list(alone.classes)
    assert (found.verdict, found.detectable_drop) == (second.verdict, second.detectable_drop)
    assert found.classes[0].metric == f"AP50-95{suffix}"


def test_the_kind_that_decides_is_measured_first_and_alone_where_time_counts():
    records = with_kind(records_of(0.9, 1), "mask", 0.2)
    weights = np.ones((len(records.keys), 2), np.float32)
    found = DetectionMetrics(records, "mAP50-95(M)").replicates(weights, everything=False)
    assert set(found.metrics) == {"mAP50(M)", "mAP50-95(M)"}
    assert list(found.classes) == ["AP50-95(M)"]


def test_a_kind_that_is_not_there_is_refused():
    records = records_of(0.9, 1)
    with pytest.raises(ValueError, match="the records hold box, not mask"):
        pair_of(records, records, "mAP50-95(M)")
    with pytest.raises(ValueError, match="no metric that a comparison of detections can rest on"):
        pair_of(records, records, "recall")


def test_upright_rotated_boxes_have_the_same_errors_and_sizes():
    """The overlap of rotated boxes is another measure, so only what is clearly right or wrong is asked for."""
    plain = records_of(0.8, 1)
    rotated = turned(plain)
    before, after = error_types(plain), error_types(rotated)
    assert {name: item.count for name, item in before.items()} == {name: item.count for name, item in after.items()}
    assert {size: item.labels for size, item in metrics_by_size(measures_by_size(plain)).items()} == {
        size: item.labels for size, item in metrics_by_size(measures_by_size(rotated)).items()
    }


def test_turning_everything_changes_nothing():
    other = records_of(0.5, 2)
    upright = [turned(records_of(0.9, 1)), turned(other)]
    quarter = [turned(records_of(0.9, 1), math.pi / 5), turned(other, math.pi / 5)]
    found = [largest_changes(*sides, (0.5, 0.5), 8) for sides in (upright, quarter)]
    assert [(change.key, change.gain) for change in found[0]] == [(change.key, change.gain) for change in found[1]]
    assert found[1][0].truth_boxes.shape[1] == 5
    sizes = [metrics_by_size(measures_by_size(sides[0])) for sides in (upright, quarter)]
    assert sizes[0] == sizes[1]


def test_a_mirror_gives_the_mirrored_result(few):
    a, b = records_of(0.9, 1), records_of(0.6, 2)
    one, two = compare_pair(detection_pair(a, b), 0.01), compare_pair(detection_pair(b, a), 0.01)
    for row, other in zip(one.metrics, two.metrics, strict=True):
        assert (row.current, row.baseline) == (other.baseline, other.current)
        assert row.ci95 == pytest.approx((-other.ci95[1], -other.ci95[0]), abs=1e-6)
        assert row.p == pytest.approx(other.p, abs=1e-9)
    assert (one.verdict, two.verdict) == (Verdict.IMPROVED, Verdict.DEGRADED)


def test_an_error_metric_turns_the_verdict(few):
    a, b = records_of(0.9, 1), records_of(0.6, 2)
    assert compare_pair(detection_pair(a, b), 0.01, lower_is_better=True).verdict is Verdict.DEGRADED


def test_replicates_agree_with_the_point(few):
    """The mean of the bootstrap differences is the observed one but for its bias, and p comes from the swaps."""
    result = compare_pair(detection_pair(records_of(0.9, 1), records_of(0.85, 2)), 0.01)
    row = result.metric("mAP50-95")
    assert row.ci95[0] < row.delta < row.ci95[1]
    assert row.ci95[0] < row.ci90[0] < row.ci90[1] < row.ci95[1]
    assert (row.ci95[1] - row.ci95[0]) / row.standard_error == pytest.approx(3.92, rel=0.2)


def test_rare_classes_are_insufficient(few):
    a, b = (_with_rare_class(records_of(found, seed)) for found, seed in ((0.9, 1), (0.9, 2)))
    classes = {item.index: item for item in compare_pair(detection_pair(a, b), 0.01).classes}
    assert classes[2].insufficient
    assert classes[2].images == 9
    assert classes[2].q is None
    assert not classes[0].insufficient


def _with_rare_class(records):
    truth = records.truth_class.copy()
    first = np.unique(records.truth_image, return_index=True)[1]
    truth[first[:9]] = 2
    return dataclasses.replace(records, truth_class=truth)


def test_nothing_to_measure_is_no_result(few):
    empty = ImageRecord(
        "a",
        (9, 9),
        np.zeros(0),
        np.zeros(0),
        np.zeros((0, 4)),
        {"box": np.zeros((0, 10))},
        np.zeros(0),
        np.zeros((0, 4)),
    )
    header = RecordsHeader(
        names={0: "a"}, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics=""
    )
    records = pack_records([empty, dataclasses.replace(empty, key="b")], header)
    assert compare_pair(detection_pair(records, records), 0.01) is None


def test_more_replicates_are_measured_only_while_they_could_change_the_verdict(monkeypatch):
    clear = compare_pair(detection_pair(records_of(0.95, 1), records_of(0.3, 2)), 0.01)
    assert clear.replicates == 2 * paired.FIRST_REPLICATES
    monkeypatch.setattr(paired, "MANY_REPLICATES", 2500)
    monkeypatch.setattr(paired, "_P_MARGIN", 100.0)  # everything is close
    assert compare_pair(detection_pair(records_of(0.95, 1), records_of(0.3, 2)), 0.01).replicates == 2500

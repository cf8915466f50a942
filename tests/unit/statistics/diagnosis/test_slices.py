"""Slices, held against records that hold nothing but the slice, and against resamples of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.diagnosis.size_metrics import labels_by_size, records_by_size
from yololab.statistics.diagnosis.slices import compare_in_slices, compare_with_the_rest
from yololab.statistics.inference.resampling import Units, group_units
from yololab.statistics.metrics.detection_metrics import DetectionMetrics

HALF = np.arange(60) < 30


def both(current, baseline, chosen, units=None):
    sides = [DetectionMetrics(records).parts(chosen) for records in (current, baseline)]
    return compare_in_slices(*sides, chosen, units or Units(current.keys))


def test_a_slice_has_the_metric_of_records_that_hold_nothing_else():
    records = records_of(0.7)
    part, rest = DetectionMetrics(records).parts([HALF, ~HALF])
    weights = HALF.astype(np.float32)[:, None]
    exact = DetectionMetrics(records).replicates(weights, everything=False).metrics["mAP50-95"]
    assert part.value == pytest.approx(float(exact[0]), abs=1e-6)
    assert part.added.sum() == pytest.approx(part.value, abs=0.01)
    assert not part.influence[~HALF].any()
    assert part.held.sum() + rest.held.sum() == 60


def test_an_interval_is_that_of_exact_resamples():
    records = records_of(0.7, images=300)
    inside, units = np.arange(300) < 200, Units(records.keys)
    (found,) = compare_with_the_rest(
        DetectionMetrics(records).parts([inside]), DetectionMetrics(records).parts([~inside]), units
    )
    exact = np.concatenate(
        [
            DetectionMetrics(records).replicates(block * inside[:, None], everything=False).metrics["mAP50-95"]
            for block in units.resamples(500)
        ]
    )
    low, high = np.quantile(exact, [0.025, 0.975])
    assert found.current.ci95 == pytest.approx((low, high), abs=0.25 * (high - low))
    assert found.delta == pytest.approx(found.current.value - found.other.value)


def test_where_one_model_fails_it_is_worse_and_elsewhere_it_is_not():
    good, bad = records_of(0.95, images=200, seed=1), records_of(0.3, images=200, seed=2)
    other = records_of(0.95, images=200, seed=3)
    dark = np.arange(200) < 60
    mixed = joined(bad, other, dark)
    found = both(mixed, good, [dark, ~dark])
    assert found[0].p_adjusted < 0.01
    assert found[0].ci95[1] < 0
    assert found[1].p_adjusted > 0.05
    weak = compare_with_the_rest(
        *(DetectionMetrics(mixed).parts([side, ~side]) for side in (dark, ~dark)), Units(good.keys)
    )
    assert weak[0].delta < 0
    assert weak[0].p_adjusted < 0.01


def joined(first, second, chosen):
    """Return the first records in some images, and the second in all others."""
    parts = [first.chosen(chosen[first.image]), second.chosen(~chosen[second.image])]
    image = np.concatenate([part.image for part in parts])
    order = np.argsort(image, kind="stable")
    return replace(
        first,
        detections=np.bincount(image, minlength=len(chosen)).astype(np.uint32),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("classes", "confidence", "boxes")
        },
        flags={"box": np.concatenate([part.flags["box"] for part in parts])[order]},
    )


def test_too_few_units_say_nothing():
    good, bad = records_of(0.95, seed=1), records_of(0.3, seed=2)
    few = np.arange(60) < 9
    (found,) = both(good, bad, [few])
    assert (found.units, found.p, found.ci95, found.current.ci95) == (9, None, None, None)
    assert found.delta == pytest.approx(found.current.value - found.other.value)
    films = group_units([f"film {place // 10}" for place in range(60)])
    (found,) = both(good, bad, [np.ones(60, bool)], films)
    assert (found.units, found.p) == (6, None)
    (found,) = both(good, bad, [np.zeros(60, bool)])
    assert (found.current.value, found.delta) == (None, None)


def test_the_rest_of_a_size_is_all_other_sizes():
    records = records_of(0.7)
    labels = labels_by_size(records)
    assert labels["large"].all()
    assert len(records_by_size(records, rest=True)["large"].truth_image) == 0
    assert len(records_by_size(records, rest=True)["small"].truth_image) == len(records.truth_image)


@pytest.mark.heavy
def test_two_equal_models_are_hardly_ever_told_apart_in_any_slice():
    """Thirty sets of nine slices; tests/benchmarks/slice_calibration.py counts a thousand."""
    claims = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        thirds = [rng.permutation(60) % 3 == place for _ in range(3) for place in range(3)]
        found = both(*(records_of(0.7, 2 * seed + side, labels_seed=seed) for side in (0, 1)), thirds)
        claims += any(item.p_adjusted < 0.05 for item in found)
    assert claims <= 3

"""Parts of an evaluation, pooled, are the evaluation again, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_samples import records_of

from yololab.statistics.records.classification import ClassifiedImage, pack_classified
from yololab.statistics.records.confusion import ConfusionImage, pack_confusion
from yololab.statistics.records.depth import DEPTH_METRICS, DepthImage, pack_depth
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.statistics.records.pooling import pool_records

IMAGES, NAMES = 20, {0: "cat", 1: "dog", 2: "emu"}


def detections():
    whole = records_of(0.6, images=IMAGES)
    rows = [
        ImageRecord(
            whole.keys[place],
            tuple(whole.sizes[place]),
            whole.classes[own],
            whole.confidence[own],
            whole.boxes[own],
            {"box": whole.tp_matrix()[own]},
            whole.truth_class[labels],
            whole.truth_boxes[labels],
        )
        for place, (own, labels) in enumerate(whole.images())
    ]
    return rows, lambda some: pack_records(some, replace_header(whole))


def replace_header(records):
    return type("Header", (), {"common": records.common, "names": records.names})()


def others(kind):
    rng, header = np.random.default_rng(0), records_of(0.5, images=1).common | {"names": NAMES, "task": kind}
    make = {
        "classify": lambda key: ClassifiedImage(key, int(rng.integers(3)), rng.permutation(3), float(rng.random())),
        "semantic": lambda key: ConfusionImage(key, rng.integers(0, 3, (3, 3))),
        "depth": lambda key: DepthImage(key, dict.fromkeys(DEPTH_METRICS, float(rng.random())), int(rng.integers(99))),
    }[kind]
    pack = {"classify": pack_classified, "semantic": pack_confusion, "depth": pack_depth}[kind]
    fixed = type("Header", (), {"common": header, "names": NAMES})()
    return [make(f"{number:02}.jpg") for number in range(IMAGES)], lambda some: pack(some, fixed)


@pytest.mark.parametrize("kind", ["detect", "classify", "semantic", "depth"])
def test_pooled_parts_are_the_whole(kind):
    rows, pack = detections() if kind == "detect" else others(kind)
    whole = pack(rows)
    pooled = pool_records([pack(rows[part::3]) for part in (2, 0, 1)], "folds")
    assert (pooled.keys, pooled.split) == (whole.keys, "folds")
    for name, array in whole.arrays().items():
        assert pooled.arrays()[name].dtype == array.dtype
        assert np.array_equal(pooled.arrays()[name], array), name


def test_an_image_in_two_parts_and_other_classes_are_refused():
    one, other = records_of(0.5, images=5), records_of(0.5, images=5, seed=1)
    with pytest.raises(ValueError, match="two parts"):
        pool_records([one, other], "folds")
    with pytest.raises(ValueError, match="other classes"):
        pool_records([one, replace(other, names={0: "x", 1: "y"})], "folds")
    with pytest.raises(ValueError, match="no records"):
        pool_records([], "folds")

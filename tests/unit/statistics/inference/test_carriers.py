"""Which images carry a difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_samples import detection_pair, records_of

from yololab.statistics.inference.carriers import carriers_of
from yololab.statistics.inference.resampling import Units


def test_images_are_listed_by_their_share():
    pair = detection_pair(records_of(0.9, 1), records_of(0.8, 2))
    found = carriers_of(
        pair, Units(pair.keys), np.where(np.arange(60) < 2, [3.0], [0.1]) * np.sign(np.arange(60) - 0.5)
    )
    assert [item.key for item in found.listed[:2]] == ["images/0000.jpg", "images/0001.jpg"]
    assert found.listed[0].gain < 0 < found.listed[1].gain
    assert found.warning == (
        "3 of 60 images carry 97% of the difference's variance: images/0000.jpg, images/0001.jpg, images/0002.jpg."
    )
    assert 2 < found.telling < 10


def test_the_same_detections_tell_nothing_apart():
    pair = detection_pair(records_of(0.9, 1), records_of(0.9, 1))
    found = carriers_of(pair, Units(pair.keys), pair.influence())
    assert (found.units_unlike, found.telling, found.warning) == (0, 0, None)
    assert pair.unlike().sum() == 0
    assert detection_pair(records_of(0.9, 1), records_of(0.9, 2)).unlike().mean() > 0.9


def test_a_class_of_two_labels_hangs_on_its_images():
    records = records_of(0.9, 1)
    rare = np.searchsorted(records.truth_image, [7, 33])
    classes = np.zeros(len(records.truth_class), records.truth_class.dtype)
    classes[rare] = 1
    sides = [replace(side, truth_class=classes) for side in (records, records_of(0.8, 1))]
    pair = detection_pair(*sides)
    found = carriers_of(pair, Units(pair.keys), np.ones(60))
    assert set(found.holding) >= {"images/0007.jpg", "images/0033.jpg"}
    assert found.held == pytest.approx(0.5, abs=0.05)
    assert "3 of 60 images hold" in found.warning
    usual = detection_pair(records_of(0.9, 1), records_of(0.8, 2))
    assert carriers_of(usual, Units(usual.keys), np.ones(60)).held < 0.15

"""The detections of two models in one order."""

from __future__ import annotations

import dataclasses

import numpy as np
from ap_samples import HEADER, evaluations
from hypothesis import given, settings
from hypothesis import strategies as st

from yololab.statistics.metrics.ranked_detections import rank_classes, rank_together
from yololab.statistics.metrics.weighted_ap import weighted_ap
from yololab.statistics.records.detections import ImageRecord, pack_records


@settings(max_examples=60, deadline=None)
@given(evaluations(), st.integers(0, 2**32))
def test_swapping_images_equals_exchanging_their_detections(records, seed):
    rng = np.random.default_rng(seed)
    images = len(records.keys)
    other = _reversed_confidence(records)
    swap = rng.integers(0, 2, (images, 1)).astype(np.float32)
    together = rank_together([records, other])
    found = weighted_ap(together, np.concatenate((1 - swap, swap)), np.ones((images, 1), np.float32))
    parts = [other if chosen else records for chosen in swap[:, 0]]
    exchanged = pack_records([_one(part, place) for place, part in enumerate(parts)], HEADER)
    ones = np.ones((images, 1), np.float32)
    np.testing.assert_allclose(found, weighted_ap(rank_classes(exchanged), ones, ones), atol=1e-6)


def test_equal_confidences_keep_the_order_of_the_images_whoever_made_them():
    """Two models of two images, all detections equally sure: swapped or not, an arm is what its own records are."""
    two, one = np.zeros(2, int), np.zeros(1, int)
    sure, places = np.full(2, 0.5), (np.zeros((2, 4)), np.zeros((1, 4)))
    arms = [
        pack_records(
            [
                ImageRecord(key, (9, 9), two, sure, places[0], {"box": np.full((2, 10), hit)}, one, places[1])
                for key, hit in zip("xy", hits, strict=True)
            ],
            HEADER,
        )
        for hits in ((True, True), (False, False))
    ]
    ones = np.ones((2, 1), np.float32)
    for swap in ([0, 0], [1, 0], [0, 1], [1, 1]):
        chosen = np.array(swap, np.float32)[:, None]
        found = weighted_ap(rank_together(arms), np.concatenate((1 - chosen, chosen)), ones)
        exchanged = pack_records([_one(arms[arm], place) for place, arm in enumerate(swap)], HEADER)
        np.testing.assert_allclose(found, weighted_ap(rank_classes(exchanged), ones, ones), atol=1e-6)


def _reversed_confidence(records):
    """Another model: each image's detections in the opposite order, without ties between the two."""
    confidence = (1.001 - records.confidence).astype(np.float32)
    return dataclasses.replace(records, confidence=confidence)


def _one(records, place):
    first, labels = records.offsets, records.truth_offsets
    part, truth = slice(first[place], first[place + 1]), slice(labels[place], labels[place + 1])
    flags = {"box": records.tp_matrix()[part]}
    return ImageRecord(
        records.keys[place], (9, 9), records.classes[part], records.confidence[part], records.boxes[part], flags,
        records.truth_class[truth], records.truth_boxes[truth],
    )  # fmt: skip

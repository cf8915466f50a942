"""Random evaluations of detections, and Ultralytics' own AP to hold ours against."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records

HEADER = RecordsHeader(
    names={index: str(index) for index in range(6)},
    task="detect",
    split="val",
    label_fingerprint="",
    protocol={},
    ultralytics="",
)


@st.composite
def evaluations(draw):
    """Records of a few images: ties, classes without labels or detections, flags that are not nested, nothing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    classes = draw(st.integers(1, 4))
    steps = draw(st.sampled_from([2, 10, 10**6]))
    labels, detections = draw(st.sampled_from([0, 0.4, 3])), draw(st.sampled_from([0, 0.5, 6, 25]))
    return pack_records(
        [_image(i, rng, classes, steps, labels, detections) for i in range(draw(st.integers(1, 9)))], HEADER
    )


def _image(number, rng, classes, steps, labels, detections):
    targets = rng.integers(0, classes, rng.poisson(labels))
    count = rng.poisson(detections)
    predicted = rng.integers(0, classes + 1, count)
    confidence = np.sort(np.ceil(rng.random(count) * steps) / steps)[::-1]
    flags = np.zeros((count, 10), bool)
    for index in range(classes):
        own = np.flatnonzero(predicted == index)
        for threshold in range(10):
            most = min(len(own), int((targets == index).sum()))
            flags[rng.permutation(own)[: rng.integers(0, most + 1)], threshold] = True
    boxes = np.zeros((count, 4)), np.zeros((len(targets), 4))
    return ImageRecord(f"{number:03}", (9, 9), predicted, confidence, boxes[0], {"box": flags}, targets, boxes[1])


def resampled(records, weights):
    """Copy each image's detections and labels as often as its weight says, as arguments of `ap_per_class`."""
    rows = np.repeat(np.arange(len(records.confidence)), weights[records.image])
    labels = np.repeat(np.arange(len(records.truth_image)), weights[records.truth_image])
    return records.tp_matrix()[rows], records.confidence[rows], records.classes[rows], records.truth_class[labels]

"""What detections lie on, case by case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from yololab.statistics.diagnosis.labels.meetings import Meeting, meetings
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records


def test_every_case():
    labels = [(0, (0, 0, 100, 100)), (0, (200, 0, 300, 100)), (1, (400, 0, 500, 100)), (0, (600, 0, 700, 100))]
    cases = [
        (0, 0.9, (0, 0, 100, 100), Meeting.FOUND, 0),
        (0, 0.8, (5, 0, 105, 100), Meeting.AGAIN, -1),
        (0, 0.7, (250, 0, 350, 100), Meeting.LOOSE, 1),
        (0, 0.6, (400, 0, 500, 90), Meeting.OTHER_CLASS, 2),
        (0, 0.5, (0, 300, 100, 400), Meeting.NOTHING, -1),
        (0, 0.4, (50, 0, 150, 100), Meeting.NOTHING, -1),  # a neighbour: its label is found by another one
        (0, 0.3, (600, 0, 700, 100), Meeting.FOUND, 3),
    ]
    said, confidence, boxes, kinds, meant = zip(*cases, strict=True)
    image = ImageRecord(
        "a.png", (800, 500), np.array(said), np.array(confidence), np.array(boxes, np.float32),
        {"box": np.zeros((len(cases), 10), bool)}, np.array([one for one, _ in labels]),
        np.array([box for _, box in labels], np.float32),
    )  # fmt: skip
    names = {0: "cat", 1: "dog"}
    header = RecordsHeader(
        names=names, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics="8.4.190"
    )
    records = pack_records([image], header)
    met = meetings(records)
    assert met.detection.tolist() == [*range(len(cases))]
    assert [Meeting(kind) for kind in met.kind] == list(kinds)
    assert met.label.tolist() == list(meant)
    assert met.partner.tolist() == [0, 2, -1, 6]
    assert met.overlap.round(2).tolist() == [1.0, 0.33, 0.0, 1.0]
    assert met.own.round(2).tolist() == [0.9, 0.0, 0.0, 0.3]
    assert met.beside.round(2).tolist() == [0.0, 0.9, 0.0, 0.0, 0.0, 0.33, 0.0]
    ignored = np.array([0, 0, 0, 0, 1, 2, 0], np.uint16)  # the fifth lies in a crowd; the sixth at no IoU that counts
    assert meetings(replace(records, ignored=ignored)).detection.tolist() == [0, 1, 2, 3, 5, 6]

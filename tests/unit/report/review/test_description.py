"""Suspects in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from label_samples import detected

from yololab.report.review.description import Description
from yololab.statistics.diagnosis.labels.suspects import Kind, Suspect


def test_a_suggested_box_ends_where_its_image_ends(tmp_path):
    records = detected(np.random.default_rng(5), images=1)
    boxes = records.boxes.copy()
    boxes[0] = (-20.0, 10.0, 30.0, 500.0)
    item = Description(replace(records, boxes=boxes), None).of(Suspect(Kind.MISSING, 0.9, 0, None, 0, 0.9), 1)
    assert item.box_suggested == (0.0, 10.0, 30.0, 400.0)
    assert item.row_suggested.split()[1:] == ["0.0375", "0.5125", "0.075", "0.975"]
    assert (item.line, item.class_given) == (None, None)
    assert item.label_file.as_posix() == "labels/val/0000.txt"

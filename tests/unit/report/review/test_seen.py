"""Which labels earlier lists hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.report.review.seen import Seen
from yololab.report.review.suspicion import Suspicion
from yololab.statistics.diagnosis.labels.suspects import Kind
from yololab.terminal.output import csv_text

CELLS = (1, "val/ä b.png", (100, 100), Path("x.txt"), 3, Kind.MISPLACED, 0.5, "cat", "cat")
LABEL = Suspicion(*CELLS, (-2.0, 0.0, 20.0, 20.0), (1.0, 1.0, 30.0, 30.0), None, 0.9, "")
MISSING = replace(LABEL, kind=Kind.MISSING, class_given=None, class_suggested="dog", box_given=None)
IMAGE = replace(LABEL, kind=Kind.CLASS, class_suggested="dog", box_given=None, box_suggested=None)


def listed(tmp_path, item):
    boxes = {"box_given_px": item.box_given, "box_suggested_px": item.box_suggested}
    row = item.to_row() | {key: " ".join(map(str, box)) if box else None for key, box in boxes.items()}
    file = tmp_path / "list.csv"
    file.write_text(csv_text([row]), encoding="utf-8")
    return Seen([tmp_path])


@pytest.mark.parametrize(
    ("item", "same", "other"),
    [
        (LABEL, {"kind": Kind.CLASS, "class_suggested": "dog"}, {"box_given": (5.0, 0.0, 25.0, 20.0)}),
        (LABEL, {"box_given": (-1.5, 0.0, 20.4, 20.0)}, {"class_given": "dog"}),
        (MISSING, {"box_suggested": (3.0, 1.0, 32.0, 30.0)}, {"box_suggested": (25.0, 1.0, 55.0, 30.0)}),
        (MISSING, {"score": 0.1}, {"class_suggested": "cat"}),
        (IMAGE, {"class_suggested": "owl"}, {"class_given": "owl"}),
    ],
)
def test_a_label_is_known_by_class_and_box_and_a_missing_one_by_its_place(tmp_path, item, same, other):
    seen = listed(tmp_path, item)
    assert seen
    assert seen.holds(item)
    assert seen.holds(replace(item, **same))
    assert not seen.holds(replace(item, **other))
    assert not seen.holds(replace(item, image="val/b.png"))


def test_what_is_no_list(tmp_path):
    assert not Seen([])
    table = tmp_path / "table.csv"
    table.write_text("image,class_given,class_suggested,box_given_px,box_suggested_px\na.png,cat,cat,1 x,\n")
    with pytest.raises(InputError, match="line 2"):
        Seen([table])

"""The page of suspected labels: what is cut out of an image, and what is written of it."""

from __future__ import annotations

import pytest
from PIL import Image

from yololab.report.review.page import Review, render_review
from yololab.report.review.suspicion import Suspicion, label_row, why
from yololab.statistics.diagnosis.labels.suspects import Kind

NUMBERS = {"confidence": 0.9, "right": 0.97, "own": 0.0, "overlap": 0.42, "usual": 0.86}


def suspicion(rank=1, kind=Kind.MISPLACED, given="cat", box=(5.0, 5.0, 30.0, 30.0), image="images/<b>.png"):
    said = why(kind, given, "dog", NUMBERS)
    return Suspicion(rank, image, (200, 100), None, 3, kind, 0.71, given, "dog", box, (150.0, 60.0, 199.0, 99.0),
                     None, 0.9, said)  # fmt: skip


def page(tmp_path, *listed, weak=False, remarks=("a remark",)):
    return render_review(Review("a_run", "val", 10, 100, listed, 5, remarks, weak, tmp_path, "list.csv"))


def test_a_suspect_is_cut_out_with_both_boxes(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (200, 100), (200, 20, 20)).save(tmp_path / "images/<b>.png")
    written = page(tmp_path, suspicion(), suspicion(2, Kind.MISSING, None, None))
    assert written.count("<figure") == 2
    assert written.count('class="outline missed"') == 2  # one in the key
    assert written.count("data:image/jpeg") == 2
    assert "&lt;b&gt;.png, line 3" in written
    assert "2 labels to look at" in written
    assert "About 1 of them" in written


def test_a_list_without_suspects_and_a_weak_one(tmp_path):
    assert "No label stands out" in page(tmp_path)
    assert "box warn" in page(tmp_path, suspicion(), weak=True)
    assert "(no picture)" in page(tmp_path, suspicion())


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (Kind.MISSING, None, "No label here: the model says dog with confidence 0.90; 97% of detections like that"),
        (Kind.CLASS, "cat", "Labelled cat: the model says dog with confidence 0.90, and no cat here; 97%"),
        (Kind.MISPLACED, "dog", "The label overlaps the model's box by IoU 0.42; 0.86 is usual for dog:"),
    ],
)  # fmt: skip
def test_what_speaks_for_it(kind, given, told):
    assert why(kind, given, "dog", NUMBERS).startswith(told)


def test_the_row_of_a_rotated_box():
    row = label_row(1, (50.0, 50.0, 40.0, 20.0, 0.0), (100, 100)).split()
    assert [float(cell) for cell in row] == [1, 0.3, 0.4, 0.7, 0.4, 0.7, 0.6, 0.3, 0.6]

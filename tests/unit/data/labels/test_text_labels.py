"""Label files as text: what a file and its image tell together."""

from __future__ import annotations

from cats_and_dogs import check, jpeg, put


def test_boxes_below_a_pixel_of_their_image(data):
    put(data, "train", "a", jpeg(0), "0 0.5 0.5 0.001 0.2\n1 0.3 0.3 0.2 0.2\n")
    assert [problem.check for problem in check(data).problems] == ["label_tiny", "small_objects"]
    assert [problem.severity for problem in check(data).problems] == ["warning", "note"]


def test_utf_16_is_called_by_its_name(data):
    (data / "train/labels/train_a.txt").write_text("0 0.5 0.5 0.1 0.1\n", encoding="utf-16")
    (problem,) = check(data).blocking
    assert problem.what == "UTF-16 text"

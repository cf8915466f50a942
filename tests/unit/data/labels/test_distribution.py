"""Sizes of objects at the training's image size, and classes with few objects."""

from __future__ import annotations

from cats_and_dogs import check, jpeg, put


def test_sizes_are_those_at_the_training_size(data):
    # 320 x 240 at imgsz 640: a box of 0.2 x 0.4 is 64 x 96 px, 128 x 192 after the letterbox
    found = check(data, imgsz=640).distributions["train"]
    assert found.boxes == 6
    edges = found.to_json()["side_px"]["edges"]
    assert found.sides[edges.index(128)] == 3  # sqrt(128 * 192) = 156.8
    assert found.sides[edges.index(64)] == 3  # sqrt(128 * 96) = 110.9
    assert found.to_json()["image_sizes"] == [{"width": 320, "height": 240, "images": 3}]
    small = check(data, imgsz=32)
    assert {p.check for p in small.warnings} == {"small_objects"}


def test_a_class_that_is_rare_beside_others_is_noted(data):
    rows = "".join(f"0 0.5 {0.05 * row + 0.1:.2f} 0.5 0.04\n" for row in range(12))
    put(data, "train", "a", jpeg(0), rows)
    (problem,) = [found for found in check(data).problems if found.check == "class_rare"]
    assert problem.severity == "note"
    assert "'dog'" in problem.what
    assert not [found for found in check(data).problems if found.check == "class_rare" and "'cat'" in found.what]

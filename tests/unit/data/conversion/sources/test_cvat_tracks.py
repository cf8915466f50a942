"""CVAT's tracks through a film."""

from __future__ import annotations

import pytest
from label_sources import write_images

from yololab.data.conversion.labelled import LabelledImage
from yololab.data.conversion.sources.cvat import read_cvat
from yololab.data.conversion.sources.cvat_tracks import name_of
from yololab.data.conversion.sources.frames import match_frames
from yololab.data.conversion.sources.places import ImagePlaces
from yololab.errors import InputError

META = (
    "<meta><task><start_frame>0</start_frame><stop_frame>{last}</stop_frame><frame_filter>step={step}</frame_filter>"
    "<original_size><width>200</width><height>160</height></original_size></task></meta>"
)


def box(frame: int, left: int = 10, outside: int = 0) -> str:
    sides = f'xtl="{left}" ytl="10" xbr="{left + 20}" ybr="50"'
    return f'<box frame="{frame}" outside="{outside}" occluded="0" keyframe="1" {sides}/>'


def frames(tmp_path, shapes: str, last: int = 5, step: int = 1) -> dict[str, list[float]]:
    """Return the left side of each box, by the name of the frame."""
    file = tmp_path / "annotations.xml"
    track = f'<track id="0" label="cat">{shapes}</track>'
    file.write_text(f"<annotations>{META.format(last=last, step=step)}{track}</annotations>")
    source = read_cvat([file], tmp_path)
    assert source.frames
    return {image.name: [label.box[0] for label in image.labels] for image in source.images}


def test_a_shape_in_every_frame_is_taken_as_it_is(tmp_path):
    found = frames(tmp_path, box(0, 1) + box(1, 2) + box(2, 3, outside=1) + box(4, 9) + box(5, 9, outside=1))
    assert found == {name_of(n): left for n, left in enumerate([[1], [2], [], [], [9], []])}


def test_between_keyframes_boxes_move_on_a_straight_line_and_steps_are_no_gap(tmp_path):
    found = frames(tmp_path, box(0, 0) + box(3, 9) + box(5, 9, outside=1))
    assert list(found.values()) == [[0], [3], [6], [9], [9], []]
    found = frames(tmp_path, box(0, 0) + box(5, 4) + box(15, 8), last=15, step=5)
    assert found == {"frame_000000": [0], "frame_000005": [4], "frame_000010": [6], "frame_000015": [8]}


def test_what_cannot_be_worked_out_is_told(tmp_path):
    shape = '<polygon frame="{}" outside="0" points="1,1;9,1;9,9"/>'
    with pytest.raises(InputError, match="a polygon in frame 0 and again in 3, none between"):
        frames(tmp_path, shape.format(0) + shape.format(3))
    with pytest.raises(InputError, match="without a frame"):
        frames(tmp_path, shape.format("x"))


def test_images_of_other_names_are_the_frames_in_order_and_those_that_count_from_one_are_refused(tmp_path):
    images = [LabelledImage(f"frame_00000{n}", "", tmp_path) for n in range(3)]
    write_images(tmp_path, ("clip9.jpg", "clip10.jpg", "clip11.jpg"))
    assert "in the order of their names" in match_frames(images, ImagePlaces([tmp_path]))[0]
    assert [image.name for image in images] == ["clip9.jpg", "clip10.jpg", "clip11.jpg"]
    other = tmp_path / "other"
    write_images(other, [f"frame_00000{n}.png" for n in (1, 2, 3)])
    images = [LabelledImage(f"frame_00000{n}", "", other) for n in range(3)]
    with pytest.raises(InputError, match="they count from 1"):
        match_frames(images, ImagePlaces([other]))

"""Pictures: small, upright, with boxes where they belong."""

from __future__ import annotations

import base64
import io
import math
import os
from xml.etree import ElementTree

import pytest
from PIL import Image

from yololab.report.pictures import ROOM, SIDE, Album, Outline, Picture, corners, panel, thumbnail


def opened(uri: str) -> Image.Image:
    kind, data = uri.split(",", 1)
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_large_image_becomes_small(tmp_path):
    Image.new("RGB", (1200, 600)).save(tmp_path / "a.png")
    assert opened(thumbnail(tmp_path / "a.png")[0]).size == (SIDE, SIDE // 2)


def test_a_turned_image_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg", exif=exif)
    assert opened(thumbnail(tmp_path / "a.jpg")[0]).size == (100, 200)


@pytest.mark.parametrize("content", [None, b"", b"no image"])
def test_what_is_no_image_has_no_picture(tmp_path, content):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    assert thumbnail(tmp_path / "a.jpg") is None


def test_a_rotated_box_keeps_its_centre_and_sides():
    found = corners([10, 20, 6, 2, math.pi / 2])
    assert found == [pytest.approx(point) for point in [(11, 17), (11, 23), (9, 23), (9, 17)]]


@pytest.mark.parametrize("picture", [None, Picture("picture-0", "data:image/jpeg;base64,AAAA", (20, 10))])
def test_boxes_are_drawn_at_the_size_of_the_panel_with_their_labels(picture):
    boxes = [Outline([0, 0, 50, 100], "<cat> 0.9", "found")]
    root = ElementTree.fromstring(panel("Current", "1 found", picture, (200, 100), boxes))
    (drawn,) = root.iter("polygon")
    side = SIDE / 4
    assert drawn.get("points") == f"0.0,0.0 {side:.1f},0.0 {side:.1f},{2 * side:.1f} 0.0,{2 * side:.1f}"
    assert drawn.findtext("title") == root.findtext("svg/text") == "<cat> 0.9"
    assert root.find("svg").get("viewBox") == f"0 0 {SIDE:.1f} {SIDE / 2:.1f}"
    assert next(iter(root.find("svg"))).tag == ("use" if picture else "rect")


def test_tags_do_not_cover_each_other_and_wrong_boxes_are_on_top():
    boxes = [Outline([10, 10, 90, 90], f"cat {number}", "false" if number else "found") for number in range(4)]
    root = ElementTree.fromstring(panel("a", "b", None, (100, 100), boxes))
    assert [item.get("class") for item in root.iter("polygon")] == ["outline found", *["outline false"] * 3]
    heights = [float(item.get("y")) for item in root.iter("text")]
    assert len(heights) == 2
    assert abs(heights[0] - heights[1]) >= 13


def test_an_album_holds_each_picture_once_and_stops_when_it_is_full(tmp_path):
    album, noise = Album(), Image.effect_noise((600, 600), 200)
    noise.save(tmp_path / "a.png")
    first = album.of(tmp_path, "a.png")
    assert album.of(tmp_path, "a.png") is first
    assert album.definitions().count("<image") == 1
    for number in range(100):
        (tmp_path / f"{number}.png").symlink_to(tmp_path / "a.png")
        album.of(tmp_path, f"{number}.png")
    assert album.full
    assert album.of(tmp_path, "a.png") is first
    assert ROOM <= len(album.definitions()) < ROOM + 100_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_what_is_no_file_or_claims_to_be_large_has_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    Image.new("1", (9000, 9000)).save(tmp_path / "large.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("pipe.png", "large.png", "folder.png", "gone.png"):
        assert thumbnail(tmp_path / name) is None

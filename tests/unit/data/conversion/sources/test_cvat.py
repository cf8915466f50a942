"""Shapes of CVAT."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.data.conversion.sources.cvat import ellipse, read_cvat
from yololab.data.conversion.sources.xml_files import parse_xml
from yololab.errors import InputError


def labels(shapes: str, tmp_path, attributes: str = ""):
    file = tmp_path / "a.xml"
    image = f'<image name="a.jpg" width="100" height="50" {attributes}>{shapes}</image>'
    file.write_text(f"<annotations>\n{image}\n</annotations>")
    source = read_cvat([file], tmp_path)
    return source, source.images[0].labels


def test_every_shape(tmp_path):
    source, found = labels(
        '<box label="a" xtl="10" ytl="5" xbr="30" ybr="15" rotation="90"/>'
        '<polygon label="b" points="1,2;3,4;5,9"/>'
        '<ellipse label="b" cx="20" cy="20" rx="10" ry="5"/>'
        '<mask label="b" left="4" top="6" width="3" height="3" rle="0,9"/>'
        '<polyline label="b" points="1,2;3,4"/><cuboid label="b"/><polygon label="b" points="1,2;3,4"/>',
        tmp_path,
        'subset="Validation"',
    )
    box, polygon, oval, mask, line, cuboid, edge = found
    assert source.images[0].split == "val"
    assert np.allclose(sorted(box.corners.tolist()), [(15, 0), (15, 20), (25, 0), (25, 20)])
    assert polygon.polygons[0].tolist() == [[1, 2], [3, 4], [5, 9]]
    assert np.allclose([oval.polygons[0].min(axis=0), oval.polygons[0].max(axis=0)], [(10, 15), (30, 25)])
    assert sorted(mask.polygons[0].tolist()) == [[4, 6], [4, 8], [6, 6], [6, 8]]
    assert line.left_out == "polyline: a shape without an area"
    assert cuboid.left_out.startswith("cuboid: a shape of two faces")
    assert edge.left_out == "a polygon of one or two points"
    assert np.allclose(ellipse(0, 0, 2, 1, np.pi / 2).max(axis=0), (1, 2), atol=1e-9)


def test_a_skeleton_is_a_pose(tmp_path):
    joints = (
        '<points label="2" points="30,10" outside="0" occluded="1"/>'
        '<points label="1" points="10,20" outside="0" occluded="0"/>'
        '<points label="10" points="5,5" outside="1" occluded="0"/>'
    )
    source, (label,) = labels(f'<skeleton label="hand">{joints}</skeleton>', tmp_path)
    assert label.keypoints.tolist() == [[10, 20, 2], [30, 10, 1], [0, 0, 0]]
    assert label.box == (10, 10, 30, 20)
    assert source.keypoints == ("1", "2", "10")


def test_all_that_is_wrong_is_told_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"1 shape without numbers: line 2: xtl is 'x'") as caught:
        labels('<box label="a" xtl="x"/><polygon label="a" points=""/><mask label="a"/>', tmp_path)
    assert len(caught.value.problems) == 3


def test_an_external_entity_is_never_read():
    with pytest.raises(InputError, match="declares the entity"):
        parse_xml(b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>', "a.xml")

"""The rules of a label file; outcomes are those of Ultralytics 8.4.190's `verify_image_label` on the same text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.labels.label_rows import label_rules, read_rows
from yololab.data.labels.label_rules import check_label, check_rows
from yololab.data.problems import Severity

BOX = "0 0.5 0.5 0.2 0.2"


TRIANGLE = "1 0.1 0.1 0.3 0.1 0.3 0.3"


DETECT = label_rules("detect", nc=3)


def verdict_of(text, rules=DETECT):
    return check_label(text if isinstance(text, bytes) else text.encode(), rules)


def found(verdict):
    return [(finding.check, finding.line, finding.severity.value) for finding in verdict.findings]


SEGMENT, OBB, POSE = label_rules("segment", 3), label_rules("obb", 3), label_rules("pose", 3, (2, 3))


def check(root: Path, **settings) -> CheckReport:
    return check_dataset(load_dataset(root), "detect", settings=CheckSettings(**settings))


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("", ()),
        (" \n\n\t\n", ()),
        (BOX, (0,)),
        (f"{BOX}\n2.0 .1 1e-1 +0.05 1\n", (0, 2)),
        (f"\n\n  {BOX}\t\n\n1\t0.5 0.5  0.1 0.1", (0, 1)),
        (f"{TRIANGLE}\n0 0 0 1 0 1 1 0 1", (1, 0)),
        ("-0.0 0.5 0.5 0.1 0.1", (0,)),
    ],
)
def test_sound_files(text, classes):
    verdict = verdict_of(text)
    assert (verdict.classes, verdict.findings) == (classes, ())


@pytest.mark.parametrize("text", [f"{BOX}\n1 0.5 0.5 0.3 0.3\n", f"{TRIANGLE}\n{TRIANGLE}1\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_marks_and_line_ends_are_fine(text, line_end, mark):
    verdict = verdict_of(mark + text.replace("\n", line_end).encode())
    assert len(verdict.classes) == 2
    assert not verdict.findings


@pytest.mark.parametrize(
    ("row", "check", "text"),
    [
        ("0 0.5 0.5 0.2", "label_columns", "4 columns"),
        ("0 0.5 0.5 0.2 0.2 0.9", "label_columns", "6 columns"),
        ("0", "label_columns", "1 columns"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "label_columns", "8 columns"),
        ("0,0.5,0.5,0.2,0.2", "label_number", "'0,0.5,0.5,0.2,0.2'"),
        ("cat 0.5 0.5 0.2 0.2", "label_number", "'cat'"),
        ("0 0.5 nan 0.2 0.2", "label_number", "'nan'"),
        ("0 0.5 0.5 0.2 1e39", "label_number", "'1e39'"),
        ("-inf 0.5 0.5 0.2 0.2", "label_number", "'-inf'"),
        ("0\x00 0.5 0.5 0.2 0.2", "label_encoding", "bytes are zero"),
        ("3 0.5 0.5 0.2 0.2", "label_class", "class 3 of a dataset with the classes 0 to 2"),
        ("-1 0.5 0.5 0.2 0.2", "label_class", "class -1"),
        ("1.5 0.5 0.5 0.2 0.2", "label_class", "class 1.5 is not whole"),
        ("0 320 0.5 0.2 0.2", "label_range", "320 is outside"),
        ("0 0.5 1.011 0.2 0.2", "label_range", "1.011 is outside"),
        ("0 0.5 -0.011 0.2 0.2", "label_range", "-0.011 is outside"),
        ("0 0.5 0.5 -0.2 0.2", "label_size", "-0.2 x 0.2"),
        ("0 0.5 0.5 0.2 -0.001", "label_size", "0.2 x -0.001"),
    ],
)
def test_what_makes_ultralytics_drop_the_image_is_blocking(row, check, text):
    verdict = verdict_of(f"{BOX}\n\n{row}\n")
    blocking = [finding for finding in verdict.findings if finding.severity is Severity.BLOCKING]
    assert check in [finding.check for finding in blocking]
    finding = next(finding for finding in blocking if finding.check == check)
    assert finding.line == 3
    assert text in finding.what
    assert finding.remedy
    assert verdict.dropped
    assert verdict.classes == ()


@pytest.mark.parametrize(
    ("row", "check", "instances"),
    [
        ("1 1.01 0.5 0.2 0.2", "label_range", 2),
        ("1 0.5 -0.01 0.2 0.2", "label_range", 2),
        ("1 0.5 0.5 0 0.2", "label_size", 2),
        ("1 0.5 0.5 1e-46 0.2", "label_size", 2),
        (BOX, "label_duplicate", 1),
        ("0.0 .5 0.50 0.2 0.20000000001", "label_duplicate", 1),
    ],
)
def test_what_ultralytics_keeps_is_a_warning(row, check, instances):
    verdict = verdict_of(f"{BOX}\n{row}")
    assert found(verdict) == [(check, 2, "warning")]
    assert len(verdict.classes) == instances


def test_boxes_and_polygons_do_not_mix():
    assert found(verdict_of(f"{TRIANGLE}\n{BOX}\n")) == [("label_mixed", 2, "blocking")]
    assert found(verdict_of(f"{BOX}\n{TRIANGLE}\n")) == [("label_mixed", 1, "blocking")]


def test_polygons_are_judged_by_their_box():
    assert found(verdict_of("0 -0.3 0.1 0.9 0.1 0.9 0.3")) == [("label_range", 1, "blocking")], "1.2 wide"
    assert found(verdict_of("0 -0.1 0.1 0.3 0.1 0.3 0.3")) == [("label_range", 1, "warning")]
    assert found(verdict_of("0 0.1 0.1 0.1 0.2 0.1 0.3")) == [("label_size", 1, "warning")]
    assert verdict_of("0 -0.1 0.1 0.3 0.1 0.3 0.3").classes == (0,)


def test_polygons_with_the_same_box_are_no_duplicates():
    other = "1 0.1 0.1 0.1 0.3 0.3 0.3"
    assert not verdict_of(f"{TRIANGLE}\n{other}").findings
    assert found(verdict_of(f"{TRIANGLE}\n{other}\n{TRIANGLE}")) == [("label_duplicate", 3, "warning")]


def test_one_finding_a_rule_names_the_other_lines():
    (finding,) = verdict_of("\n".join(f"7 0.5 0.5 0.1 0.{height}" for height in range(20, 35))).findings
    assert finding.line == 1
    assert finding.what.endswith("also in line 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 4 more")


def test_several_rules_at_once():
    checks = {
        finding.check for finding in verdict_of(f"9 0.5 0.5 0.1 0.1\n0 2 0.5 0.1 0.1\nx 0 0 0 0\n{BOX}\n{BOX}").findings
    }
    assert checks == {"label_class", "label_range", "label_number", "label_duplicate"}


@pytest.mark.parametrize("content", [BOX.encode("utf-16"), b"0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2 \xe9"])
def test_other_encodings_are_blocking(content):
    verdict = verdict_of(content)
    assert [finding.check for finding in verdict.findings] == ["label_encoding"]
    assert verdict.dropped


def test_single_cls_has_no_upper_class_and_makes_all_zero():
    rules = label_rules("detect", nc=1, single_cls=True)
    assert verdict_of("7 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.2 0.2", rules).classes == (0, 0)
    assert verdict_of("-1 0.5 0.5 0.1 0.1", rules).dropped


def test_visibility_is_no_coordinate():
    assert not verdict_of(f"{BOX} 0.1 0.1 2 0.9 0.9 1", label_rules("pose", 3, (2, 3))).findings
    assert found(verdict_of(f"{BOX} 0.1 0.1 0.9 1.005", label_rules("pose", 3, (2, 2)))) == [
        ("label_range", 1, "warning")
    ]


@pytest.mark.heavy
def test_the_fast_path_agrees_with_the_rules():
    rng = random.Random(0)
    odd = ["0", "1", "1.001", "1.02", "-0.001", "-1", "nan", "inf", "x", "0.50"]
    clean = dirty = 0
    for _ in range(4000):
        rows = [
            " ".join(
                [rng.choice("0123"[: rng.choice([3, 3, 4])])]
                + [rng.choice(odd) if rng.random() < 0.03 else f"0.{rng.randrange(1, 99):02}" for _ in range(4)]
            )
            for _ in range(rng.randrange(4))
        ]
        text = "\n".join(rows + rows[: rng.random() < 0.1])
        for rules in (DETECT, label_rules("detect", 2, single_cls=True)):
            fast, slow = verdict_of(text, rules), check_rows(read_rows(text, rules), rules)
            assert fast == slow, text
            clean += not slow.findings
            dirty += bool(slow.findings)
    assert min(clean, dirty) > 500


@pytest.mark.parametrize(
    ("row", "findings"),
    [
        ("0 0.1 0.1 0.5 0.1 0.5 0.5", []),
        ("0 0.1 0.1 0.5 0.5 0.5 0.1 0.1 0.5", []),  # touches itself
        ("0 0.1 0.1 0.3 0.3 0.5 0.5", [("label_area", 1, "warning")]),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1", [("label_size", 1, "warning")]),
        ("0 0.1 0.1 0.5 0.1 0.7 0.1", [("label_size", 1, "warning")]),
        ("0 0.1 0.1 1.004 0.1 0.5 0.5", [("label_range", 1, "warning")]),
        ("0 -0.2 0.1 0.5 0.1 0.5 0.5", [("label_range", 1, "warning")]),
        ("0 1.2 0.1 1.3 0.1 1.3 0.5", [("label_range", 1, "blocking")]),
        ("0 0.1 0.1 0.5 0.1", [("label_columns", 1, "blocking")]),
        ("0 0.1 0.1 0.5 0.1 0.5", [("label_columns", 1, "blocking")]),
    ],
)
def test_polygons(row, findings):
    assert found(verdict_of(row, SEGMENT)) == findings


def test_a_polygon_far_outside_is_not_called_a_little_outside():
    (finding,) = verdict_of("0 -0.2 0.1 0.5 0.1 0.5 0.5", SEGMENT).findings
    assert finding.what == "-0.2 is outside 0 to 1"


@pytest.mark.parametrize(
    ("row", "findings"),
    [
        ("0 0.1 0.2 0.3 0.1 0.4 0.3 0.2 0.4", []),
        ("0 -0.1 0.2 0.3 0.1 0.4 0.3 0.2 0.4", []),  # cut by the border, its centre inside
        ("0 -0.5 0.2 0.1 0.1 0.1 0.3 -0.5 0.4", [("label_range", 1, "blocking")]),
        ("0 0.1 0.1 0.3 0.3 0.3 0.3 0.1 0.1", [("label_area", 1, "warning")]),
        ("0 0.1 0.2 0.3 0.1 0.4 0.3", [("label_corners", 1, "note")]),
        ("0 0.5 0.5 0.1 0.1", [("label_columns", 1, "blocking")]),
    ],
)
def test_rotated_boxes(row, findings):
    assert found(verdict_of(row, OBB)) == findings


@pytest.mark.parametrize(
    ("points", "findings"),
    [
        ("0.4 0.4 2 0.6 0.6 1", []),
        ("0.4 0.4 2 0 0 0", []),
        ("0 0 0 0 0 0", []),
        ("0.4 0.4 3 0.6 0.6 1", [("keypoint_visibility", 1, "warning")]),
        ("0.4 0.4 0.5 0.6 0.6 1", [("keypoint_visibility", 1, "warning")]),
        ("0.4 0.4 2 0 0 2", [("keypoint_origin", 1, "warning")]),
        ("0.4 0.4 2 0.6 0.6", [("label_columns", 1, "blocking")]),
        ("0.4 0.4 2 0.6 1.2 1", [("label_range", 1, "blocking")]),
    ],
)
def test_keypoints(points, findings):
    assert found(verdict_of(f"{BOX} {points}", POSE)) == findings


def test_keypoints_of_two_values_at_the_origin_count_as_labelled():
    rules = label_rules("pose", 3, (2, 2))
    assert found(verdict_of(f"{BOX} 0.4 0.4 0 0", rules)) == [("keypoint_origin", 1, "warning")]
    assert found(verdict_of(f"{BOX} 0.4 0.4 -0.01 -0.01", rules)) == [("label_range", 1, "warning")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0.5 0.5 1 1", [("label_whole_image", 1)]),
        ("0 0.5 0.5 0.2 0.2\n\n0 0.502 0.5 0.2 0.2", [("label_overlap", 3)]),
        ("0 0.5 0.5 0.2 0.2\n1 0.502 0.5 0.2 0.2", []),
        ("0 0.5 0.5 0.2 0.2\n0 0.55 0.5 0.2 0.2", []),
        ("0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2", [("label_duplicate", 2)]),
    ],
)
def test_boxes_that_look_like_a_slip(text, expected):
    verdict = check_label(text.encode(), label_rules("detect", 2))
    assert [(finding.check, finding.line) for finding in verdict.findings] == expected

"""Pairing of detections and labels, sizes, error types, and the images that changed."""

from __future__ import annotations

import numpy as np
import pytest
from matching_samples import pair_up

from yololab.statistics.diagnosis.error_types import TYPES, error_types
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.detections import ImageRecord, pack_records
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare

THRESHOLDS = np.array([0.5 + 0.05 * step for step in range(10)])


@pytest.fixture(scope="module", autouse=True)
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("errors")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


def scene(labels, detections, key="a", size=(400, 400)):
    """An image: labels as (class, x, y, side), detections as (class, confidence, x, y, side)."""
    truth = np.array([[x, y, x + s, y + s] for _, x, y, s in labels], float).reshape(-1, 4)
    boxes = np.array([[x, y, x + s, y + s] for _, _, x, y, s in detections], float).reshape(-1, 4)
    classes = np.array([item[0] for item in detections], float)
    targets = np.array([item[0] for item in labels], float)
    iou = overlaps(truth, boxes) * (targets[:, None] == classes[None])
    flags = pair_up(iou, THRESHOLDS) >= 0
    confidence = np.array([item[1] for item in detections], float)
    return ImageRecord(key, size, classes, confidence, boxes, {"box": flags}, targets, truth)


def records_of(*images):
    names = {0: "cat", 1: "dog"}
    header = RecordsHeader(names=names, task="detect", split="val", label_fingerprint="", protocol={}, ultralytics="")
    return pack_records(images, header)


GOOD = [(0, 10, 10, 100), (0, 200, 200, 100)]


RIGHT = [(0, 0.9, 10, 10, 100), (0, 0.8, 200, 200, 100)]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "labels", "detections", "delta"),
    [
        # one right and one wrong detection of two labels: AP 0.01 · 50 − 0.005 = 0.495; mended 0.995
        ("localisation", GOOD, [RIGHT[0], (0, 0.8, 260, 200, 100)], 0.5),
        ("classification", GOOD, [RIGHT[0], (1, 0.8, 200, 200, 100)], 0.5),
        ("missed", GOOD, [RIGHT[0]], 0.5),
        # a wrong detection before the two right ones: precision 2/3 all along, 0.995 without it
        ("duplicate", GOOD, [(0, 0.95, 10, 10, 100), (0, 0.93, 12, 10, 100), RIGHT[1]], None),
        ("background", GOOD, [(0, 0.95, 350, 10, 40), *RIGHT], 0.995 * (1 - 2 / 3)),
        ("both", [*GOOD, (1, 10, 200, 100)], [(0, 0.95, 60, 200, 100), *RIGHT, (1, 0.9, 10, 200, 100)], None),
    ],
)
def test_one_error_of_each_type(name, labels, detections, delta):
    found = error_types(records_of(scene(labels, detections)))
    assert {kind: entry.count for kind, entry in found.items()} == {kind: int(kind == name) for kind in TYPES}
    assert found[name].delta_ap > 0
    if delta is not None:
        assert found[name].delta_ap == pytest.approx(delta, abs=1e-9)
    assert all(entry.delta_ap == 0 for kind, entry in found.items() if kind != name)


@pytest.mark.torch
def test_without_errors_nothing_is_worth_anything():
    found = error_types(records_of(scene(GOOD, RIGHT)))
    assert all((entry.count, entry.delta_ap) == (0, 0.0) for entry in found.values())


@pytest.mark.torch
def test_without_labels_the_worth_is_unknown():
    found = error_types(records_of(scene([], [(0, 0.9, 10, 10, 50)])))
    assert found["background"].count == 1
    assert found["background"].delta_ap is None


@pytest.mark.torch
def test_a_label_that_is_found_is_not_taken_by_a_worse_placed_detection():
    """As tidecv has it: the surer detection, badly placed, goes, and the true positive stays where it is."""
    loose, tight, false = (0, 0.9, 60, 10, 100), (0, 0.6, 10, 10, 100), (0, 0.7, 350, 350, 40)
    found = error_types(records_of(scene(GOOD[:1], [loose, false, tight])))
    assert {kind: entry.count for kind, entry in found.items() if entry.count} == {"localisation": 1, "background": 1}
    # Precision at the one label: 1/3 of three detections, 1/2 without the loose one.
    assert found["localisation"].delta_ap == pytest.approx(0.995 * (1 / 2 - 1 / 3))


@pytest.mark.torch
def test_a_label_is_mended_once_whichever_kind_of_error_points_at_it():
    """The surer one of another class would take it: mending where the other one lies is worth nothing more."""
    other_class, loose = (1, 0.9, 10, 10, 100), (0, 0.8, 60, 10, 100)
    found = error_types(records_of(scene(GOOD[:1], [other_class, loose])))
    assert {kind: entry.count for kind, entry in found.items() if entry.count} == {
        "classification": 1,
        "localisation": 1,
    }
    assert found["classification"].delta_ap == pytest.approx(0.995)
    assert found["localisation"].delta_ap == 0


# tidecv 1.0.1 on the scenes of `drawn`, `TIDE().evaluate(…, mode=TIDE.BOX)`: how many, and dAP in percent points.
TIDECV = {
    "classification": (20, 5.91),
    "localisation": (104, 21.45),
    "both": (24, 1.19),
    "duplicate": (36, 1.37),
    "background": (77, 1.87),
    "missed": (44, 7.86),
}


def drawn(seed: int) -> list[ImageRecord]:
    rng, images = np.random.default_rng(seed), []
    for number in range(60):
        labels = [
            (int(rng.integers(0, 2)), *rng.uniform(0, 200, 2), float(np.exp(rng.uniform(2.5, 5.2))))
            for _ in range(rng.integers(1, 6))
        ]
        found = []
        for index, x, y, side in labels:
            for _ in range(rng.integers(0, 4)):
                dx, dy = rng.normal(0, side * rng.choice([0.03, 0.2, 0.4]), 2)
                seen = index if rng.random() < 0.85 else 1 - index
                found.append((seen, float(np.float32(rng.beta(3, 2))), x + dx, y + dy, side * rng.uniform(0.8, 1.2)))
        for _ in range(rng.integers(0, 4)):
            seen, confidence = int(rng.integers(0, 2)), float(np.float32(rng.beta(1.5, 3)))
            found.append((seen, confidence, *rng.uniform(0, 300, 2), float(rng.uniform(8, 120))))
        images.append(scene(labels, sorted(found, key=lambda item: -item[1]), f"{number:02}"))
    return images


@pytest.mark.torch
def test_errors_against_tidecv():
    found = error_types(records_of(*drawn(3)))
    assert {name: entry.count for name, entry in found.items()} == {name: count for name, (count, _) in TIDECV.items()}
    for name, (_, worth) in TIDECV.items():
        assert 100 * found[name].delta_ap == pytest.approx(worth, abs=0.3), name


@pytest.mark.torch
def test_mending_never_costs():
    rng = np.random.default_rng(3)
    images = []
    for number in range(30):
        labels = [(int(rng.integers(0, 2)), *rng.uniform(0, 200, 2), rng.uniform(20, 120)) for _ in range(4)]
        shaken = [
            (int(rng.integers(0, 2)), rng.random(), x + rng.normal(0, 25), y + rng.normal(0, 25), s)
            for _, x, y, s in labels * 3
        ]
        images.append(scene(labels, sorted(shaken, key=lambda item: -item[1]), f"{number:02}"))
    found = error_types(records_of(*images))
    assert sum(entry.count for entry in found.values()) > 100
    assert all(entry.delta_ap >= 0 for entry in found.values())

"""Planted errors are found, whatever the model and the data are like, and the scores say how many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from label_samples import detected, found_among, planted

from yololab.statistics.diagnosis.labels.suspects import Kind, image_suspects, label_suspects
from yololab.statistics.records.base import RecordsHeader
from yololab.statistics.records.classification import ClassifiedImage, pack_classified
from yololab.statistics.records.detections import pack_flags


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_planted_errors_come_first_and_their_number_is_known(rng):
    records, errors = planted(detected(rng), rng)
    suspects = label_suspects(records).suspects
    first = suspects[:60]
    hits = found_among(records, first, errors)
    assert len(hits) >= 38
    assert Counter(errors[number][0] for number in hits).keys() == {"missing", "class", "misplaced"}
    assert 25 < sum(item.score for item in suspects) < 54  # of 45: rather too few than too many
    likely = [item.score for item in suspects if item.score >= 0.5]
    assert likely == sorted(likely, reverse=True) == [item.score for item in suspects[: len(likely)]]
    for kind in Kind:
        scores = [item.score for item in suspects if item.kind is kind]
        assert scores == sorted(scores, reverse=True)
    turns = [item.kind for item in suspects[len(likely) : len(likely) + 9]]
    assert Counter(turns) == dict.fromkeys(Kind, 3)
    labels = [item.label for item in suspects if item.label is not None]
    assert len(set(labels)) == len(labels)
    assert len({item.detection for item in suspects}) == len(suspects)


def test_right_labels_and_a_good_model_leave_little_to_suspect(rng):
    assert sum(item.score for item in label_suspects(detected(rng)).suspects) < 6


def test_a_weak_model_knows_that_it_is_weak(rng):
    weak = label_suspects(detected(rng, skill=-2.5, nothing=-1))
    assert sum(item.score for item in weak.suspects[:100]) < 10
    assert label_suspects(detected(rng, skill=-4, nothing=-1)).known < 0.5 < label_suspects(detected(rng)).known


@pytest.mark.parametrize("kind", ["missing", "class", "misplaced"])
def test_each_kind_alone(rng, kind):
    records, errors = planted(detected(rng), rng, each=30, kinds=(kind,))
    assert len(found_among(records, label_suspects(records).suspects[:45], errors)) >= 24


def test_one_class_has_no_wrong_ones(rng):
    records, errors = planted(detected(rng, classes=1), rng, kinds=("missing", "misplaced"))
    suspects = label_suspects(records).suspects
    assert len(found_among(records, suspects[:40], errors)) >= 24
    assert Kind.CLASS not in {item.kind for item in suspects}


def test_classes_that_the_model_takes_for_each_other_are_not_suspected(rng):
    confusable, clear = (label_suspects(detected(rng, confused=share)).suspects for share in (0.6, 0.03))
    assert all(item.score < 0.5 for item in confusable if item.kind is Kind.CLASS)
    assert all(item.score < 0.5 for item in clear if item.kind is Kind.CLASS)


def test_a_second_detection_of_a_labelled_object_is_no_missing_label(rng):
    records = detected(rng)
    twice = np.repeat(np.arange(len(records.confidence)), 2)
    doubled = replace(
        records,
        detections=records.detections * 2,
        classes=records.classes[twice],
        confidence=records.confidence[twice],
        boxes=records.boxes[twice],
        flags={"box": pack_flags(np.zeros((len(twice), 10), bool))},
    )
    assert sum(item.score for item in label_suspects(doubled).suspects) < 8


def test_a_rare_class_is_judged_like_the_others_until_it_has_shown_otherwise(rng):
    records = detected(rng, classes=2)
    rare = rng.choice(len(records.truth_class), 4, replace=False)
    label_class = records.truth_class.copy()
    label_class[rare] = 2  # labels of a class that the model never says
    suspects = label_suspects(replace(records, truth_class=label_class)).suspects
    assert {item.label for item in suspects[:12]} >= set(rare.tolist())


@pytest.mark.parametrize("part", ["detections", "labels", "images"])
def test_nothing_is_suspected_of_nothing(rng, part):
    records = detected(rng, images=3)
    none = np.zeros(0, np.int64)
    if part != "labels":
        records = records.chosen(np.zeros(len(records.confidence), bool))
    if part != "detections":
        records = replace(
            records, truth_image=none.astype(np.uint32), truth_class=none.astype(np.uint8), truth_boxes=np.zeros((0, 4))
        )
    suspects = label_suspects(records).suspects
    assert sum(item.score for item in suspects) < 2


def test_rotated_boxes(rng):
    records, errors = planted(detected(rng), rng, kinds=("missing", "class"))

    def turned(boxes):
        size = boxes[:, 2:] - boxes[:, :2]
        return np.hstack([(boxes[:, :2] + boxes[:, 2:]) / 2, size, np.full((len(boxes), 1), 0.3)]).astype(np.float32)

    rotated = replace(records, boxes=turned(records.boxes), truth_boxes=turned(records.truth_boxes))
    first = label_suspects(rotated).suspects[:45]
    assert len(found_among(records, first, errors)) >= 24


def test_images_of_the_wrong_class(rng):
    count, wrong = 600, set(range(20))
    images = []
    for number in range(count):
        true = int(rng.integers(0, 3))
        said = true if rng.random() < 0.95 else (true + 1) % 3
        sure = rng.uniform(0.8, 1.0) if said == true else rng.uniform(0.35, 0.8)
        target = (true + 1) % 3 if number in wrong else true
        rest = [index for index in range(3) if index != said]
        images.append(ClassifiedImage(f"{number:04}.png", target, np.array([said, *rest]), float(sure)))
    names = {0: "cat", 1: "dog", 2: "owl"}
    header = RecordsHeader(
        names=names, task="classify", split="val", label_fingerprint="", protocol={}, ultralytics="8.4.190"
    )
    records = pack_classified(images, header)
    suspects = image_suspects(records).suspects
    assert len({item.image for item in suspects[:25]} & wrong) >= 17
    assert all(item.label is None and item.kind is Kind.CLASS for item in suspects)
    assert image_suspects(pack_classified([], header)).known is None

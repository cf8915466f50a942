"""Anybody's detections as an evaluation, from the files on."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pytest
from coco_samples import detections_of, labels_of, write_dataset, write_instances, write_results

from yololab.comparison.comparability import pairing_problems
from yololab.data.conversion.detections import read_detections
from yololab.data.conversion.ground_truth import read_coco_truth, read_yolo_truth
from yololab.data.dataset.layout import load_dataset
from yololab.errors import InputError
from yololab.job.standalone.box_evaluation import Rules, as_detections, evaluated, truth_of
from yololab.statistics.records.detections import BOX


@pytest.mark.torch
def test_the_numbers_of_a_coco_evaluation_from_its_files(tmp_path):
    from faster_coco_eval import COCO, COCOeval_faster

    labels = labels_of()
    path = write_instances(tmp_path / "x.json", labels)
    content = json.loads(path.read_text())
    for place, row in enumerate(content["annotations"]):
        row["iscrowd"], row["area"] = int(place % 9 == 0), row["area"] * 0.7
    path.write_text(json.dumps(content))
    results = write_results(tmp_path / "r.json", detections_of(labels))
    with redirect_stdout(io.StringIO()):
        reference = COCO(str(path))
        evaluation = COCOeval_faster(reference, reference.loadRes(str(results)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    truth = read_coco_truth(path)
    records, found = evaluated(truth, read_detections(results, truth), Rules("coco"))
    assert list(found["definitions"]["coco"].values()) == pytest.approx(
        [None if value == -1 else value for value in evaluation.stats[:12]], abs=1e-9
    )
    assert found["mAP50-95"] == found["definitions"]["coco"]["AP"]
    assert found["mAP50-95"] != found["definitions"]["ultralytics"]["mAP50-95"]
    assert records.ignored is not None
    assert np.mean([values["AP50-95"] for values in found["per_class"].values()]) == pytest.approx(found["mAP50-95"])


def test_labels_of_every_form_pair_and_others_do_not(tmp_path):
    labels = labels_of()
    yolo = read_yolo_truth(load_dataset(write_dataset(tmp_path, labels)), "val")
    coco = read_coco_truth(write_instances(tmp_path / "x.json", labels)).named_as(yolo.keys, yolo.names, yolo.root)
    results = write_results(tmp_path / "r.json", detections_of(labels))
    found = read_detections(results, coco)
    ours, numbers = evaluated(yolo, found, Rules(split="val"))
    theirs, same = evaluated(coco, found, Rules(split="val"))
    assert pairing_problems(ours, theirs) == []
    assert numbers["mAP50-95"] == pytest.approx(same["mAP50-95"], abs=1e-3)
    boxes = theirs.truth_boxes.copy()
    boxes[0, 2] += 1
    (problem,) = pairing_problems(ours, replace(theirs, truth_boxes=boxes, label_fingerprint="other"))
    assert problem.found == "1 images have other labels in the baseline (val/images/000.png)"
    (problem,) = pairing_problems(ours, evaluated(coco, found, Rules("coco"))[0])
    assert "by COCO's rules" in problem.found


def test_an_evaluation_of_ours_is_measured_again_from_its_boxes(tmp_path):
    labels = labels_of()
    truth = read_coco_truth(write_instances(tmp_path / "x.json", labels))
    found = read_detections(write_results(tmp_path / "r.json", detections_of(labels)), truth)
    first, numbers = evaluated(truth, found, Rules())
    again, same = evaluated(truth, as_detections(first, truth), Rules())
    assert same["mAP50-95"] == pytest.approx(numbers["mAP50-95"], abs=2e-3)  # boxes are kept to 1/16 px
    assert truth_of(first, tmp_path).names == truth.names
    other = replace(truth, keys=(*truth.keys[:-1], "z.png"))
    with pytest.raises(InputError, match="2 images are on one side alone"):
        as_detections(again, other)
    with pytest.raises(InputError, match="no label"):
        evaluated(truth.with_labels(np.zeros(0, np.int64)), found, Rules())


def test_what_the_protocol_leaves_out_does_not_count(tmp_path):
    labels = labels_of(6)
    truth = read_coco_truth(write_instances(tmp_path / "x.json", labels))
    found = read_detections(write_results(tmp_path / "r.json", detections_of(labels)), truth)
    records, _ = evaluated(truth, found, Rules(confidence=0.4, most=1))
    assert records.detections.tolist() == [1] * 6
    assert records.confidence.min() >= 0.4
    assert records.flags[BOX].any()


def test_equal_confidences_have_an_order_that_the_file_has_no_part_in(tmp_path):
    """Of the COCO numbers pycocotools' is kept, which is the file's."""
    labels = labels_of()
    truth = read_coco_truth(write_instances(tmp_path / "x.json", labels))
    rows = [row | {"score": round(row["score"], 1)} for row in detections_of(labels)]
    shuffled = [rows[place] for place in np.random.default_rng(1).permutation(len(rows)).tolist()]
    found = [read_detections(write_results(tmp_path / "r.json", one), truth) for one in (rows, shuffled)]
    (ours, numbers), (theirs, same) = (evaluated(truth, one, Rules()) for one in found)
    assert numbers["mAP50-95"] == same["mAP50-95"]
    assert all(np.array_equal(value, theirs.arrays()[name]) for name, value in ours.arrays().items())

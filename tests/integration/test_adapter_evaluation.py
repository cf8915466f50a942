"""Our evaluation against Ultralytics' own, with detections that are partly right."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matching_samples import pair_up, same_class

from yololab.errors import InputError
from yololab.files.predictions import read_arrays, write_arrays
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.statistics.records.arrays import from_arrays, to_arrays
from yololab.ultralytics_adapter.validation import evaluation as evaluation_module
from yololab.ultralytics_adapter.validation.confusion import Confusion
from yololab.ultralytics_adapter.validation.evaluation import Protocol, evaluate

PROTOCOL = Protocol(imgsz=64, batch=3)
SOURCES = {
    "mAP50": "metrics/mAP50(B)",
    "mAP50-95": "metrics/mAP50-95(B)",
    "precision": "metrics/precision(B)",
    "recall": "metrics/recall(B)",
}


def noisy_truth(batch, classes):
    """Detections of each image: its labels moved a little, some with a wrong class, and some out of nowhere."""
    predictions = []
    size = batch["img"].shape[2]
    for index, file in enumerate(batch["im_file"]):
        rng = np.random.default_rng(zlib.crc32(Path(file).name.encode()) + len(Path(file).parts))
        boxes = batch["bboxes"][batch["batch_idx"] == index].cpu().numpy() * size
        labels = batch["cls"][batch["batch_idx"] == index].reshape(-1).cpu().numpy()
        boxes = np.repeat(boxes, 3, axis=0) + rng.normal(0, 1.5, (len(boxes) * 3, 4))
        labels = np.where(
            rng.random(len(labels) * 3) < 0.2, rng.integers(0, classes, len(labels) * 3), labels.repeat(3)
        )
        extra = rng.uniform(5, size - 5, (4, 4))
        extra[:, 2:] = 12
        boxes, labels = np.concatenate([boxes, extra]), np.concatenate([labels, rng.integers(0, classes, 4)])
        order = rng.permutation(len(boxes))
        corners = np.column_stack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])[order]
        confidence = np.sort(rng.random(len(boxes)))[::-1].copy()
        predictions.append(
            {
                "bboxes": torch.tensor(corners, dtype=torch.float32),
                "conf": torch.tensor(confidence, dtype=torch.float32),
                "cls": torch.tensor(labels[order], dtype=torch.float32),
                "extra": torch.zeros(len(boxes), 0),
            }
        )
    return predictions


class Oracle:
    """Puts the noisy truth in the place of what a model of ours would find."""

    def update_metrics(self, preds, batch):
        super().update_metrics(noisy_truth(batch, 2), batch)


@pytest.fixture
def oracle(monkeypatch):
    """Our validator and Ultralytics', both told the noisy truth."""
    from ultralytics.models.yolo.detect.val import DetectionValidator

    from yololab.ultralytics_adapter.validation import validators

    ours = type("Ours", (Oracle, validators.DetectValidator), {})
    monkeypatch.setitem(validators.VALIDATORS, ("detect", "yolo"), ours)
    return type("Theirs", (Oracle, DetectionValidator), {})


@pytest.fixture
def ours(prepared, tiny_dataset, logged):
    def run(model, protocol=PROTOCOL, dataset=tiny_dataset, **keywords):
        return evaluate(model, dataset.yaml, dataset.root, protocol, device="cpu", threads=1, **keywords)

    return run


@pytest.fixture
def theirs(prepared, tiny_dataset, logged, tmp_path):
    def run(model, protocol=PROTOCOL, dataset=tiny_dataset, validator=None):
        from ultralytics import YOLO

        arguments = {name: getattr(protocol, name) for name in Protocol.__dataclass_fields__}
        arguments["classes"] = None if protocol.classes is None else list(protocol.classes)
        return YOLO(str(model)).val(
            data=str(dataset.yaml),
            device="cpu",
            plots=False,
            validator=validator,
            save_dir=str(tmp_path / "val"),
            **arguments,
        )

    return run


def assert_same_numbers(evaluation, metrics):
    for name, source in SOURCES.items():
        assert evaluation.metrics[name] == pytest.approx(metrics.results_dict[source], abs=1e-6)
    assert evaluation.fitness == pytest.approx(metrics.fitness, abs=1e-6)
    present = {int(index): place for place, index in enumerate(metrics.ap_class_index)}
    for index, values in evaluation.per_class.items():
        if index in present:
            precision, recall, ap50, ap = metrics.class_result(present[index])
            assert values["precision"] == pytest.approx(precision, abs=1e-6)
            assert values["recall"] == pytest.approx(recall, abs=1e-6)
            assert values["AP50"] == pytest.approx(ap50, abs=1e-6)
            assert values["AP50-95"] == pytest.approx(ap, abs=1e-6)


@pytest.mark.parametrize(
    "change",
    [{}, {"rect": False}, {"batch": 1}, {"single_cls": True}, {"conf": 0.3}, {"classes": (1,)}, {"nms": False}],
    ids=str,
)
def test_a_trained_model_has_ultralytics_numbers(ours, theirs, micro_run, change):
    protocol = replace(PROTOCOL, **change)
    evaluation, metrics = ours(micro_run.best, protocol), theirs(micro_run.best, protocol)
    assert_same_numbers(evaluation, metrics)
    assert evaluation.metrics["mAP50"] > 0.5
    assert evaluation.protocol == protocol
    assert evaluation.changes == {}


def test_partly_right_detections_have_ultralytics_numbers(ours, theirs, tiny_checkpoint, oracle):
    evaluation = ours(tiny_checkpoint)
    assert_same_numbers(evaluation, theirs(tiny_checkpoint, validator=oracle))
    assert 0.05 < evaluation.metrics["mAP50-95"] < 0.95
    assert evaluation.metrics["mAP50-95"] < evaluation.metrics["mAP50"]


def test_the_records_give_the_same_numbers_again(ours, tiny_checkpoint, oracle, tmp_path):
    from ultralytics.utils.metrics import ap_per_class

    evaluation = ours(tiny_checkpoint)
    write_arrays(tmp_path / "predictions.npz", to_arrays(evaluation.records))
    records = from_arrays(read_arrays(tmp_path / "predictions.npz"))
    results = ap_per_class(records.tp_matrix(), records.confidence, records.classes, records.truth_class.astype(float))
    precision, recall, ap = results[2], results[3], results[5]
    assert ap.mean() == pytest.approx(evaluation.metrics["mAP50-95"], abs=1e-6)
    assert ap[:, 0].mean() == pytest.approx(evaluation.metrics["mAP50"], abs=1e-6)
    assert precision.mean() == pytest.approx(evaluation.metrics["precision"], abs=1e-6)
    assert recall.mean() == pytest.approx(evaluation.metrics["recall"], abs=1e-6)
    assert records.protocol["imgsz"] == 64
    assert records.names == {0: "green", 1: "red"}


def test_point_metrics_of_real_records_are_ultralytics_numbers(ours, micro_run):
    evaluation = ours(micro_run.best)
    found = point_metrics(rank_classes(evaluation.records))
    for name, value in found.means.items():
        assert value == pytest.approx(evaluation.metrics[name], abs=1e-9), name
    for place, index in enumerate(found.classes):
        row = evaluation.per_class[index]
        assert found.ap[place].mean() == pytest.approx(row["AP50-95"], abs=1e-9)
        assert (found.precision[place], found.recall[place]) == pytest.approx(
            (row["precision"], row["recall"]), abs=1e-9
        )


def test_boxes_of_the_records_lie_in_the_image_files(ours, micro_run):
    """Pairing the recorded boxes again, in pixels of the image files, gives the recorded true positives."""
    records = ours(micro_run.best).records
    first, labels = records.offsets, records.truth_offsets
    same = []
    for place in range(len(records.keys)):
        part, truth = slice(first[place], first[place + 1]), slice(labels[place], labels[place + 1])
        iou = overlaps(records.truth_boxes[truth], records.boxes[part])
        iou *= same_class(records.truth_class[truth], records.classes[part])
        same.append((pair_up(iou, np.asarray(records.iou_thresholds)) >= 0) == records.tp_matrix()[part])
    assert np.concatenate(same).mean() > 0.995
    assert (records.boxes.max(axis=0) <= np.tile(records.sizes.max(axis=0), 2)).all()


def test_map_agrees_with_coco_on_the_same_boxes(ours, micro_run):
    """faster-coco-eval: the mean of 101 precisions at `recall ≥ r` instead of the area under the interpolated curve.

    The end correction of the trapezoid is at most 0.005; a step at a recall that is itself one of the 101 counts one
    place earlier, at most 0.01 a class.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    evaluation = ours(micro_run.best)
    records = evaluation.records
    own = [
        {"image_id": int(image) + 1, "category_id": int(index) + 1, "bbox": as_xywh(box), "score": float(confidence)}
        for image, index, box, confidence in zip(
            records.image, records.classes, records.boxes, records.confidence, strict=True
        )
    ]
    truth = {
        "images": [{"id": place + 1, "width": int(w), "height": int(h)} for place, (w, h) in enumerate(records.sizes)],
        "categories": [{"id": index + 1, "name": name} for index, name in records.names.items()],
        "annotations": [
            {"id": row + 1, "image_id": int(image) + 1, "category_id": int(index) + 1, "iscrowd": 0,
             "bbox": as_xywh(box), "area": as_xywh(box)[2] * as_xywh(box)[3]}
            for row, (image, index, box) in enumerate(
                zip(records.truth_image, records.truth_class, records.truth_boxes, strict=True)
            )
        ],
    }  # fmt: skip
    reference = COCO(truth)
    coco = COCOeval_faster(reference, reference.loadRes(own), "bbox")
    coco.params.maxDets = [1, 10, 300]
    coco.evaluate()
    coco.accumulate()
    precision = coco.eval["precision"][:, :, :, 0, -1]
    assert precision[precision > -1].mean() == pytest.approx(evaluation.metrics["mAP50-95"], abs=0.015)


def as_xywh(box):
    x1, y1, x2, y2 = (float(value) for value in box)
    return [x1, y1, x2 - x1, y2 - y1]


def test_images_of_one_name_in_two_folders_are_two_images(ours, tiny_checkpoint, oracle, tmp_path):
    from adapter_samples import make_dataset

    data = make_dataset(tmp_path / "twice", val=2)
    (data.root / "val" / "images" / "more").mkdir()
    (data.root / "val" / "labels" / "more").mkdir()
    for folder, suffix in (("images", "jpg"), ("labels", "txt")):
        source = data.root / "val" / folder / f"0.{suffix}"
        (data.root / "val" / folder / "more" / f"0.{suffix}").write_bytes(source.read_bytes())
    records = ours(tiny_checkpoint, dataset=data).records
    assert records.keys == ("val/images/0.jpg", "val/images/1.jpg", "val/images/more/0.jpg")
    assert records.detections.tolist() == [10, 10, 10]
    first, _, copy = np.split(records.confidence, records.offsets[1:-1])
    assert not np.array_equal(first, copy)


def test_rectangular_batches_reorder_images_but_not_records(ours, micro_run, tmp_path):
    import cv2
    from adapter_samples import make_dataset

    data = make_dataset(tmp_path / "shapes", val=4)
    for index, width in ((0, 128), (2, 96)):
        path = data.root / "val" / "images" / f"{index}.jpg"
        cv2.imwrite(str(path), cv2.resize(cv2.imread(str(path)), (width, 64)))
    records = ours(micro_run.best, replace(PROTOCOL, batch=1), dataset=data).records
    assert records.keys == tuple(f"val/images/{index}.jpg" for index in range(4))
    assert records.truth_image.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


class TestClassesWithoutLabels:
    @pytest.fixture
    def data(self, tmp_path):
        from adapter_samples import make_dataset

        data = make_dataset(tmp_path / "half")
        for label in (data.root / "val" / "labels").glob("*.txt"):
            label.write_text(label.read_text(encoding="utf-8").splitlines()[1] + "\n", encoding="utf-8")
        return data

    def test_their_values_are_none_and_the_others_are_at_their_index(self, ours, tiny_checkpoint, oracle, data):
        evaluation = ours(tiny_checkpoint, dataset=data)
        absent, present = evaluation.per_class[0], evaluation.per_class[1]
        assert absent == {
            "name": "green",
            "AP50": None,
            "AP50-95": None,
            "precision": None,
            "recall": None,
            "instances": 0,
            "images": 0,
        }
        assert present["name"] == "red"
        assert (present["instances"], present["images"]) == (4, 4)
        assert present["AP50-95"] == pytest.approx(evaluation.metrics["mAP50-95"], abs=1e-9)

    def test_a_split_without_any_label_measures_nothing(self, ours, tiny_checkpoint, data):
        for label in (data.root / "val" / "labels").glob("*.txt"):
            label.write_text("", encoding="utf-8")
        evaluation = ours(tiny_checkpoint, dataset=data)
        assert set(evaluation.metrics.values()) == {None}
        assert evaluation.fitness is None
        assert any("no labels" in warning for warning in evaluation.warnings)


def test_everything_is_plain(ours, tiny_checkpoint, oracle):
    evaluation = ours(tiny_checkpoint)
    assert all(type(value) is float for value in evaluation.metrics.values())
    for index, values in evaluation.per_class.items():
        assert type(index) is int
        assert {type(value) for value in values.values()} <= {str, float, int}
    assert all(type(count) is int for line in evaluation.confusion.matrix for count in line)
    assert set(evaluation.speed_ms) == {"preprocess", "inference", "loss", "postprocess"}
    assert list(evaluation.threads) == ["1"]


def test_the_confusion_matrix_is_the_same_with_and_without_plots(ours, tiny_checkpoint, oracle, tmp_path):
    plain = ours(tiny_checkpoint)
    drawn = ours(tiny_checkpoint, save_dir=tmp_path / "run")
    assert isinstance(plain.confusion, Confusion)
    assert plain.confusion == drawn.confusion
    assert len(plain.confusion.matrix) == 3
    columns = [sum(line[true] for line in plain.confusion.matrix) for true in (0, 1)]
    assert columns == [4, 4]
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"confusion_matrix.png", "BoxPR_curve.png", "val_batch0_labels.jpg", "val_batch0_pred.jpg"} <= made


def test_without_plots_nothing_is_left(ours, tiny_checkpoint, prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ours(tiny_checkpoint)
    assert not list(tmp_path.iterdir())
    assert not list(prepared.cache.glob(".evaluate.*"))


def test_what_the_validator_changes_is_named(ours, tiny_checkpoint, tmp_path):
    from adapter_samples import make_dataset

    data = make_dataset(tmp_path / "crowd", val=1)
    rows = "".join(f"0 0.5 0.5 0.1 {0.1 + n / 10_000}\n" for n in range(305))
    (data.root / "val" / "labels" / "0.txt").write_text(rows, encoding="utf-8")
    evaluation = ours(tiny_checkpoint, replace(PROTOCOL, imgsz=50, quantize=16), dataset=data)
    assert (evaluation.protocol.imgsz, evaluation.protocol.max_det, evaluation.protocol.quantize) == (64, 305, None)
    assert set(evaluation.changes) == {"imgsz", "max_det", "quantize"}


def test_a_model_of_other_classes_is_warned_of(ours, tiny_checkpoint, tmp_path):
    from adapter_samples import make_dataset

    data = make_dataset(tmp_path / "renamed", names=("green", "blue"))
    (warning,) = ours(tiny_checkpoint, dataset=data).warnings
    assert "'red' / 'blue'" in warning


def test_the_label_fingerprint_is_of_the_labels_alone(ours, tiny_checkpoint, tmp_path):
    from adapter_samples import make_dataset

    first, second = make_dataset(tmp_path / "a"), make_dataset(tmp_path / "b")
    original = ours(tiny_checkpoint, dataset=first).records.label_fingerprint
    label = second.root / "val" / "labels" / "0.txt"
    lines = label.read_text(encoding="utf-8").splitlines()
    label.write_text("\r\n".join(reversed(lines)) + "\n\n", encoding="utf-8-sig")
    assert ours(tiny_checkpoint, dataset=second).records.label_fingerprint == original
    label.write_text(lines[0] + "\n", encoding="utf-8")
    assert ours(tiny_checkpoint, dataset=second).records.label_fingerprint != original
    assert (
        ours(tiny_checkpoint, replace(PROTOCOL, single_cls=True), dataset=first).records.label_fingerprint != original
    )


def test_the_host_keeps_its_random_numbers(ours, tiny_checkpoint):
    random.seed(7)
    expected = random.random()
    random.seed(7)
    ours(tiny_checkpoint)
    assert random.random() == expected


class TestBadInput:
    def test_files(self, ours, tiny_checkpoint, tiny_dataset, tmp_path):
        damaged = tmp_path / "damaged.pt"
        damaged.write_bytes(tiny_checkpoint.read_bytes()[:5000])
        other = tmp_path / "model.bin"
        other.write_bytes(b"x")
        for model in (tmp_path / "missing.pt", damaged, other):
            with pytest.raises(InputError, match=model.name):
                ours(model)

    def test_datasets(self, ours, tiny_checkpoint, tiny_dataset, tmp_path):
        with pytest.raises(InputError, match="test"):
            ours(tiny_checkpoint, replace(PROTOCOL, split="test"))
        gone = tmp_path / "data.yaml"
        gone.write_text("train: gone\nval: gone\nnames: [a]\ndownload: raise SystemExit(9)\n", encoding="utf-8")
        with pytest.raises(InputError, match="not found"):
            ours(tiny_checkpoint, dataset=type(tiny_dataset)(tmp_path, gone))

    def test_a_device_that_is_not_there(self, prepared, tiny_checkpoint, tiny_dataset, logged):
        with pytest.raises(InputError, match="one of cpu"):
            evaluation_module.evaluate(tiny_checkpoint, tiny_dataset.yaml, tiny_dataset.root, PROTOCOL, device=3)


def test_rtdetr_has_its_validator():
    from ultralytics.models.rtdetr.val import RTDETRValidator

    from yololab.ultralytics_adapter.validation.detections import RecordingMixin
    from yololab.ultralytics_adapter.validation.validators import validator_for

    validator = validator_for("detect", "rtdetr")
    assert issubclass(validator, RTDETRValidator)
    assert issubclass(validator, RecordingMixin)
    with pytest.raises(InputError, match="pose"):
        validator_for("pose", "rtdetr")

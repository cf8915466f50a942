"""The table of what a task reads, against what the installed datasets and losses do with an argument."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yololab.config.train_arguments.applicability import SCOPES
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes

pytestmark = pytest.mark.usefixtures("prepared")

# Task → the built-in variant, and the class that holds a model of it.
TASKS = {
    "detect": ("shapes", "DetectionModel", "yolo26n.yaml"),
    "segment": ("shapes-seg", "SegmentationModel", "yolo26n-seg.yaml"),
    "pose": ("shapes-pose", "PoseModel", "yolo26n-pose.yaml"),
    "obb": ("shapes-obb", "OBBModel", "yolo26n-obb.yaml"),
    "classify": ("shapes-cls", "ClassificationModel", "yolo26n-cls.yaml"),
    "semantic": ("shapes-sem", "SemanticSegmentationModel", "yolo26n-sem.yaml"),
    "depth": ("shapes-depth", "DepthModel", "yolo26n-depth.yaml"),
}
OFF = dict.fromkeys(("hsv_h", "hsv_s", "hsv_v", "degrees", "translate", "scale", "shear", "perspective"), 0.0)
OFF |= dict.fromkeys(("flipud", "fliplr", "bgr", "mosaic", "mixup", "cutmix", "copy_paste", "erasing"), 0.0)
OFF |= {"auto_augment": None, "imgsz": 64, "multi_scale": 0.0, "workers": 0, "cache": False}
# Argument → what is on beside it, and the value whose effect is looked for.
AUGMENTATIONS: dict[str, tuple[dict[str, Any], Any]] = {
    name: ({}, 1.0) for name in ("flipud", "fliplr", "bgr", "mosaic", "mixup", "cutmix")
}
AUGMENTATIONS |= {name: ({}, 0.4) for name in ("hsv_h", "hsv_s", "hsv_v")}
AUGMENTATIONS |= {"degrees": ({}, 40.0), "translate": ({}, 0.4), "scale": ({}, 0.6), "shear": ({}, 20.0)}
AUGMENTATIONS |= {"perspective": ({}, 0.001), "erasing": ({}, 1.0), "auto_augment": ({}, "augmix")}
AUGMENTATIONS |= {"copy_paste": ({}, 1.0), "copy_paste_mode": ({"copy_paste": 1.0}, "mixup")}
LABELS = {"mask_ratio": ({}, 2), "overlap_mask": ({}, False)}
GAINS = ("box", "cls", "dfl", "pose", "kobj", "rle", "angle", "dlog", "dgrad", "dlam")
# Copying needs polygons: the labels of these tasks may be polygons, and are not in their own built-in variant.
WITH_POLYGONS = {("detect", "copy_paste"), ("detect", "copy_paste_mode"), ("semantic", "copy_paste")}
WITH_POLYGONS |= {("semantic", "copy_paste_mode")}
# Read by trainers, validators and the distillation, whose sources the module names.
READ_ELSEWHERE = {"cls_pw", "distill_model", "dis", "close_mosaic", "dropout", "cls_remap", "multi_scale", "rect"}
READ_ELSEWHERE |= {"single_cls", "classes", "conf", "max_det", "iou", "agnostic_nms", "nms"}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("shapes")
    variants = {row[0] for row in TASKS.values()}
    return {name: ensure_shapes(ShapesSpec(train=6, val=2, test=2, variant=name), folder) for name in variants}


def build(task: str, source: Path, **values: Any) -> Any:
    """Build the training dataset of a task as its trainer does."""
    from ultralytics.cfg import get_cfg
    from ultralytics.data import ClassificationDataset, build_yolo_dataset
    from ultralytics.data.utils import check_cls_dataset, check_det_dataset

    args = get_cfg(overrides={**OFF, "task": task, "data": str(source), **values})
    if task == "classify":
        folders = check_cls_dataset(source)
        return ClassificationDataset(folders["train"], args, augment=True, prefix="train", names=folders["names"])
    content = check_det_dataset(str(source), autodownload=False)
    return build_yolo_dataset(args, content["train"], 2, content, mode="train")


def samples(task: str, source: Path, **values: Any) -> list[dict[str, Any]]:
    import torch

    dataset = build(task, source, **values)
    found = []
    for index in range(4):
        random.seed(index)
        np.random.seed(index)
        torch.manual_seed(index)
        found.append(dataset[index])
    return found


def same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> bool:
    import torch

    return all(
        one.keys() == other.keys() and torch.equal(one[key], other[key])
        for one, other in zip(ours, theirs, strict=True)
        for key in one
        if isinstance(one[key], torch.Tensor)
    )


@pytest.mark.parametrize("task", TASKS)
def test_augmentations_act_where_the_table_says(task, data):
    for name, (beside, value) in (AUGMENTATIONS | LABELS).items():
        source = data["shapes-seg" if (task, name) in WITH_POLYGONS else TASKS[task][0]]
        acts = not same(samples(task, source, **beside), samples(task, source, **beside, **{name: value}))
        assert acts == (name not in SCOPES or SCOPES[name].holds(task, "yolo")), name


@pytest.mark.parametrize("task", [task for task in TASKS if task != "classify"])
def test_loss_gains_act_where_the_table_says(task, data):
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.data.utils import check_det_dataset
    from ultralytics.nn import tasks

    variant, class_name, architecture = TASKS[task]
    content = check_det_dataset(str(data[variant]), autodownload=False)
    dataset = build(task, data[variant])
    batch = dataset.collate_fn([dataset[index] for index in range(4)])
    batch["img"] = batch["img"].float() / 255
    keypoints = {"data_kpt_shape": content["kpt_shape"]} if "kpt_shape" in content else {}
    torch.manual_seed(0)
    model = getattr(tasks, class_name)(architecture, nc=content["nc"], verbose=False, **keypoints)
    model.kpt_oks_sigmas = None

    def loss(**gains: float) -> float:
        model.args = get_cfg(overrides={"task": task, **gains})
        model.criterion = model.init_criterion()
        torch.manual_seed(0)
        return float(model.train().loss(dict(batch))[0].sum().detach())

    before = loss()
    assert loss() == before
    for name in GAINS:
        acts = loss(**{name: 0.3}) != before
        assert acts == SCOPES[name].holds(task, "yolo"), name


def test_rt_detr_reads_no_gain(data):
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import RTDETRDetectionModel

    dataset = build("detect", data["shapes"])
    batch = dataset.collate_fn([dataset[index] for index in range(2)])
    batch["img"] = batch["img"].float() / 255
    torch.manual_seed(0)
    model = RTDETRDetectionModel("rtdetr-resnet50.yaml", nc=3, verbose=False).train()
    model.nc = 3

    def loss(**gains: float) -> float:
        model.args = get_cfg(overrides=gains)
        model.criterion = model.init_criterion()
        torch.manual_seed(0)
        return float(model.loss(dict(batch))[0].detach())

    before = loss()
    assert loss(box=0.3, cls=0.3, dfl=0.3) == before
    assert not any(SCOPES[name].holds("detect", "rtdetr") for name in ("box", "cls", "dfl"))


def test_every_argument_of_the_table_is_looked_at():
    assert set(SCOPES) == set(GAINS) | set(LABELS) | READ_ELSEWHERE | (set(AUGMENTATIONS) & set(SCOPES))

"""Which arguments a task reads, and what is said of those that it does not."""

from __future__ import annotations

import pytest

from yololab.config.train_arguments.applicability import SCOPES, Usage, idle_settings, refused_settings, without_effect
from yololab.config.train_arguments.arguments import USER_ARGUMENTS, TrainArguments
from yololab.tasks import TASKS


def refused(usage: Usage, **values) -> dict[str, str]:
    return {item.where: str(item) for item in refused_settings(TrainArguments(**values), set(values), usage)}


def test_the_table_names_arguments_and_tasks():
    assert set(SCOPES) <= set(USER_ARGUMENTS)
    tasks = {"detect", "segment", "pose", "obb", "classify", "semantic", "depth"}
    assert set().union(*(scope.tasks for scope in SCOPES.values())) == tasks
    assert set(TASKS) <= tasks


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("detect", {"kobj": 2.0, "angle": 2.0, "dlog": 2.0, "dropout": 0.1, "erasing": 0.2, "mask_ratio": 2}),
        ("segment", {"pose": 3.0, "dropout": 0.5}),
        ("pose", {"copy_paste": 0.5, "overlap_mask": False}),
        ("obb", {"kobj": 2.0}),
        ("classify", {"mosaic": 0.5, "mixup": 0.1, "copy_paste": 0.1, "box": 5.0, "multi_scale": 0.5, "degrees": 5.0}),
        ("semantic", {"box": 5.0, "single_cls": True, "max_det": 10}),
        ("depth", {"mosaic": 1.0, "close_mosaic": 5, "cls_pw": 0.5, "classes": [0]}),
    ],
)
def test_what_was_set_without_an_effect_is_named_with_the_task(task, values):
    found = refused(Usage(task, data={"flip_idx": [0]}), **values)
    assert set(found) == set(values)
    assert all(task in text for text in found.values())


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("detect", {"mosaic": 0.5, "box": 3.0, "dfl": 2.0, "iou": 0.6, "copy_paste": 0.1}),
        ("segment", {"mask_ratio": 2, "overlap_mask": False}),
        ("pose", {"kobj": 2.0, "fliplr": 0.2}),
        ("obb", {"angle": 2.0, "degrees": 180.0}),
        ("classify", {"dropout": 0.2, "erasing": 0.1, "scale": 0.3, "auto_augment": "augmix", "single_cls": True}),
        ("semantic", {"mosaic": 0.5, "cls_pw": 0.5, "mixup": 0.2}),
        ("depth", {"dlam": 0.5, "degrees": 3.0, "lr0": 0.1}),
    ],
)
def test_what_is_read_may_be_set(task, values):
    assert not refused(Usage(task, data={"flip_idx": [1, 0], "kpt_shape": [2, 3]}), **values)


def test_the_remedy_offers_arguments_of_the_same_kind_that_the_task_reads():
    (text,) = refused(Usage("depth"), box=3.0).values()
    assert "dlog, dgrad, dlam" in text
    assert "pose" not in text
    (text,) = refused(Usage("classify"), mosaic=0.5).values()
    assert "erasing" in text
    assert "mixup" not in text


def test_rt_detr_has_gains_of_its_own():
    usage = Usage("detect", "rtdetr")
    assert set(refused(usage, box=3.0, cls=1.0, dfl=2.0, iou=0.5, rect=True)) == {"box", "cls", "dfl", "iou", "rect"}
    assert not refused(usage, mosaic=0.5, max_det=100, conf=0.1)
    assert "RT-DETR" in refused(usage, box=3.0)["box"]


def test_other_settings_and_the_dataset_decide_too():
    assert "auto_augment=randaugment" in refused(Usage("classify"), hsv_h=0.3)["hsv_h"]
    assert not refused(Usage("classify"), hsv_h=0.3, auto_augment=None)
    assert "flip_idx" in refused(Usage("pose", data={}), fliplr=0.3)["fliplr"]
    assert "kobj" in refused(Usage("pose", data={"kpt_shape": [5, 2]}), kobj=2.0)
    assert "rle" in refused(Usage("pose", head="Pose"), rle=2.0)
    assert not refused(Usage("pose", head="Pose26"), rle=2.0)
    assert "copy_paste" in refused(Usage("semantic", data={"masks_dir": "masks"}), copy_paste=0.5)
    assert not refused(Usage("semantic", data={}), copy_paste=0.5)


def test_what_asks_for_nothing_may_stand():
    assert not refused(Usage("classify"), mosaic=0.0, mixup=0, rect=False, copy_paste=0)
    assert refused(Usage("detect"), overlap_mask=False)


def test_the_protocols_keys_count_too():
    problems = refused_settings(TrainArguments(), {"evaluation.iou", "evaluation.imgsz"}, Usage("classify"))
    assert [item.where for item in problems] == ["evaluation.iou"]


def test_a_file_that_writes_down_everything_has_set_what_differs():
    everything = set(USER_ARGUMENTS)
    assert not refused_settings(TrainArguments(), everything, Usage("detect"))
    assert [item.where for item in refused_settings(TrainArguments(kobj=3.0), everything, Usage("detect"))] == ["kobj"]


def test_what_an_option_file_set_is_told_and_defaults_are_not():
    assert idle_settings(TrainArguments(), Usage("classify")) == []
    (sentence,) = idle_settings(TrainArguments(mixup=0.15), Usage("classify"))
    assert sentence == "mixup=0.15 has no effect: classify does not read it"


def test_nothing_is_without_effect_everywhere():
    usages = [Usage(task, data={"flip_idx": [0], "kpt_shape": [1, 3]}) for task in SCOPES["degrees"].tasks]
    usages.append(Usage("classify"))
    for name in SCOPES:
        assert any(name not in without_effect(TrainArguments(), usage) for usage in usages), name

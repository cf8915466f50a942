import pytest

from yololab.ultralytics_adapter.training.effective import Circumstances, differences, freeze_problem

CPU, GPU = Circumstances("cpu"), Circumstances("cuda")


def only(requested, effective, circumstances=CPU):
    (difference,) = differences(requested, effective, circumstances)
    return difference


def test_what_was_used_as_asked_for_is_no_difference():
    requested = {
        "lr0": 0.01,
        "epochs": 3,
        "device": "CPU",
        "scale": (0.3, 0.7),
        "time": None,
        "freeze": [0, 1],
        "optimizer": "adamw",
        "warmup_epochs": 3.0,
        "unknown": 1,
    }
    effective = {
        "lr0": 0.01,
        "epochs": 3,
        "device": "cpu",
        "scale": [0.3, 0.7],
        "time": 1.5,
        "freeze": [0, 1],
        "optimizer": "AdamW",
        "warmup_epochs": 3,
    }
    assert differences(requested, effective, CPU) == ()


def test_places_and_names_are_ours():
    requested = dict.fromkeys(("model", "data", "save_dir", "name", "task", "pretrained"), "asked")
    assert differences(requested, dict.fromkeys(requested, "used"), CPU) == ()


@pytest.mark.parametrize(
    ("name", "asked", "used", "circumstances", "word", "changes"),
    [
        ("batch", 16, 4, Circumstances("cuda", halvings=2), "halved 2 time", True),
        ("batch", -1, 24, GPU, "auto-batch from the device", True),
        ("batch", 0.7, 24, GPU, "auto-batch from the device", True),
        ("batch", -1, 16, CPU, "needs a GPU", True),
        ("imgsz", 50, 64, CPU, "32 px", True),
        ("epochs", 100, 7, Circumstances("cpu", time_limited=True), "time limit", True),
        ("lr0", 0.5, 0.002, Circumstances("cpu", optimizer_auto=True), "optimizer=auto", True),
        ("rect", True, False, Circumstances("cuda", multi_gpu=True), "several GPUs", True),
        ("workers", 8, 0, CPU, "CPU", False),
        ("workers", 64, 2, GPU, "cores", False),
        ("max_det", 300, 412, CPU, "most objects", False),
        ("amp", True, False, CPU, "mixed precision", False),
        ("cache", "ram", False, CPU, "memory", False),
        ("warmup_epochs", 3.0, 0, CPU, "last epoch", False),
        ("nbs", 64, 32, CPU, "changed by Ultralytics", False),
    ],
)
def test_each_change_has_its_reason(name, asked, used, circumstances, word, changes):
    difference = only({name: asked}, {name: used}, circumstances)
    assert (difference.requested, difference.effective) == (asked, used)
    assert word in difference.reason
    assert difference.changes_training is changes


def test_rectangular_batches_switch_mosaic_off():
    difference = only({"mosaic": 1.0, "rect": True}, {"mosaic": 0.0, "rect": True})
    assert difference.name == "mosaic"
    assert "rectangular" in difference.reason


def test_true_is_not_one():
    assert only({"cache": True}, {"cache": 1}).effective == 1


def test_what_ultralytics_switches_off_for_a_task_is_named_and_leaves_the_run_comparable():
    (found,) = differences({"mosaic": 1.0}, {"mosaic": 0.0}, Circumstances("cpu", task="depth"))
    assert "depth" in found.reason
    assert found.changes_training is False
    (found,) = differences({"mosaic": 1.0}, {"mosaic": 0.0, "rect": True}, Circumstances("cpu", task="segment"))
    assert found.changes_training is True


PARAMETERS = [f"model.{layer}.{name}.weight" for layer in range(4) for name in ("conv", "bn")]


@pytest.mark.parametrize("freeze", [None, 0, 2, [], [0, 3], ["2.conv"], [1, "3.bn"]])
def test_layers_that_are_there_can_be_frozen(freeze):
    assert freeze_problem(freeze, 4, PARAMETERS) is None


@pytest.mark.parametrize(
    ("freeze", "found"),
    [
        (-1, "-1 of"),
        (4, "4 of the model's 4"),
        (99, "99 of"),
        ([4], "4"),
        ([-1, 1], "-1"),
        ([1, "x"], "'x'"),
        (["2.con"], "'2.con'"),
    ],
)
def test_layers_that_are_not_are_named(freeze, found):
    problem = freeze_problem(freeze, 4, PARAMETERS)
    assert found in problem.found
    assert "from 0 to 3" in problem.allowed

import json
import math

import pytest

from yololab.errors import InputError
from yololab.files.epochs import EpochTable
from yololab.ultralytics_adapter.training.effective import Difference
from yololab.ultralytics_adapter.training.training_file import (
    TrainResult,
    epoch_report,
    read_training_file,
    write_training_file,
)

RESULT = TrainResult(
    status="complete",
    epochs_completed=3,
    stop_reason="finished",
    best_epoch=2,
    seconds=1.5,
    effective={"lr0": 0.01, "names": ["ä"], "time": None},
    optimizer={"name": "SGD", "groups": [{"lr": 0.01}]},
    setup={"threads": 2},
    differences=(Difference("batch", 16, 8, "halved", True),),
    warnings=["one", "two"],
)


def test_it_comes_back_as_it_was(tmp_path):
    write_training_file(tmp_path / "training.json", RESULT)
    assert read_training_file(tmp_path / "training.json") == RESULT


def test_it_is_plain_json_without_nan(tmp_path):
    write_training_file(tmp_path / "training.json", TrainResult(effective={"x": math.nan}))
    content = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert content["schema_version"] == 1
    assert content["effective"] == {"x": None}


def test_a_run_that_changed_what_is_learnt_is_not_comparable():
    assert not RESULT.comparable
    assert TrainResult(differences=(Difference("workers", 8, 0, "CPU", False),)).comparable


def test_another_version_is_refused(tmp_path):
    path = tmp_path / "training.json"
    path.write_text('{"schema_version": 99}', encoding="utf-8")
    with pytest.raises(InputError, match="99"):
        read_training_file(path)


def test_a_row_without_times_leaves_the_rest_open():
    table = EpochTable((1,), (None,), {"train/box_loss": (1.0,)}, {}, {})
    report = epoch_report(table, 0, "detect", 5)
    assert (report.seconds, report.seconds_left) == (None, None)
    assert set(report.metrics.values()) == {None}

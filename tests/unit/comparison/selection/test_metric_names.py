"""What the choice of a checkpoint can go by."""

import pytest

from yololab.comparison.selection.metric_names import selection_problems
from yololab.config.checkpoint import Select
from yololab.config.validation import validate
from yololab.errors import InputError
from yololab.tasks import TASKS


@pytest.mark.parametrize(
    ("task", "metric"),
    [("detect", "recall"), ("segment", "mAP50-95(M)"), ("classify", "per_class.st. bernard.top1"), ("depth", "rmse")],
)
def test_what_each_epoch_is_validated_with_is_taken(task, metric):
    assert selection_problems(metric, TASKS[task], ["st. bernard"]) == []


@pytest.mark.parametrize("metric", ["mAP", "per_class.cat.AP50", "speed_ms.inference", "custom.mine"])
def test_anything_else_is_refused_with_what_is_allowed(metric):
    (problem,) = selection_problems(metric, TASKS["detect"], ["dog"])
    assert "checkpoint.metric" in str(problem)
    assert "mAP50-95" in str(problem)
    assert "per_class.<class>.<AP50|" in str(problem)


def test_without_validation_there_is_nothing_to_choose_by():
    for settings in ({"metric": "recall"}, {"select": "smoothed"}):
        with pytest.raises(InputError, match=r"checkpoint\.metric.*val=false"):
            validate({"val": False, "checkpoint": settings})
    config = validate({"val": False, "checkpoint": {"select": "last"}})
    assert config.checkpoint.select is Select.LAST

"""The image size of a task, where nobody names one."""

from __future__ import annotations

import pytest

from yololab.config.defaults import default_tree
from yololab.config.validation import validate
from yololab.job.prepare import _take_image_size
from yololab.tasks import TASKS


@pytest.mark.parametrize(
    ("task", "imgsz", "overridden", "taken"),
    [
        ("detect", 640, (), 640),
        ("classify", 640, (), 224),
        ("classify", 640, ("imgsz",), 640),
        ("classify", 320, (), 320),
        ("semantic", 640, (), 640),
    ],
)
def test_classification_has_its_own(task, imgsz, overridden, taken):
    config = validate(default_tree() | {"imgsz": imgsz}, overridden)
    for _ in range(2):  # a trial comes through here again
        _take_image_size(config, TASKS[task])
        assert config.train.imgsz == taken

"""Raw outputs of checkpoint and export, compared as the task lays them out."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.errors import JobError
from yololab.tasks import TASKS
from yololab.ultralytics_adapter.export.parity import COMPARED, Layout

DENSE = Layout(selected=False, box_unit=64.0)


def test_every_task_has_its_comparison():
    assert COMPARED.keys() == TASKS.keys()


def test_boxes_stand_in_columns_and_count_by_the_size_of_the_image():
    first = np.zeros((1, 6, 3))
    second = first.copy()
    second[0, 2, 1] = 3.2  # a width
    difference = COMPARED["detect"]([first], [second], DENSE)
    assert (difference.absolute, difference.relative) == pytest.approx((3.2, 0.05))


def test_masks_are_compared_by_their_prototypes_too():
    boxes, prototypes = np.zeros((1, 6, 3)), np.ones((1, 2, 4, 4))
    difference = COMPARED["segment"]([boxes, prototypes], [boxes, prototypes + 0.25], DENSE)
    assert difference.absolute == 0.25


def test_outputs_of_another_shape_are_no_parity():
    with pytest.raises(JobError, match="shape"):
        COMPARED["classify"]([np.zeros((1, 10))], [np.zeros((1, 9))], DENSE)


@pytest.mark.torch
def test_maps_of_classes_are_compared_at_the_size_of_the_export():
    values = np.zeros((1, 3, 4, 4), np.float32)
    values[:, 0, :, :2] = values[:, 2, :, 2:] = 1.0  # the right half is of class 2
    classes = np.zeros((1, 8, 8), np.int64)
    classes[..., 4:] = 2
    assert COMPARED["semantic"]([values], [classes], DENSE).absolute == 0.0
    classes[..., 0, 0] = 1
    assert COMPARED["semantic"]([values], [classes], DENSE).absolute == pytest.approx(1 / 64)

"""What each epoch of a training is made cheaper by."""

import pytest

from yololab.ultralytics_adapter.training.pace.plan import (
    EXACT,
    IMAGES,
    PACES,
    VALIDATIONS,
    cost_ahead,
    described,
    image_size,
    is_validated,
    pace_for,
    patience_asks,
    step_costs,
)

LENGTHS = (1, 2, 3, 7, 20, 100)


@pytest.mark.parametrize("epochs", LENGTHS)
def test_exact_leaves_nothing_out(epochs):
    assert all(is_validated(EXACT, epoch, epochs) for epoch in range(epochs))
    assert {image_size(EXACT, epoch, epochs, 640, 32) for epoch in range(epochs)} == {640}
    assert step_costs(EXACT, epochs, 640, 32) == [1.0] * epochs
    assert {cost_ahead(EXACT, done, epochs, 640, 32) for done in range(epochs + 1)} == {1.0}


@pytest.mark.parametrize("speed", ["balanced", "fast"])
@pytest.mark.parametrize("epochs", LENGTHS)
def test_a_pace_ends_with_whole_images_that_are_validated(speed, epochs):
    pace = PACES[speed]
    for imgsz, stride in ((640, 32), (96, 32), (64, 32), (1280, 64)):
        sizes = [image_size(pace, epoch, epochs, imgsz, stride) for epoch in range(epochs)]
        assert sizes == sorted(sizes)
        assert sizes[-1] == imgsz
        assert all(size % stride == 0 and 2 * stride <= size <= imgsz for size in sizes)
    validated = [epoch for epoch in range(epochs) if is_validated(pace, epoch, epochs)]
    assert validated[-1] == epochs - 1
    assert set(range(max(0, epochs - 3), epochs)) <= set(validated)
    assert described(pace, epochs, 640, 32)["validated_epochs"] == [epoch + 1 for epoch in validated]


def test_smaller_images_cost_less_and_what_is_ahead_costs_more():
    pace = PACES["fast"]
    costs = step_costs(pace, 10, 640, 32)
    assert costs == sorted(costs)
    assert (costs[0], costs[-1]) == (pytest.approx(0.2 + 0.8 / 4), 1.0)
    assert cost_ahead(pace, 5, 10, 640, 32) == pytest.approx(sum(costs[5:]) / sum(costs[:5]))


def test_no_epoch_that_patience_could_end_is_left_unvalidated():
    """So a training that is killed at an epoch without validation is never taken for one that had ended."""
    assert all(patience_asks(epoch, 3, 10) for epoch in range(8, 30))
    assert not patience_asks(40, 3, float("inf"))


def test_a_line_tells_it():
    assert described(EXACT, 20, 640, 32)["text"] is None
    assert described(PACES["fast"], 20, 640, 32)["text"] == (
        "speed=fast: 12 of 20 epochs are validated; images of 320 px at first, of 640 px from epoch 13 on"
    )
    small = described(PACES["fast"].without(VALIDATIONS, "several GPUs"), 20, 64, 32)["text"]
    assert small == "speed=fast: validations left off: several GPUs"


def test_what_cannot_be_is_left_off_with_its_reason():
    assert pace_for("fast") == PACES["fast"]
    timed = pace_for("fast", timed=True)
    assert (timed.sparse, timed.start, timed.full_from) == (False, 1.0, 0.0)
    assert set(timed.left_off) == {IMAGES, VALIDATIONS}
    assert set(pace_for("fast", compiled=True).left_off) == {IMAGES}
    assert pace_for("balanced", compiled=True) == PACES["balanced"]
    assert set(pace_for("balanced", smoothed=True).left_off) == {VALIDATIONS}
    assert pace_for("exact", timed=True, compiled=True, smoothed=True, watched=True) == EXACT
    assert EXACT.without(IMAGES, "there is nothing to leave off") is EXACT

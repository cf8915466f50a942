"""From a probe to the cost of a job, and what a dry run changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yololab.job.checklist import batch_learnt
from yololab.job.stages.estimate import (
    EVALUATION_SECONDS,
    EXPORT_SECONDS,
    PLOT_BYTES,
    START_SECONDS,
    VALIDATION_SHARE,
    Plan,
    estimate_cost,
    shortages,
)
from yololab.job.train_inputs import OVERFIT_EPOCHS, dry_run_arguments
from yololab.ultralytics_adapter.probe.timing import Probe, _for_whole_batch

PROBE = Probe(
    seconds_per_batch=2.0,
    seconds_per_batch_without_mosaic=1.5,
    batches_per_epoch=10,
    images=160,
    batch=16,
    measured_images=16,
    validation_seconds_per_batch=1.0,
    validation_batches=4,
    measured_batches=3,
    save_seconds=0.5,
    setup_seconds=1.0,
    checkpoint_bytes=10_000_000,
    parameters=2_500_000,
    peak_memory_bytes=None,
    free_memory_bytes=None,
    reduced_batch=None,
    spent_seconds=5.0,
)
PLAN = Plan(
    epochs=20,
    closed_epochs=10,
    validate=True,
    save_period=0,
    validation_images=100,
    evaluation_images=200,
    export=True,
    export_images=50,
)


def test_every_part_of_a_job_is_in_its_estimate():
    found = estimate_cost(PROBE, PLAN)
    assert found.training_seconds == pytest.approx(START_SECONDS + 10 * 10 * 2.0 + 10 * 10 * 1.5 + 20 * (4 * 1.0 + 0.5))
    assert found.evaluation_seconds == pytest.approx(EVALUATION_SECONDS + 8.0)
    assert found.export_seconds == pytest.approx(EXPORT_SECONDS + 2 * 2.0)
    assert found.seconds == pytest.approx(found.training_seconds + found.evaluation_seconds + found.export_seconds)
    assert found.disk_bytes == 2 * 10_000_000 + 4 * 2_500_000 + PLOT_BYTES


def test_without_validation_and_export():
    found = estimate_cost(PROBE, replace(PLAN, validate=False, export=False))
    assert found.training_seconds == pytest.approx(START_SECONDS + 350 + 20 * 0.5 + 4.0)
    assert found.export_seconds == 0


def test_a_validation_that_was_not_measured_is_not_free():
    found = estimate_cost(replace(PROBE, validation_seconds_per_batch=None), PLAN)
    validation = VALIDATION_SHARE * 2.0 / 16 * 100
    assert found.training_seconds == pytest.approx(START_SECONDS + 350 + 20 * (0.5 + validation))


def test_kept_checkpoints_take_disk():
    assert estimate_cost(PROBE, replace(PLAN, save_period=5)).disk_bytes - estimate_cost(PROBE, PLAN).disk_bytes == 4e7


def test_shortages_are_told_with_what_helps():
    found = estimate_cost(PROBE, PLAN)
    assert shortages(found, 10**12, 16) == []
    assert "paths.root" in shortages(found, 10**6, 16)[0]
    assert shortages(found, 10**9, 16, trials=100)
    gpu = replace(found, peak_memory_bytes=95 * 2**30, free_memory_bytes=100 * 2**30)
    assert "smaller batch" in shortages(gpu, 10**12, 16)[0]
    assert not shortages(replace(gpu, peak_memory_bytes=50 * 2**30), 10**12, 16)
    assert "batch=8" in shortages(replace(gpu, peak_memory_bytes=0, reduced_batch=8), 10**12, 16)[0]


@pytest.mark.parametrize(
    ("times", "expected"),
    [({16: [1.0, 3.0]}, 2.0), ({2: [0.5], 16: [3.0]}, 3.0), ({2: [0.5], 9: [2.0]}, 3.5), ({2: [0.5]}, 4.0)],
)
def test_a_whole_batch_from_smaller_ones(times, expected):
    assert _for_whole_batch(times, 16) == pytest.approx(expected)


def test_a_dry_run_is_short_and_else_as_asked_for():
    asked = {"epochs": 300, "lr0": 0.003, "mosaic": 1.0, "time": 5, "batch": 16, "cache": "disk", "nbs": 64}
    short = dry_run_arguments(asked, overfit=False, batch=16)
    assert (short["epochs"], short["time"], short["cache"]) == (1, None, False)
    assert (short["lr0"], short["mosaic"], short["nbs"]) == (0.003, 1.0, 64)
    overfit = dry_run_arguments(asked, overfit=True, batch=16)
    assert (overfit["epochs"], overfit["mosaic"], overfit["nbs"], overfit["lr0"]) == (OVERFIT_EPOCHS, 0.0, 16, 0.003)


@pytest.mark.parametrize(
    ("losses", "passed"),
    [([9.0, 7.0, 5.0], True), ([9.0, 8.0, 7.0], False), ([None, None], False), ([9.0, None, 1.0, 2.0], True)],
)
def test_a_batch_is_learnt_when_its_loss_falls_by_a_third(losses, passed):
    assert batch_learnt(losses).passed is passed

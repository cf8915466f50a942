"""From a probe to the cost of a job, and what a dry run changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from yololab.config.defaults import default_tree
from yololab.config.validation import validate
from yololab.job.checklist import batch_learnt
from yololab.job.stages.estimate import (
    EVALUATION_SECONDS,
    EXPORT_SECONDS,
    PLOT_BYTES,
    START_SECONDS,
    VALIDATION_SHARE,
    Estimate,
    as_busy,
    estimate_cost,
    shortages,
)
from yololab.job.train_inputs import OVERFIT_EPOCHS, dry_run_arguments
from yololab.ultralytics_adapter.probe.pace import for_whole_batch
from yololab.ultralytics_adapter.probe.timing import Probe
from yololab.ultralytics_adapter.training.pace.plan import PACES, described, step_costs

PROBE = Probe(
    seconds_per_batch=2.0,
    seconds_per_batch_without_mosaic=1.5,
    batches_per_epoch=10,
    images=160,
    batch=16,
    measured_images=16,
    validation_seconds_per_batch=1.0,
    validation_batches=4,
    save_seconds=0.5,
    checkpoint_bytes=10_000_000,
    parameters=2_500_000,
    peak_memory_bytes=None,
    free_memory_bytes=None,
    reduced_batch=None,
    spent_seconds=5.0,
)
IMAGES = {"val": 100, "test": 200}


def estimated(probe: Probe = PROBE, *, export: bool = True, map_images: int | None = 50, **train: object) -> Estimate:
    """Estimate 20 epochs, the last 10 without mosaic, evaluated on the test split."""
    tree = default_tree() | {"epochs": 20, "close_mosaic": 10, "mosaic": 1.0} | train
    tree["verification"]["map_images"], tree["evaluation"]["split"] = map_images, "test"
    return estimate_cost(probe, validate(tree), IMAGES, export=export)


def test_every_part_of_a_job_is_in_its_estimate():
    found = estimated()
    assert found.training_seconds == pytest.approx(START_SECONDS + 10 * 10 * 2.0 + 10 * 10 * 1.5 + 20 * (4 * 1.0 + 0.5))
    assert found.evaluation_seconds == pytest.approx(EVALUATION_SECONDS + 8.0)
    assert found.export_seconds == pytest.approx(EXPORT_SECONDS + 2 * 2.0)
    assert found.seconds == pytest.approx(found.training_seconds + found.evaluation_seconds + found.export_seconds)
    assert found.disk_bytes == 2 * 10_000_000 + 4 * 2_500_000 + PLOT_BYTES


def test_beside_busy_processes_it_takes_as_much_longer_as_the_batches_did():
    assert as_busy(estimated()) == estimated().seconds
    assert as_busy(estimated(replace(PROBE, slowed=3.0))) == pytest.approx(3 * estimated().seconds)
    assert estimated(replace(PROBE, slowed=3.0)).to_json()["slowed"] == 3.0


def test_smaller_images_and_fewer_validations_are_reckoned_with():
    pace = PACES["fast"]
    costs = step_costs(pace, 20, 640, 32)
    validated = len(described(pace, 20, 640, 32)["validated_epochs"])
    steps = 10 * (sum(costs[:10]) * 2.0 + sum(costs[10:]) * 1.5)
    found = estimated(speed="fast").training_seconds
    assert found == pytest.approx(START_SECONDS + steps + validated * 4 * 1.0 + 20 * 0.5)
    assert found < 0.85 * estimated().training_seconds
    assert estimated(speed="fast", time=1.0).training_seconds == estimated(time=1.0).training_seconds


def test_without_validation_and_export():
    found = estimated(export=False, val=False)
    assert found.training_seconds == pytest.approx(START_SECONDS + 350 + 20 * 0.5 + 4.0)
    assert found.export_seconds == 0


def test_a_validation_that_was_not_measured_is_not_free():
    found = estimated(replace(PROBE, validation_seconds_per_batch=None))
    validation = VALIDATION_SHARE * 2.0 / 16 * 100
    assert found.training_seconds == pytest.approx(START_SECONDS + 350 + 20 * (0.5 + validation))


def test_kept_checkpoints_take_disk():
    assert estimated(save_period=5).disk_bytes - estimated().disk_bytes == 4e7


@pytest.mark.parametrize(("map_images", "reckoned"), [(128, 128), (None, 200), (4, 4), (0, 0)])
def test_verification_map_images_are_reckoned_with(map_images, reckoned):
    found = estimated(map_images=map_images)
    assert found.export_seconds == pytest.approx(EXPORT_SECONDS + 2 * 4.0 * reckoned / 100)


def test_what_the_record_says():
    found = estimated().to_json()
    assert (found["seconds_per_validation_batch"], found["probe_seconds"], found["batch"]) == (1.0, 5.0, 16)
    assert found["seconds"] == found["training_seconds"] + found["evaluation_seconds"] + found["export_seconds"]
    assert found["actual_seconds"] is None
    assert "probe" not in found


def test_shortages_are_told_with_what_helps():
    found = estimated()
    assert shortages(found, 10**12) == []
    assert "paths.root" in shortages(found, 10**6)[0]
    gpu = replace(PROBE, peak_memory_bytes=95 * 2**30, free_memory_bytes=100 * 2**30)
    assert "smaller batch" in shortages(replace(found, probe=gpu), 10**12)[0]
    assert not shortages(replace(found, probe=replace(gpu, peak_memory_bytes=50 * 2**30)), 10**12)
    reduced = replace(gpu, peak_memory_bytes=0, reduced_batch=8)
    assert "batch=8" in shortages(replace(found, probe=reduced), 10**12)[0]


@pytest.mark.parametrize(
    ("times", "expected"),
    [({16: [1.0, 3.0]}, 2.0), ({2: [0.5], 16: [3.0]}, 3.0), ({2: [0.5], 9: [2.0]}, 3.5), ({2: [0.5]}, 4.0)],
)
def test_a_whole_batch_from_smaller_ones(times, expected):
    assert for_whole_batch(times, 16) == pytest.approx(expected)


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

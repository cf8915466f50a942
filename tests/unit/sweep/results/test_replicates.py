"""Trials in the same resamples: what can be compared is, the rest says why not."""

from __future__ import annotations

import numpy as np
import pytest
from sweep_samples import write_sweep, write_trial

from yololab.sweep.results import replicates
from yololab.sweep.results.replicates import resample
from yololab.sweep.results.rows import RowCache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(replicates, "REPLICATES", 200)
    return write_sweep(tmp_path / "sweep", budget=4)


def resampled(folder, metric: str = "mAP50-95"):
    return resample(RowCache(folder, folder.read_settings().objectives).read(), metric)


def test_equal_trials_are_equal_in_every_resample(folder):
    for number in range(2):
        run = write_trial(folder, number, {"lr0": number}, 0.6)
        for name in ("metrics.json", "predictions.npz"):
            (run.evaluation / name).write_bytes((folder.trial(0).evaluation / name).read_bytes())
    found = resampled(folder)
    assert found.trials == (0, 1)
    assert found.values.shape == (2, 200)
    assert np.array_equal(found.values[0], found.values[1])
    assert found.values[0].std() > 0
    assert found.images == 60


def test_the_mean_over_resamples_is_near_the_measured_value(folder):
    write_trial(folder, 0, {"lr0": 1}, 0.6, images=200)
    (row,) = RowCache(folder, folder.read_settings().objectives).read()
    assert resampled(folder).values.mean() == pytest.approx(row.objectives[0], abs=0.02)


def test_what_measured_something_else_is_left_out_by_name(folder):
    write_trial(folder, 0, {"lr0": 1}, 0.6)
    write_trial(folder, 1, {"lr0": 2}, 0.6, labels_seed=5)
    write_trial(folder, 2, {"lr0": 3}, 0.6, records=False)
    write_trial(folder, 3, {"lr0": 4}, 0.6).metrics.write_text("{")
    found = resampled(folder)
    assert found.trials == (0,)
    assert [next(number for number in "123" if f"trial {number}" in line) for line in found.missing] == ["1", "2", "3"]


def test_a_number_that_images_do_not_give_has_no_resamples(folder):
    write_trial(folder, 0, {"lr0": 1}, 0.6)
    found = resampled(folder, "speed_ms.inference")
    assert found.trials == ()
    assert "image by image" in found.missing[0]


def test_another_protocol_is_a_warning(folder):
    write_trial(folder, 0, {"lr0": 1}, 0.6)
    write_trial(folder, 1, {"lr0": 2}, 0.6, protocol={"imgsz": 320, "single_cls": False, "classes": None})
    found = resampled(folder)
    assert found.trials == (0, 1)
    assert "imgsz" in found.warnings[0]

"""What the settings of the dataset check change."""

from __future__ import annotations

import pytest
from tiny import SIZE, make_dataset

from yololab.config.schema import CheckConfig
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.job.stages.check import check_settings


@pytest.mark.parametrize(("pixels", "some", "every"), [(8.0, False, False), (18.0, True, False), (64.0, True, True)])
def test_check_small_object_pixels_decides_which_objects_are_small(tmp_path, pixels, some, every):
    dataset = load_dataset(make_dataset(tmp_path / "set", images=3), datasets_dir=tmp_path)
    settings = check_settings(CheckConfig(small_object_pixels=pixels, workers=1), SIZE, tmp_path / "cache")
    report = check_dataset(dataset, "detect", settings=settings)
    small, boxes = report.distributions["val"].small.total(), report.distributions["val"].boxes
    assert boxes == 6
    assert (small > 0, small == boxes) == (some, every)
    assert ("small_objects" in {problem.check for problem in report.problems}) is some
    assert report.to_json()["distribution"]["small_object_pixels"] == pixels

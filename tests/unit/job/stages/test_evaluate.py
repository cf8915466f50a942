"""An evaluation counts when numbers and records can be read and are of this dataset."""

from __future__ import annotations

import json

import pytest
from whole_run import context_of, write_whole_run

from yololab.files.record import Record
from yololab.job.stages.evaluate import Evaluated, done


@pytest.fixture
def run(tmp_path):
    return write_whole_run(tmp_path / "run")


def test_what_was_measured_is_found_again(run):
    found = done(context_of(run))
    assert isinstance(found, Evaluated)
    assert found.metrics.path == run.metrics


@pytest.mark.parametrize("damage", ["metrics", "predictions"])
def test_half_a_file_is_not_done(run, damage):
    path = getattr(run, damage)
    path.write_bytes(path.read_bytes()[:-20])
    assert done(context_of(run)) is None


def test_numbers_of_other_data_are_not_done(run):
    content = json.loads(run.metrics.read_text())
    run.metrics.write_text(json.dumps(content | {"dataset_fingerprint": "0" * 64}))
    assert done(context_of(run)) is None
    Record(run).update(dataset={"fingerprint": {"val": "0" * 64}})
    assert done(context_of(run)) is not None

"""When the check of a dataset has left all that a resumed run needs of it."""

from __future__ import annotations

import json

import pytest
from whole_run import context_of, write_whole_run

from yololab.job.stages.check import done


@pytest.mark.parametrize(
    ("missing", "expected"),
    [((), True), (("splits",), None), (("fingerprint",), None), (("splits", "fingerprint"), None)],
)
def test_a_report_without_counts_or_fingerprint_is_half_a_report(missing, expected, tmp_path):
    run = write_whole_run(tmp_path / "run")
    content = json.loads(run.dataset_report.read_text())
    run.dataset_report.write_text(json.dumps({key: value for key, value in content.items() if key not in missing}))
    assert done(context_of(run)) is expected


@pytest.mark.parametrize("name", ["dataset_report", "manifest"])
def test_without_one_of_its_files_it_is_not_done(name, tmp_path):
    run = write_whole_run(tmp_path / "run")
    getattr(run, name).unlink()
    assert done(context_of(run)) is None

"""The first entry of a record, and those of later attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from whole_run import context_of, write_whole_run

from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.begin import begin_record

pytestmark = pytest.mark.process


def test_a_new_run_is_running_with_all_that_was_asked_for(tmp_path):
    whole = write_whole_run(tmp_path / "whole")
    folder = RunFolder(tmp_path / "new")
    folder.path.mkdir()
    context = replace(
        context_of(whole, previous=None), folder=folder, repeats={"run": "whole", "differences": ["package torch: …"]}
    )
    begin_record(context)
    record = Record(folder).read()
    assert record["status"] == "running"
    assert record["requested_config"]["lr0"] == context.config.train.lr0
    assert record["provenance"]["command"] == ["yololab"]
    assert record["repeats"] == {"run": "whole", "differences": ["package torch: …"]}
    assert [attempt["reason"] for attempt in record["attempts"]] == ["start"]


def test_another_attempt_keeps_what_is_known(tmp_path):
    folder = write_whole_run(tmp_path / "run")
    before = Record(folder).read()
    begin_record(context_of(folder))
    after = Record(folder).read()
    assert (after["status"], len(after["attempts"])) == ("running", len(before["attempts"]) + 1)
    assert after["dataset"] == before["dataset"]
    assert after["timings"]["train"] == 5.0

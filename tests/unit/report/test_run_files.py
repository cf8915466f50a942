"""What a run's folder holds: a missing file is normal, one that cannot be read is named."""

from __future__ import annotations

import pytest
from report_samples import complete_run

from yololab.errors import InputError
from yololab.report.run_files import inside, load_run, mapping, mappings, primary_row, texts


def test_a_complete_run_is_read_whole(tmp_path):
    run = load_run(complete_run(tmp_path / "run"))
    assert run.status == "complete"
    assert run.primary_metric == "mAP50-95"
    assert run.recorded("provenance", "packages")["yololab"]
    assert run.epochs.epochs
    assert run.unreadable == ()


def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path):
    folder = complete_run(tmp_path / "run")
    (folder / "comparison.json").write_text("{")
    (folder / "evaluation/metrics.json").unlink()
    run = load_run(folder)
    assert (run.comparison, run.metrics) == ({}, {})
    (line,) = run.unreadable
    assert line.startswith("comparison.json: ")
    assert run.status == "complete"


@pytest.mark.parametrize(("name", "found"), [("empty", "holds no run"), ("gone", "no such folder")])
def test_a_folder_without_a_run_is_refused(tmp_path, name, found):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=found):
        load_run(tmp_path / name)


def test_what_has_another_type_reads_as_nothing():
    assert (mapping([1]), mappings({"a": 1}), mappings([{}, 1])) == ({}, [], [{}])
    assert (texts("one"), texts(["a", "", None, 2]), texts(None)) == (["one"], ["a", "2"], [])
    assert (inside({"a": {"b": 1}}, "a", "b"), inside({"a": 1}, "a", "b")) == (1, None)
    assert primary_row({"primary_metric": "x", "metrics": [{"metric": "y"}]}) == {}

"""What a sweep's page reads: the summary, and the files of the trials next to it."""

from __future__ import annotations

import json

import pytest
from sweep_samples import complete_sweep

from yololab.errors import InputError
from yololab.report.sweep.sweep_files import TAIL_LINES, load_sweep, values_text


@pytest.fixture
def folder(tmp_path):
    return complete_sweep(tmp_path / "demo_20260117_143000").path


def test_rows_are_ranked_and_the_winner_is_the_first_of_them(folder):
    sweep = load_sweep(folder)
    assert sweep.winner == sweep.ranked[0]
    assert {row["trial"] for row in sweep.ranked} <= {row["trial"] for row in sweep.trials}
    assert (sweep.metric, sweep.lower_is_better) == ("mAP50-95", False)
    assert sweep.epochs(sweep.winner).epochs
    assert values_text(sweep.winner).startswith("lr0=")


def test_the_page_needs_no_settings_and_no_tables(folder):
    (folder / "sweep.json").write_text("{")
    sweep = load_sweep(folder)
    assert sweep.settings == {}
    sweep.run(sweep.winner).results.unlink()
    assert sweep.epochs(sweep.winner) is None


def test_a_sweep_that_was_moved_is_read_where_it_lies(folder, tmp_path):
    moved = folder.rename(tmp_path / "moved")
    sweep = load_sweep(moved)
    assert sweep.run(sweep.winner).path.parent == moved


def test_the_end_of_a_log_is_its_last_lines_even_when_they_are_no_text(folder):
    sweep = load_sweep(folder)
    log = sweep.run(sweep.winner).log
    log.write_bytes(b"first\n" + b"x" * 100_000 + b"\n" + b"".join(b"line %d \xff\n" % n for n in range(40)))
    lines = sweep.tail(sweep.winner).splitlines()
    assert len(lines) == TAIL_LINES
    assert lines[-1].startswith("line 39 ")


def test_another_version_is_refused(folder):
    content = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(content | {"schema_version": 99}))
    with pytest.raises(InputError, match="99"):
        load_sweep(folder)

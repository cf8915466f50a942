"""Waiting for the record of an ended job."""

from __future__ import annotations

import time

from yololab.sweep.engines.late_records import LateRecords


def test_a_killed_trial_never_gets_a_final_status(tmp_path):
    late_records = LateRecords(0.1)
    assert not late_records.has_arrived("1", tmp_path)
    time.sleep(0.15)
    assert late_records.has_arrived("1", tmp_path)
    assert late_records.has_arrived("2", None)

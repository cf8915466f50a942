"""One pass over images and labels: in one process, and in several."""

from __future__ import annotations

from cats_and_dogs import check, jpeg, kinds, put


def test_a_sound_dataset_has_no_finding(data):
    assert kinds(check(data)) == []


def test_processes_find_what_one_process_finds(data, monkeypatch):
    put(data, "val", "z", jpeg(0))
    put(data, "train", "y", b"no image")
    alone = check(data)
    monkeypatch.setattr("yololab.data.checks.scan.FEWEST_IMAGES", 0)
    shared = check(data, workers=2)
    assert shared.problems == alone.problems
    assert shared.splits == alone.splits
    assert shared.fingerprints() == alone.fingerprints()

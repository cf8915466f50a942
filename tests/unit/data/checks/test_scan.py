"""One pass over images and labels: in one process, and in several."""

from __future__ import annotations

from cats_and_dogs import check, jpeg, kinds, put

from yololab.data.checks import scan


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


def test_a_file_beyond_all_measure_is_a_finding_of_its_own(data, monkeypatch):
    monkeypatch.setattr(scan, "MOST_IMAGE", 10)
    found = [problem for problem in check(data).problems if problem.check == "image_unreadable"]
    assert found
    assert all(problem.blocking and "bytes" in problem.what for problem in found)

"""The end of a sweep: what the images say, and the link to the winner."""

from __future__ import annotations

import json

import pytest
from sweep_samples import LATENCY, write_sweep, write_trial

from yololab.files.record_content import Status
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.state import Objective, TrialStatus
from yololab.terminal.screen import Screen


@pytest.fixture
def mixed(tmp_path):
    """A sweep with a trial of every fate."""
    folder = write_sweep(tmp_path / "sweep", budget=8)
    write_trial(folder, 0, {"lr0": 0.1}, 0.35)
    write_trial(folder, 1, {"lr0": 0.2}, noted=TrialStatus.FAILED, status=Status.FAILED, error="boom\nmore")
    write_trial(folder, 2, {"lr0": 0.3}, 0.95)
    write_trial(folder, 3, {"lr0": 0.4}, noted=TrialStatus.PRUNED, status=Status.PRUNED, epochs=2)
    write_trial(folder, 4, {"lr0": 0.5}, noted=TrialStatus.NOT_STARTED, status=None)
    write_trial(folder, 5, {"lr0": 0.6}, noted=TrialStatus.INTERRUPTED, status=Status.INTERRUPTED, error="stopped")
    write_trial(folder, 6, {"lr0": 0.7}, 0.94)
    write_trial(folder, 10, {"lr0": 0.8}, noted=TrialStatus.FAILED, status=Status.RUNNING, error="killed by signal 9")
    return folder


def content_of(folder):
    return json.loads(folder.summary.read_text())


def test_the_images_say_what_can_be_told_apart(mixed):
    summary = finalize_sweep(mixed, Screen(quiet=True))
    content = content_of(mixed)
    assert content["ranking"]["order"][:3] == [2, 6, 0]
    assert content["ranking"]["could_be_best"] == [2, 6]
    rows = {row["trial"]: row for row in content["trials"]}
    assert rows[2]["behind"] == 0.0
    assert rows[0]["could_be_best"] is False
    assert rows[0]["p"] < 0.05 <= rows[6]["p"]
    assert rows[0]["behind_ci"][0] > 0
    assert rows[1]["could_be_best"] is None
    assert content["ranking"]["replicates"] == 2000
    assert "1 is worse by more than chance, and trial 6 may be as good" in content["answer"]
    assert any("winner's curse" in note for note in content["notes"])
    assert any("test split" in note for note in content["notes"])
    assert mixed.best.is_symlink()
    assert mixed.best.readlink().as_posix() == "2"
    assert summary.winner.run.metrics.is_file()


@pytest.mark.heavy
def test_the_link_moves_with_the_winner_and_never_replaces_a_real_folder(mixed):
    finalize_sweep(mixed, Screen(quiet=True))
    write_trial(mixed, 11, {"lr0": 0.9}, 1.0)
    finalize_sweep(mixed, Screen(quiet=True))
    assert mixed.best.readlink().as_posix() == "11"
    mixed.best.unlink()
    mixed.best.mkdir()
    (mixed.best / "mine.txt").write_text("keep")
    finalize_sweep(mixed, Screen(quiet=True))
    assert (mixed.best / "mine.txt").read_text() == "keep"


def test_without_records_there_is_an_order_and_no_claim(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=2)
    write_trial(folder, 0, {"lr0": 0.1}, 0.5, records=False)
    write_trial(folder, 1, {"lr0": 0.2}, 0.6, records=False)
    finalize_sweep(folder, Screen(quiet=True))
    content = content_of(folder)
    assert content["finished"] is True
    assert content["winner"]["trial"] == 1
    assert content["ranking"]["statistical_support"] is False
    assert "whether that is more than chance is not known" in content["answer"]
    assert any("predictions.npz" in note for note in content["notes"])


def test_trials_of_other_data_are_ranked_but_not_tested(tmp_path):
    folder = write_sweep(tmp_path / "sweep", keys=("data",), budget=3)
    write_trial(folder, 0, {"data": "a"}, 0.5)
    write_trial(folder, 1, {"data": "a2"}, 0.8)
    write_trial(folder, 2, {"data": "b"}, 0.9, labels_seed=4, dataset_fingerprint="e" * 64)
    finalize_sweep(folder, Screen(quiet=True))
    content = content_of(folder)
    assert content["trials"][2]["could_be_best"] is None
    assert any("trial 2 measured something else" in note for note in content["notes"])


def test_nothing_completed(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=1)
    write_trial(folder, 0, {"lr0": 0.1}, noted=TrialStatus.FAILED, status=None, error="no memory")
    finalize_sweep(folder, Screen(quiet=True))
    assert content_of(folder)["winner"] is None
    assert not folder.best.exists()
    assert "None of 1 trials" in content_of(folder)["answer"]


def test_seeds_of_one_configuration_are_ranked_as_recipes(tmp_path):
    folder = write_sweep(tmp_path / "sweep", keys=("lr0", "seed"), budget=7)
    number = 0
    for lr0, found in ((0.1, 0.9), (0.2, 0.4)):
        for seed in range(3):
            write_trial(folder, number, {"lr0": lr0, "seed": seed}, found - 0.01 * seed)
            number += 1
    write_trial(folder, 6, {"lr0": 0.3, "seed": 0}, 1.0)
    finalize_sweep(folder, Screen(quiet=True))
    content = content_of(folder)
    best, worse, lonely = content["recipes"]
    assert best["values"] == {"lr0": 0.1}
    assert best["trials"] == [0, 1, 2]
    assert worse["could_be_best"] is False
    assert worse["behind"] > 0
    assert lonely["could_be_best"] is None
    assert content["winner"]["trial"] in (0, 1, 2), "a single lucky run proves no recipe"
    assert "Of 2 recipes lr0=0.1 came out first" in content["answer"]
    assert any("1 recipes have fewer than three" in note for note in content["notes"])


def test_several_objectives_have_a_front_and_one_link(tmp_path):
    folder = write_sweep(tmp_path / "sweep", objectives=(Objective("mAP50-95", "maximize"), LATENCY), budget=3)
    for number, (found, speed) in enumerate(((0.5, 5.0), (0.9, 9.0), (0.4, 9.0))):
        write_trial(folder, number, {"lr0": number}, found, speed_ms={"inference": speed})
    finalize_sweep(folder, Screen(quiet=True))
    content = content_of(folder)
    assert content["ranking"]["pareto"] == [0, 1]
    assert [item["pareto"] for item in content["trials"]] == [True, True, False]
    assert folder.best.readlink().as_posix() == "1"
    assert "2 of 3 trials are beaten by no other" in content["answer"]

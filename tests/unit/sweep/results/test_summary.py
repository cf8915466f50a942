"""The summary of a sweep: true rows, an order, what can be claimed, and words for it."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from sweep_samples import LATENCY, write_comparison, write_sweep, write_trial

from yololab.files.record import Status
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.importance import importances
from yololab.sweep.results.ranking import order_of, pareto_front
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.results.summary_files import write_summary
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


def test_a_row_a_trial_in_the_order_of_numbers(mixed):
    write_summary(mixed)
    content = content_of(mixed)
    assert content["schema_version"] == 2
    rows = content["trials"]
    assert [row["trial"] for row in rows] == [0, 1, 2, 3, 4, 5, 6, 10]
    assert [row["status"] for row in rows] == [
        "complete", "failed", "complete", "pruned", "not started", "interrupted", "complete", "failed",
    ]  # fmt: skip
    assert rows[1]["error"] == "boom"
    assert rows[7]["error"] == "killed by signal 9"
    assert rows[3]["epochs"] == 2
    assert rows[0]["metrics"]["mAP50-95"] == json.loads(mixed.trial(0).metrics.read_text())["mAP50-95"]
    assert rows[0]["metrics"]["speed_ms.inference"] == 12.5
    assert rows[0]["seconds"] == 12.5
    assert rows[0]["weights_bytes"] == 1500
    assert rows[4]["metrics"] == {}
    assert content["finished"] is False
    assert content["counts"] == {"complete": 3, "failed": 2, "pruned": 1, "not started": 1, "interrupted": 1}
    table = list(csv.DictReader(io.StringIO(mixed.summary_table.read_text())))
    assert [row["lr0"] for row in table] == ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]
    assert [row["rank"] for row in table] == ["3", "", "1", "", "", "", "2", ""]
    assert table[1]["mAP50-95"] == ""
    assert table[1]["error"] == "boom"


def test_a_summary_during_the_sweep_makes_no_claim(mixed):
    summary = write_summary(mixed)
    assert summary.ranking.selection is None
    assert summary.winner.trial == 2
    assert "so far" in content_of(mixed)["answer"]
    assert content_of(mixed)["importance"] is None


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


def test_damaged_files_cost_a_row_its_numbers_and_nothing_else(mixed):
    mixed.trial(0).metrics.write_text("{")
    mixed.trial(2).record.write_text("[]")
    mixed.trial(6).comparison.write_text("garbage")
    mixed.trial(6).results.write_bytes(b"\xff\xfe")
    write_summary(mixed, statistics=True)
    rows = content_of(mixed)["trials"]
    assert rows[0]["metrics"] == {}
    assert rows[2]["metrics"]["mAP50"] > 0
    assert rows[6]["baseline"] is None


def test_every_trial_against_the_baseline_is_corrected_for_their_number(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=3)
    for number, p in enumerate((0.03, 0.5, 0.9)):
        write_comparison(write_trial(folder, number, {"lr0": number}, 0.9 - number / 10), "IMPROVED", 0.02, p)
    write_summary(folder, statistics=True)
    content = content_of(folder)
    assert [row["baseline"]["p_adjusted"] for row in content["trials"]] == [pytest.approx(0.09), 1.0, 1.0]
    assert any("0.09 after correction for 3 trials, which chance may explain" in note for note in content["notes"])


def test_a_winner_measured_on_the_test_split_says_so(tmp_path):
    folder = write_sweep(tmp_path / "sweep", budget=2)
    write_trial(folder, 0, {"lr0": 0.1}, 0.5)
    run = write_trial(folder, 1, {"lr0": 0.2}, 0.9)
    run.test_evaluation.mkdir()
    content = json.loads(run.metrics.read_text()) | {"split": "test", "mAP50-95": 0.4321}
    (run.test_evaluation / "metrics.json").write_text(json.dumps(content))
    write_summary(folder, statistics=True)
    found = content_of(folder)
    assert found["test"]["metrics"]["mAP50-95"] == 0.4321
    assert any("On the test split, which chose neither epoch nor trial: mAP50-95 0.4321" in n for n in found["notes"])


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


def row(number, *objectives, status=TrialStatus.COMPLETE, tmp="/x"):
    return TrialRow(number, {}, status, tmp, objectives=objectives)


def test_the_pareto_front_is_what_no_other_beats():
    objectives = (Objective("mAP50-95", "maximize"), LATENCY)
    rows = [row(0, 0.5, 10.0), row(1, 0.6, 20.0), row(2, 0.4, 20.0), row(3, 0.6, 20.0), row(4, 0.9, None)]
    assert pareto_front(rows, objectives) == (0, 1, 3)


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


def test_the_order_puts_complete_before_pruned_and_errors_low(tmp_path):
    rows = [row(0, None, status=TrialStatus.FAILED), row(1, 0.9, status=TrialStatus.PRUNED), row(2, 0.2), row(3, 0.1)]
    assert order_of(rows, Objective("mAP50-95", "maximize")) == (2, 3, 1, 0)
    assert order_of(rows, Objective("delta", "minimize")) == (3, 2, 1, 0)


def test_importance_finds_what_mattered_and_says_when_nothing_can_be_said():
    rng = np.random.default_rng(3)
    values = [{"lr0": 10 ** rng.uniform(-4, -1), "momentum": rng.uniform(0.8, 1), "epochs": 3} for _ in range(40)]
    scores = [-abs(np.log10(item["lr0"]) + 2) + 0.05 * rng.normal() for item in values]
    found = importances(values, scores)
    assert found.items[0].key == "lr0"
    assert found.items[0].more_than_chance
    assert {item.key for item in found.items} == {"lr0", "momentum"}
    noise = importances(values, [float(x) for x in rng.normal(size=40)])
    assert "stand" in noise.text or noise.items
    assert "too few" in importances(values[:5], scores[:5]).text
    assert "nothing to weigh" in importances([{"lr0": item["lr0"]} for item in values], scores).text
    assert "No setting varies" in importances([{"epochs": 3}] * 12, scores[:12]).text
    texts = [{"model": "ab"[n % 2], "optimizer": "xyz"[n % 3]} for n in range(30)]
    assert importances(texts, [float(n % 2) + n / 1e4 for n in range(30)]).items[0].key == "model"

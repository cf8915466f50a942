"""Declined and failed runs go; whatever has trained, runs, or was promoted stays."""

from __future__ import annotations

import pytest
from sweep_samples import write_sweep

from yololab.errors import InputError
from yololab.files.json_files import write_json
from yololab.files.locks import locked
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.results.cleaning import delete, plan_cleaning
from yololab.sweep.results.lost_runs import lost_folders, lost_run, remove_lost
from yololab.sweep.state import APPROVALS_VERSION, SweepFolder


@pytest.fixture
def tree(tmp_path) -> OutputTree:
    return OutputTree(tmp_path)


def write_run(tree: OutputTree, name: str, status: Status, *, trained: bool = False) -> RunFolder:
    run = RunFolder(tree.training / name)
    Record(run).begin({"name": name, "provenance": {}})
    Record(run).finish(status)
    if trained:
        run.weights.mkdir()
        run.last.write_bytes(b"weights")
    return run


def test_only_what_came_to_nothing_goes(tree):
    for status in Status:
        write_run(tree, status.value, status)
    trained = write_run(tree, "trained", Status.FAILED, trained=True)
    (tree.training / "link").symlink_to(tree.training / "rejected")
    found, left = lost_folders(tree)
    assert [path.name for path in found] == ["failed", "rejected"]
    assert [line.partition(":")[0] for line in left] == ["outputs/training/trained"]
    plan = plan_cleaning(tree.root, tree.root / "cache")
    assert {item.path.name for item in plan.items} == {"failed", "rejected"}
    assert plan.files >= 2
    assert delete(plan) == plan.size > 0
    assert sorted(path.name for path in tree.training.iterdir() if path.exists()) == sorted(
        [*(set(Status) - {Status.FAILED, Status.REJECTED}), "trained"]
    )
    assert lost_run(trained.path) == trained.path
    assert delete(plan_cleaning(trained.path, tree.root / "cache")) > 0
    assert not trained.path.exists()


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.INTERRUPTED, Status.RUNNING, Status.PRUNED])
def test_a_result_that_is_named_stays_all_the_same(status, tree):
    with pytest.raises(InputError, match="it is a result, and stays"):
        plan_cleaning(write_run(tree, "named", status).path, tree.root)


def test_what_a_baseline_was_made_of_stays(tree):
    run = write_run(tree, "promoted", Status.FAILED)
    Record(run).update(promoted={"path": "somewhere"})
    assert lost_folders(tree) == ([], ["outputs/training/promoted: a baseline was made of it"])
    with pytest.raises(InputError, match="a baseline was made of it"):
        lost_run(run.path)
    assert remove_lost(run.path, [tree]) is False
    assert run.record.is_file()


def test_one_that_was_resumed_meanwhile_stays(tree):
    run = write_run(tree, "again", Status.FAILED)
    with locked(run):
        assert remove_lost(run.path, [tree]) is False
    Record(run).finish(Status.COMPLETE)
    assert remove_lost(run.path, [tree]) is False
    run.record.write_text("{")
    assert remove_lost(run.path, [tree]) is False
    assert run.path.is_dir()


def test_a_declined_sweep_goes_and_one_with_something_in_it_stays(tree):
    declined = tree.multirun / "declined_1"
    for folder in (declined, tree.multirun / "more_1"):
        write_json(folder / "approvals.json", {"status": "rejected", "approvals": []}, APPROVALS_VERSION)
    (tree.multirun / "more_1" / "mine.txt").write_text("precious")
    write_sweep(tree.multirun / "sweep_1")
    found, _ = lost_folders(tree)
    assert found == [declined]
    (item,) = plan_cleaning(declined, tree.root / "cache").items
    assert item.path == declined == lost_run(declined)
    with pytest.raises(InputError, match="not approved: nothing of it was run"):
        SweepFolder(declined).refuse_rejected()
    assert remove_lost(declined, [tree])
    assert not declined.exists()


def test_a_trial_belongs_to_its_sweep(tree):
    sweep = write_sweep(tree.multirun / "sweep_1")
    run = RunFolder(sweep.path / "7")
    Record(run).begin({"name": "7", "provenance": {}})
    Record(run).finish(Status.FAILED)
    with pytest.raises(InputError, match="a trial of a sweep"):
        lost_run(run.path)

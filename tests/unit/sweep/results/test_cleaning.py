"""What may go from a disk: never what lies outside, behind a link, or is still needed."""

from __future__ import annotations

import pytest
from sweep_samples import complete_sweep, write_sweep, write_trial

from yololab.errors import InputError
from yololab.files.record_content import Status
from yololab.sweep.results.cleaning import delete, plan_cleaning
from yololab.sweep.state import TrialStatus


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project" / "multirun").mkdir(parents=True)
    return tmp_path / "project"


def cache_of(project):
    cache = project / ".yololab" / "cache"
    for name in ("labels/a.cache", "torch/hub/b", "mine/c", "images-1.sqlite", "notes.txt"):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_bytes(b"12345")
    return cache


def test_a_sweeps_losers_go_and_the_sum_is_told(project):
    folder = complete_sweep(project / "multirun" / "demo_1")
    plan = plan_cleaning(folder.path, project / "cache")
    assert plan.items
    assert plan.size == delete(plan)
    assert plan_cleaning(folder.path, project / "cache").items == ()
    assert folder.best.resolve().joinpath("weights/best.pt").is_file()


def test_a_project_gives_up_our_caches_and_nothing_else_there(project):
    cache = cache_of(project)
    plan = plan_cleaning(project, cache)
    assert sorted(item.path.relative_to(cache).as_posix() for item in plan.items) == [
        "images-1.sqlite",
        "labels/a.cache",
        "torch/hub/b",
    ]
    delete(plan)
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["c", "notes.txt"]


def test_links_in_a_cache_are_left_alone(project, tmp_path):
    cache = cache_of(project)
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "x").write_text("keep")
    (cache / "labels" / "link").symlink_to(outside / "x")
    (cache / "triton").symlink_to(outside)
    paths = {item.path for item in plan_cleaning(project, cache).items}
    assert not {path for path in paths if "link" in path.name or "triton" in path.parts}


def test_a_cache_outside_of_the_folder_is_not_emptied(project, tmp_path):
    assert plan_cleaning(project, cache_of(tmp_path / "other")).items == ()


def test_while_a_run_is_running_its_caches_stay(project):
    cache = cache_of(project)
    folder = write_sweep(project / "multirun" / "busy_1", budget=1)
    write_trial(folder, 0, {"lr0": 1}, 0.5, noted=TrialStatus.RUNNING, status=Status.RUNNING)
    plan = plan_cleaning(project, cache)
    assert plan.items == ()
    assert any("have not ended" in line for line in plan.left)


def test_what_is_none_of_ours_is_refused(tmp_path):
    with pytest.raises(InputError, match="nothing of yololab's"):
        plan_cleaning(tmp_path, tmp_path / "cache")
    with pytest.raises(InputError, match="no such folder"):
        plan_cleaning(tmp_path / "gone", tmp_path / "cache")

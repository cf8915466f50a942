"""A run folder that was copied, moved, or given by somebody: which project it belongs to, and what it may."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from yololab.config.defaults import default_tree
from yololab.config.validation import validate
from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.job.resume import reopen


def frozen_run(place: Path, started_in: Path, *overrides: str, **changes: object) -> Path:
    """Write the frozen config and the record of a run that was started in a folder."""
    run = RunFolder(place)
    run.hydra.mkdir(parents=True)
    tree = default_tree()
    for key, value in changes.items():
        group, _, name = key.partition("__")
        tree[group][name] = value
    run.config.write_text(yaml.safe_dump(tree))
    run.overrides.write_text(yaml.safe_dump(list(overrides)))
    run.hydra_settings.write_text(yaml.safe_dump({"hydra": {"run": {}, "runtime": {"cwd": str(started_in)}}}))
    Record(run).begin({"name": place.name, "provenance": {"working_directory": str(started_in)}})
    return place


def given(*overridden: str, **changes: object):
    tree = default_tree()
    for key, value in changes.items():
        group, _, name = key.partition("__")
        tree[group][name] = value
    return validate(tree, overridden)


def opened(run: Path, here: Path, now=None):
    """Return the root of the results, where relative paths start, and whether the download script may run."""
    frozen, started_in = reopen(RunFolder(run), now or given(), here, "no other", ("approval", "notes"))
    paths = frozen.experiment.paths
    return (started_in / paths.root).resolve(), started_in, frozen.experiment.data.allow_download


@pytest.fixture
def a(tmp_path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    return tmp_path / "a"


def test_a_run_where_it_was_started_keeps_its_project_from_wherever_it_is_resumed(a, tmp_path):
    run = frozen_run(a / "outputs/training/r", a)
    for here in (a, tmp_path / "b", run):
        assert opened(run, here) == (a, a, False)


def test_a_copy_belongs_to_the_project_it_lies_in_though_the_other_is_still_there(a, tmp_path):
    frozen_run(a / "outputs/training/r", a)
    shutil.copytree(a / "outputs", tmp_path / "b/outputs")
    b = tmp_path / "b"
    for here in (a, b, tmp_path):
        assert opened(b / "outputs/training/r", here)[:2] == (b, b)


def test_a_moved_project_goes_with_its_runs(a, tmp_path):
    frozen_run(a / "outputs/training/r", a)
    moved = a.rename(tmp_path / "moved")
    assert opened(moved / "outputs/training/r", tmp_path)[:2] == (moved, moved)


def test_results_below_the_users_folder_stay_below_it(a, tmp_path):
    frozen_run(a / "results/outputs/training/r", a, "paths.root=results", paths__root="results")
    assert opened(a / "results/outputs/training/r", tmp_path)[:2] == (a / "results", a)
    moved = a.rename(tmp_path / "moved")
    assert opened(moved / "results/outputs/training/r", tmp_path)[:2] == (moved / "results", moved)


def test_an_absolute_root_of_the_frozen_config_does_not_lead_back(a, tmp_path):
    run = frozen_run(tmp_path / "b/outputs/training/r", a, f"paths.root={a}", paths__root=str(a), paths__cache="/etc")
    (a / "outputs/training").mkdir(parents=True)
    frozen, _ = reopen(RunFolder(run), given(), a, "no other", ())
    assert frozen.experiment.paths.root == str(tmp_path / "b")
    assert frozen.experiment.paths.cache == given().paths.cache


def test_a_trial_belongs_to_the_project_of_its_sweep_and_alone_to_that_of_the_command(a, tmp_path):
    trial = frozen_run(a / "multirun/s/3", tmp_path / "gone")
    assert opened(trial, tmp_path / "b")[:2] == (a, a)
    alone = shutil.copytree(trial, tmp_path / "b/3")
    assert opened(alone, tmp_path / "b")[:2] == (tmp_path / "b", tmp_path / "b")


def test_outputs_that_are_a_link_lie_in_the_project_that_links_to_them(a, tmp_path):
    disk = tmp_path / "disk"
    run = frozen_run(disk / "training/r", a)
    (a / "outputs").symlink_to(disk)
    assert opened(run, tmp_path)[:2] == (a, a)
    (tmp_path / "b/outputs").symlink_to(disk)
    shutil.rmtree(a)
    assert opened(run, tmp_path / "b")[:2] == (tmp_path / "b", tmp_path / "b")


@pytest.mark.parametrize("overrides", [(), ("data.allow_download=true",)])
def test_a_folder_gives_no_permission_to_run_code(a, overrides):
    run = frozen_run(a / "outputs/training/r", a, *overrides, data__allow_download=True)
    if not overrides:  # written into the config by hand
        assert opened(run, a)[2] is False
    assert opened(run, a)[2] is False
    assert opened(run, a, given("data.allow_download", data__allow_download=True))[2] is True
    with pytest.raises(InputError, match="true in a file"):  # an option file gives none either
        given(data__allow_download=True)


def test_other_settings_are_refused(a):
    run = frozen_run(a / "outputs/training/r", a)
    with pytest.raises(InputError) as caught:
        opened(run, a, given("data.source", "approval.cpu", "epochs"))
    assert [problem.where for problem in caught.value.problems] == ["data.source", "epochs"]

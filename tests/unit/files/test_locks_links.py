"""Whoever works in a run's folder writes into that folder, and nowhere else."""

from __future__ import annotations

import os

import pytest

from yololab.errors import InputError
from yololab.files.locks import locked
from yololab.files.paths import RunFolder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    for path in (folder.weights, folder.evaluation, folder.hydra):
        path.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/victim").write_text("precious")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "yololab.log",
        "results.csv",
        "weights/last.pt",
        "report.html",
        ".run.lock",
        ".experiment_log.json.lock",
        "plot.png",
    ],
)
@pytest.mark.parametrize("target", ["../outside/victim", "../outside/new", "/dev/null"])
def test_a_link_is_refused_and_what_it_points_at_stays(run, tmp_path, name, target):
    (run.path / name).symlink_to(os.path.relpath(tmp_path / "run" / target, (run.path / name).parent))
    with pytest.raises(InputError, match=r"is a link to") as caught, locked(run):
        pytest.fail("the folder was worked in")
    assert caught.value.problems[0].where == str(run.path / name)
    assert (tmp_path / "outside/victim").read_text() == "precious"
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["victim"]


def test_so_is_a_linked_folder_and_a_pipe_and_all_are_named(run, tmp_path):
    run.evaluation.rmdir()
    run.evaluation.symlink_to(tmp_path / "outside")
    os.mkfifo(run.log)
    with pytest.raises(InputError) as caught, locked(run):
        pytest.fail("the folder was worked in")
    assert {problem.where for problem in caught.value.problems} == {str(run.evaluation), str(run.log)}


def test_a_second_name_of_a_file_elsewhere_is_given_up(run, tmp_path):
    """A log, a table, a checkpoint: they are written in place."""
    for path in (run.log, run.results, run.last):
        os.link(tmp_path / "outside/victim", path)
    with locked(run):
        for path in (run.log, run.results, run.last):
            with path.open("a") as file:
                file.write("more")
    assert (tmp_path / "outside/victim").read_text() == "precious"
    assert {path.read_text() for path in (run.log, run.results, run.last)} == {"preciousmore"}


def test_a_link_to_itself_leads_nowhere_out_of_the_folder(run):
    (run.path / "dataset_manifest.json.gz").symlink_to("dataset_manifest.json.gz")
    with locked(run):
        pass

"""What a command is given, and the files and folders that its operands name."""

from __future__ import annotations

import json

import pytest

from yololab.cli.request import Request, check_operands
from yololab.errors import InputError


def request_of(folder, *operands: str, overrides: tuple[str, ...] = (), as_json: bool = False) -> Request:
    return Request(operands, overrides, as_json, ("yololab",), folder)


@pytest.fixture
def run(tmp_path):
    run = tmp_path / "outputs/training/yolo26n_20260117_143000"
    run.mkdir(parents=True)
    return run


def test_a_run_is_found_by_its_folder_and_by_its_name(run, tmp_path):
    for text in (str(run), run.name, "outputs/training/yolo26n_20260117_143000"):
        request = request_of(tmp_path, text)
        check_operands("report", request)
        assert request.path.resolve() == run


def test_what_is_not_there_is_named_with_what_may_be_meant(run, tmp_path):
    with pytest.raises(InputError, match=f"did you mean {run.name}"):
        check_operands("report", request_of(tmp_path, "yolo26m_20260117_143000"))
    request = request_of(tmp_path, "yolo26n_2026")
    check_operands("report", request)
    assert request.path == run
    with pytest.raises(InputError, match="lists what there is"):
        check_operands("report", request_of(tmp_path / "elsewhere", "x"))


def test_every_missing_thing_is_told_at_once(run, tmp_path):
    with pytest.raises(InputError) as caught:
        check_operands("compare", request_of(tmp_path, "gone", "lost"))
    assert [problem.where for problem in caught.value.problems] == ["gone", "lost"]


def test_each_of_several_operands_is_looked_for(run, tmp_path):
    with pytest.raises(InputError) as caught:
        check_operands("compare", request_of(tmp_path, run.name, "lost", "gone", run.name))
    assert [problem.where for problem in caught.value.problems] == ["lost", "gone"]


def test_patterns_and_texts_are_no_files(run, tmp_path):
    check_operands("compare", request_of(tmp_path, "multirun/a_*/*", run.name))
    check_operands("note", request_of(tmp_path, run.name, "no/such/file"))


def test_results_lie_where_paths_root_says(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    assert request_of(tmp_path, overrides=(f"paths.root={elsewhere}",)).tree.root == elsewhere


def test_json_is_printed_only_when_asked_for_and_holds_no_nan(tmp_path, capsys):
    request_of(tmp_path).print_json({"a": float("nan")})
    assert capsys.readouterr().out == ""
    request_of(tmp_path, as_json=True).print_json({"a": float("nan"), "path": tmp_path})
    assert json.loads(capsys.readouterr().out) == {"a": None, "path": str(tmp_path)}


@pytest.mark.parametrize(
    ("command", "override", "refused"),
    [
        ("report", "lr0=0.1", True),
        ("report", "approval=auto", True),
        ("compare", "baseline.gate=none", False),
        ("compare", "baseline.promote=always", True),
        ("compare", "paths.root=elsewhere", False),
        ("resume", "data.allow_download=true", False),
        ("resume", "search.storage='sqlite:///a.db'", False),
        ("resume", "search.trials=3", True),
        ("rerun", "data.allow_download=true", False),
        ("evaluate", "search.trials=3", True),
        ("evaluate", "hydra.job.name=x", True),
        ("evaluate", "epochs=3", False),
        ("train", "hydra.job.name=x", False),
    ],
)
def test_no_setting_that_a_command_does_not_read_is_taken_without_a_word(command, override, refused, run, tmp_path):
    operands = () if command in ("train", "evaluate") else (str(run),)
    request = request_of(tmp_path, *operands, overrides=(override,))
    if not refused:
        check_operands(command, request)
        return
    with pytest.raises(InputError, match="does not read it"):
        check_operands(command, request)

"""The beginning and the end of a run: what is there when it is stopped, and what its record says."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from whole_run import context_of, write_whole_run

from yololab.config.schema import ApprovalConfig, Policy
from yololab.errors import ApprovalError, InputError
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.signals import StopSignal
from yololab.job import lifecycle
from yololab.job.context import Context, Stage
from yololab.job.gatekeeper import Gatekeeper, GateName

pytestmark = pytest.mark.process  # a record asks git


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job of one stage, without dataset and model; what it does is set by the test."""
    steps = SimpleNamespace(stage=lambda context: None, report=lambda context: None, freeze=lambda folder, place: None)

    def report(context: Context) -> None:
        steps.report(context)

    monkeypatch.setattr(lifecycle, "introduce", lambda context, prepared: None)
    monkeypatch.setattr(lifecycle, "run_stages", lambda context, results: steps.stage(context))
    monkeypatch.setattr(lifecycle, "CLOSING", (Stage("report", report),))
    whole = write_whole_run(tmp_path / "whole")
    training = tmp_path / "outputs/training"

    def freeze(folder: RunFolder, place: Path) -> None:
        folder.config.parent.mkdir()
        folder.config.write_text("lr0: 0.01\n")
        steps.freeze(folder, place)

    def start():
        context = replace(context_of(whole, previous=None), stop=StopSignal())
        prepared = SimpleNamespace(paths=SimpleNamespace(tree=SimpleNamespace(training=training)))
        return lifecycle.start_new(context, prepared, "exp", freeze)

    steps.start, steps.training = start, training
    return steps


def seen(training: Path) -> list[str]:
    return sorted(path.name for path in training.glob("[!.]*"))


def hidden(training: Path) -> list[Path]:
    return list(training.glob(".*"))


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def content(folder: RunFolder) -> dict:
    return json.loads(folder.record.read_text())


def test_the_folder_appears_with_its_config_and_its_record(job):
    def stage(context):
        assert content(context.folder)["status"] == "running"
        assert context.folder.config.is_file()
        (name,) = seen(job.training)
        assert content(context.folder)["name"] == name == context.folder.path.name

    job.freeze = lambda folder, place: seen(job.training) and pytest.fail("it can be seen too early")
    job.stage = stage
    folder, code = job.start()
    assert (code, content(folder)["status"], hidden(job.training)) == (0, "complete", [])


@pytest.mark.parametrize("error", [InputError([]), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_cannot_begin_leaves_nothing(job, error):
    def freeze(folder, place):
        raise error

    job.freeze = freeze
    with pytest.raises(type(error)):
        job.start()
    assert list(job.training.iterdir()) == []


def test_a_name_that_is_taken_meanwhile_is_left_to_who_has_it(job):
    def freeze(folder, place):
        if not place.name.endswith("_2"):
            place.mkdir()
            (place / "theirs").write_text("precious")

    job.freeze = freeze
    folder, _ = job.start()
    assert folder.path.name.endswith("_2")
    assert content(folder)["name"] == folder.path.name
    (other,) = (path for path in job.training.iterdir() if path != folder.path)
    assert [path.name for path in other.iterdir()] == ["theirs"]


def test_what_a_kill_has_left_is_swept_up_and_what_somebody_makes_is_not(job):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    host = RunFolder(job.training)
    host.path.mkdir(parents=True)
    from yololab.files.atomic import _host, _temporary

    dead, living = job.training / f".exp.{_host()}-{child}-0123abcd.tmp", _temporary(job.training / "other")
    for path in (dead, living):
        path.mkdir()
    job.start()
    assert hidden(job.training) == [living]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["freeze", "stage"])
def test_a_signal_at_any_moment_ends_with_130_and_a_true_record(job, number, moment):
    setattr(job, moment, lambda *_: send(number))
    folder, code = job.start()
    assert (code, content(folder)["status"], content(folder)["error"]["exit_code"]) == (130, "interrupted", 130)
    assert content(folder)["attempts"][-1]["status"] == "interrupted"


def test_a_signal_while_the_page_is_written_does_not_undo_the_run(job):
    job.report = lambda _: send(signal.SIGTERM)
    folder, code = job.start()
    assert (code, content(folder)["status"], content(folder)["exit_code"]) == (130, "complete", 130)


def test_a_signal_while_the_end_is_recorded_waits_for_it(job, monkeypatch):
    finish = Record.finish

    def interrupted(self, *given):
        send(signal.SIGTERM)
        finish(self, *given)

    monkeypatch.setattr(Record, "finish", interrupted)
    folder, code = job.start()
    assert (code, content(folder)["status"]) == (130, "complete")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES])
def test_an_error_of_the_world_fails_the_run_and_says_how_to_resume_it(job, number):
    def stage(context):
        raise OSError(number, os.strerror(number), "/somewhere/last.pt")

    job.stage = stage
    folder, code = job.start()
    error = content(folder)["error"]
    assert (code, content(folder)["status"], error["exit_code"]) == (1, "failed", 1)
    assert error["message"].startswith("/somewhere/last.pt: ")
    assert "yololab resume" in error["message"]


def test_a_folder_that_vanishes_under_the_run_is_an_error_and_no_more(job, capsys):
    def stage(context):
        shutil.rmtree(context.folder.path)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(context.folder.last))

    job.stage = stage
    _, code = job.start()
    assert code == 1
    assert "Nor could its record be written" in capsys.readouterr().err
    assert seen(job.training) == []


def test_an_end_that_cannot_be_recorded_is_said(job, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Record, "finish", full)
    folder, code = job.start()
    assert code == 1
    assert "No space left on device" in capsys.readouterr().err
    assert content(folder)["status"] == "running", "nobody could write anything else"


def resumed(tmp_path, status: str, monkeypatch, **policies):
    """Resume a run whose CPU gate was agreed to, and ask at that gate again."""
    run = write_whole_run(tmp_path / "run")
    Record(run).add_approval({"gate": "cpu", "facts": {}, "answer": "yes", "by": "user:ann", "time": ""})
    Record(run).update(status=status)
    run.results.unlink()

    def stages(context, results):
        if context.gatekeeper.decide([GateName.CPU], "Train on the CPU?", {})[0].answer == "no":
            raise ApprovalError("declined")

    monkeypatch.setattr(lifecycle, "run_stages", stages)
    monkeypatch.setattr(lifecycle, "introduce", lambda context, prepared: None)
    monkeypatch.setattr(lifecycle, "_prepare", lambda context: SimpleNamespace())
    keeper = Gatekeeper(ApprovalConfig(**policies), None)
    return run, lifecycle.start(replace(context_of(run), gatekeeper=keeper))


def test_what_was_agreed_to_is_not_asked_again(tmp_path, monkeypatch):
    assert resumed(tmp_path, "interrupted", monkeypatch)[1] == 0


@pytest.mark.parametrize(("before", "after"), [("complete", "complete"), ("interrupted", "rejected")])
def test_who_agrees_to_nothing_now_stops_a_resume_and_a_complete_run_stays_one(tmp_path, monkeypatch, before, after):
    run, code = resumed(tmp_path, before, monkeypatch, policy=Policy.NEVER)
    assert (code, content(run)["status"]) == (3, after)

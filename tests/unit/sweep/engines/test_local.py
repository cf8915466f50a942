"""The engine of this machine keeps the contract, and shares the machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from sweep_contract import BODY, SweepContract, Trials, alive, kill, points, settings_of, start_parent, wait_for

from yololab.errors import InputError
from yololab.host.processes import ProcessIdentity
from yololab.sweep.engines.local import LocalExecutor, LocalSettings, visible_gpus
from yololab.sweep.engines.registry import make_executor, split_settings
from yololab.sweep.executor import THREADS, Executor, JobState, Resources
from yololab.sweep.state import SweepFolder, TrialStatus


def local(jobs: int = 1, **given: Any) -> Executor:
    own, resources = split_settings({"jobs": jobs, "grace_seconds": 1.0, **given})
    return make_executor("local", own, resources, BODY)


@pytest.mark.process
class TestLocal(SweepContract):
    def executor(self, **given: Any) -> Executor:
        return local(**given)

    def test_the_signal_and_the_memory_are_named(self, make, tmp_path):
        entries = self.run(tmp_path, make(jobs=2, memory_gb=0.25), "do=kill", "do=greedy")
        assert "SIGKILL" in entries[0].error["message"]
        assert "more memory than 0.25 GiB" in entries[1].error["message"]

    def test_gpu_slots(self, make, tmp_path):
        executor = make(jobs=4, gpu_ids=[0, 2], gpus=0.5)
        self.run(tmp_path, executor, *["do=ok seconds=1"] * 4)
        seen = [(tmp_path / f"{number}/starts.txt").read_text().split()[1] for number in range(4)]
        assert sorted(seen) == ["0", "0", "2", "2"]
        assert local(jobs=None, gpu_ids=[0, 2], gpus=0.5).capacity == 4


def test_threads_are_divided(monkeypatch):
    monkeypatch.setattr("yololab.sweep.engines.local.usable_cores", lambda: 8)
    assert LocalExecutor(local(3, gpu_ids=[]).settings, Resources(), BODY).threads == 2
    assert LocalExecutor(local(9, gpu_ids=[]).settings, Resources(), BODY).threads == 1
    assert LocalExecutor(local(9, gpu_ids=[]).settings, Resources(cpus=5), BODY).threads == 5
    assert THREADS not in os.environ


def test_visible_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1, 3")
    assert visible_gpus() == ["1", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_gpus() == []


def test_settings_are_checked_all_at_once():
    with pytest.raises(InputError) as caught:
        local(jobs=0.5, job=3, grace_seconds=-1)
    assert {problem.where.rpartition(".")[2] for problem in caught.value.problems} == {"jobs", "job", "grace_seconds"}
    with pytest.raises(InputError, match="whole number"):
        local(cpus="many")
    with pytest.raises(InputError, match="hydra/launcher"):
        make_executor("mainframe", {}, Resources())


@pytest.mark.process
def test_children_end_with_a_killed_parent_and_a_second_one_finishes(tmp_path):
    folder = SweepFolder(tmp_path)
    folder.write_settings(settings_of("killed", arguments=("lr0=interval(0.0,1.0)", "seconds=0.7")))
    parent = start_parent(tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("*/starts.txt"))) == 3, 120)
    kill(parent)
    running = [entry.number for entry in folder.trials() if entry.status is TrialStatus.RUNNING]
    assert running
    wait_for(lambda: not any(alive(tmp_path / str(number)) for number in running), 30)
    before = points(tmp_path)
    starts = {entry.number: entry.attempts for entry in folder.trials() if entry.status.finished}
    assert start_parent(tmp_path).wait(180) == 0
    entries = folder.trials()
    assert [entry.number for entry in entries] == list(range(6))
    assert {str(entry.status) for entry in entries} == {"complete"}
    assert points(tmp_path)[: len(before)] == before, "what was sampled is kept"
    assert len(set(points(tmp_path))) == 6, "and nothing is sampled twice"
    for number, attempts in starts.items():
        assert entries[number].attempts == attempts, "what had ended is not run again"
    assert start_parent(tmp_path).wait(180) == 0
    assert folder.trials() == entries, "there is nothing left to do"


@pytest.mark.process
def test_a_resume_may_come_while_orphans_still_save_their_state(tmp_path):
    folder = SweepFolder(tmp_path)
    arguments = ("lr0=interval(0.0,1.0)", "seconds=1.5", "saving=3")
    folder.write_settings(settings_of("orphans", arguments=arguments, budget=2))
    parent = start_parent(tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("*/experiment_log.json"))) == 2, 120)
    kill(parent)
    assert start_parent(tmp_path).wait(180) == 0
    assert [str(entry.status) for entry in folder.trials()] == ["complete"] * 2
    assert [entry.attempts for entry in folder.trials()] == [2, 2]


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_parent_stops_its_trials_and_goes_on_later(number, tmp_path):
    folder = SweepFolder(tmp_path)
    arguments = ("lr0=interval(0.0,1.0)", "seconds=1.5")
    folder.write_settings(settings_of("stopped", arguments=arguments, budget=3))
    parent = start_parent(tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("*/experiment_log.json"))) == 2, 120)
    parent.send_signal(number)
    assert parent.wait(120) == 1, "the error that asks for a resume"
    waiting = folder.trials()
    assert {str(entry.status) for entry in waiting} == {"interrupted"}
    assert not any(alive(tmp_path / str(entry.number)) for entry in waiting)
    assert start_parent(tmp_path).wait(180) == 0
    assert [str(entry.status) for entry in folder.trials()] == ["complete"] * 3
    assert [entry.attempts for entry in folder.trials()] == [2, 2, 1]


@pytest.mark.process
def test_two_parents_share_one_sweep(tmp_path):
    folder = SweepFolder(tmp_path)
    arguments = ("lr0=interval(0.0,1.0)", "seconds=0.3")
    folder.write_settings(settings_of("shared", arguments=arguments, budget=10))
    parents = [start_parent(tmp_path) for _ in range(2)]
    assert [parent.wait(90) for parent in parents] == [0, 0]
    entries = folder.trials()
    assert [entry.number for entry in entries] == list(range(10))
    assert all(entry.status is TrialStatus.COMPLETE and entry.attempts == 1 for entry in entries)
    assert len({entry.study_trial for entry in entries}) == 10
    assert len(set(points(tmp_path))) == 10
    for number in range(10):
        assert len((tmp_path / f"{number}/starts.txt").read_text().splitlines()) == 1


@pytest.mark.process
def test_a_killed_trial_is_not_started_twice_while_it_lives(tmp_path):
    """The parent is gone, and the trial does not listen: it is looked after, not started beside itself."""
    folder = SweepFolder(tmp_path)
    folder.write_settings(settings_of("orphan", resources=Resources(time_minutes=4 / 60), budget=1))
    source = Trials(folder, "do=stubborn")
    executor = local(time_minutes=4 / 60)
    handle = executor.submit(folder.trial(0).path, {})
    folder.write_trial(replace(source.left[0], status=TrialStatus.RUNNING, attempts=1, handle=handle, study_trial=None))
    assert start_parent(tmp_path).wait(180) == 0
    entry = folder.trials()[0]
    assert entry.status is TrialStatus.FAILED
    assert entry.attempts == 1
    assert len((tmp_path / "0/starts.txt").read_text().splitlines()) == 1
    executor.close()


@pytest.mark.process
def test_nothing_is_left_of_a_body(tmp_path):
    executor, folder = local(), SweepFolder(tmp_path)
    Trials(folder, "do=stubborn")
    executor.submit(folder.trial(0).path, {})
    wait_for(lambda: "begun" in (tmp_path / "0/output.log").read_text())
    executor.close()
    assert not alive(tmp_path / "0")


@pytest.mark.parametrize("handle", ["", "x", "[]", "{}", '{"host": 1}', '{"host": "h", "pid": "x", "slot": 0}', "7"])
def test_a_handle_that_is_none_is_gone(handle):
    executor = LocalExecutor(LocalSettings(), Resources(), ("true",))
    assert executor.poll([handle]) == {handle: JobState.GONE}
    executor.cancel(handle)
    executor.close()


@pytest.mark.process
def test_a_number_that_was_given_out_again_is_left_alone():
    """Whoever has it now leads a group of his own, and is none of ours."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        try:
            gone = ProcessIdentity.of(other.pid).to_json() | {"started": "x:1", "slot": 0, "deadline": 0.0}
            executor = LocalExecutor(LocalSettings(), Resources(), ("true",))
            for pid in (other.pid, 0, -1, 2**70):
                handle = json.dumps(gone | {"pid": pid})
                assert executor.poll([handle]) == {handle: JobState.GONE}
            assert other.poll() is None
        finally:
            other.kill()

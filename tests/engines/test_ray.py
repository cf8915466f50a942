"""Trials on a real Ray cluster: the contract of every engine, and what only Ray does."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from executor_contract import ExecutorContract, SweepsElsewhere, is_alive, kill, wait_for, wait_until

from yololab.errors import InputError
from yololab.sweep.executor import JobState, Resources

pytestmark = pytest.mark.ray


@pytest.fixture
def engine(ray_engine):
    return ray_engine


class TestSweeps(SweepsElsewhere):
    pass


class TestContract(ExecutorContract):
    def finish_after_parent(self, engine, successor, trial, handle):
        # Ray ends the tasks of a process that is gone: the successor learns it, and starts the trial again.
        wait_for(successor, [handle])
        assert not is_alive(trial.process)
        assert trial.status == "running"
        again = successor.submit(trial.folder, {})
        wait_for(successor, [again])
        assert trial.starts == [0, 2]

    def unknown_handle(self) -> str:
        return '{"job": "ffff0000", "task": "0"}'


def test_beyond_its_time_it_is_asked_to_stop_and_then_killed(engine):
    executor = engine.make(Resources(cpus=1, time_minutes=0.05))
    listens, hangs = engine.trial("time/0", "stuck-until-stop"), engine.trial("time/1", "hang")
    handles = [executor.submit(trial.folder, {}) for trial in (listens, hangs)]
    wait_for(executor, handles)
    assert (listens.status, hangs.status) == ("interrupted", "running")
    assert all("time limit of 0.05 min" in executor.reason(handle) for handle in handles)
    assert not is_alive(hangs.process)


def test_parts_of_gpus_and_both_nodes(engine):
    executor = engine.make(Resources(cpus=1, gpus=0.5))
    assert executor.capacity == 4
    trials = [engine.trial(f"gpus/{number}", "stuck-until-stop") for number in range(4)]
    handles = [executor.submit(trial.folder, {}) for trial in trials]
    wait_until(lambda: all(trial.done == 2 for trial in trials), "second epoch of all four at once")
    for handle in handles:
        executor.cancel(handle)
    wait_for(executor, handles)
    assert {trial.environment["CUDA_VISIBLE_DEVICES"] for trial in trials} == {"0"}


def test_no_gpu_asked_none_seen(engine):
    executor = engine.make(Resources(cpus=1), env={"ONLY_THERE": 3})
    trial = engine.trial("no-gpu/0")
    wait_for(executor, [executor.submit(trial.folder, {})])
    assert trial.environment.get("CUDA_VISIBLE_DEVICES", "") == ""
    assert trial.environment["ONLY_THERE"] == "3"


def test_a_killed_worker_takes_its_trial_with_it_and_no_other(engine):
    executor = engine.make()
    trial, other = engine.trial("worker/0", "stuck-until-stop"), engine.trial("worker/1", epochs=30)
    handles = [executor.submit(item.folder, {}) for item in (trial, other)]
    wait_until(lambda: trial.done == 2, "second epoch")
    worker = int(next(line for line in _status(trial.process) if line.startswith("PPid")).split()[1])
    kill(worker)
    wait_for(executor, handles)
    assert not is_alive(trial.process)
    assert (trial.status, other.status) == ("running", "complete")
    assert trial.starts == [0]
    assert executor.reason(handles[0])


def test_a_killed_node_lets_its_trials_go_on_elsewhere(ray_nodes, engine):
    executor = engine.make(Resources(cpus=2))
    trials = [engine.trial(f"node/{number}", "stuck-until-stop") for number in range(2)]
    handles = [executor.submit(trial.folder, {}) for trial in trials]
    wait_for(executor, handles, JobState.RUNNING)
    wait_until(lambda: all(trial.done == 2 for trial in trials), "second epochs")
    ray_nodes.kill_second_node()
    try:
        wait_until(lambda: JobState.GONE in executor.poll(handles).values(), "lost trial")
        states = executor.poll(handles)
        lost = next(trial for trial, handle in zip(trials, handles, strict=True) if states[handle] is JobState.GONE)
        other = next(handle for handle in handles if states[handle] is JobState.RUNNING)
        assert not is_alive(lost.process)
        assert "node" in executor.reason(handles[trials.index(lost)])
        again = executor.submit(lost.folder, {})
        executor.cancel(other)
        wait_for(executor, [again, other])
        assert lost.status == "complete"
        assert lost.starts == [0, 2]
    finally:
        ray_nodes.add_second_node()


def test_what_no_node_has_is_refused(engine):
    with pytest.raises(InputError, match="no node has CPU 1, GPU 2"):
        engine.make(Resources(cpus=1, gpus=2))
    with pytest.raises(InputError, match="licence"):
        engine.make(custom={"licence": 1})
    executor = engine.make(Resources(cpus=1, gpus=2), wait_for_nodes=True)
    handle = executor.submit(engine.trial("never/0").folder, {})
    assert executor.poll([handle]) == {handle: JobState.PENDING}
    executor.cancel(handle)
    wait_for(executor, [handle])


def test_no_cluster_there(engine):
    import ray

    ray.shutdown()
    with pytest.raises(InputError, match="ray start --head"):
        engine.make(address="127.0.0.1:1")


def test_a_folder_that_a_node_does_not_see(engine, tmp_path):
    with pytest.raises(InputError, match=r"paths\.root"):
        engine.make().submit(tmp_path / "nowhere/0", {})


def test_our_signal_handlers_stay(engine):
    import ray

    ray.shutdown()
    engine.make()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def _status(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/status").read_text().splitlines()

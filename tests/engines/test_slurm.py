"""Trials on a real Slurm: the contract of every engine, and what only Slurm does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sweep_contract
from executor_contract import ExecutorContract, SweepsElsewhere, Trial, kill, wait_for, wait_until

from yololab.errors import InputError, JobError
from yololab.sweep.engines.slurm import commands
from yololab.sweep.executor import JobState, Resources

pytestmark = pytest.mark.slurm


@pytest.fixture
def engine(slurm_engine):
    return slurm_engine


class TestSweeps(SweepsElsewhere):
    def test_a_hanging_trial_is_ended_at_its_time_limit(self, make, tmp_path):
        # Slurm counts in minutes, and looks every half of one.
        entries = self.run(tmp_path, make(jobs=2, time_minutes=1), "do=hang", "do=ok")
        assert [str(entry.status) for entry in entries] == ["failed", "complete"]
        assert "time limit" in entries[0].error["message"]
        assert "time_minutes" in entries[0].error["message"]
        assert not sweep_contract.alive(tmp_path / "0")


class TestContract(ExecutorContract):
    def finish_after_parent(self, engine, successor, trial, handle):
        # The job is Slurm's: it goes on, and the successor finds it by its number.
        assert successor.poll([handle]) == {handle: JobState.RUNNING}
        # Its parent may have died before it noted the number: the same folder never gets a second job.
        assert successor.submit(trial.folder, {}) == handle
        (trial.folder / "behaviour").write_text("complete")
        kill(trial.process)
        wait_for(successor, [handle])
        again = successor.submit(trial.folder, {})
        wait_for(successor, [again])
        assert trial.starts == [0, 2]

    def unknown_handle(self) -> str:
        return "987654"


def test_one_gpu_a_job_and_both_nodes(engine):
    executor = engine.make(Resources(cpus=1, gpus=1))
    trials = [engine.trial(f"gpus/{number}") for number in range(4)]
    wait_for(executor, [executor.submit(trial.folder, {}) for trial in trials])
    assert {trial.environment["SLURMD_NODENAME"] for trial in trials} == {"n1", "n2"}
    assert {trial.environment["CUDA_VISIBLE_DEVICES"] for trial in trials} == {"0"}


def test_no_gpu_asked_none_seen(engine):
    executor = engine.make(Resources(cpus=1, gpus=0))
    trial = engine.trial("no-gpu/0")
    wait_for(executor, [executor.submit(trial.folder, {})])
    assert trial.environment["CUDA_VISIBLE_DEVICES"] == ""


def test_at_its_time_limit_it_is_queued_again_and_goes_on(slurm, engine):
    executor = engine.make(Resources(cpus=1, time_minutes=1))
    trial = engine.trial("limit/0", "stuck-until-stop")
    handle = executor.submit(trial.folder, {})
    wait_for(executor, [handle], JobState.RUNNING)
    # Waiting again is not the end; it may be over between two looks.
    wait_until(lambda: JobState.PENDING in executor.poll([handle]).values() or len(trial.starts) == 2, "requeue", 120)
    wait_for(executor, [handle])
    assert trial.status == "complete"
    assert trial.starts == [0, 3]
    assert executor.reason(handle) is None


def test_pushed_aside_it_is_queued_again_and_goes_on(slurm, engine):
    executor = engine.make(Resources(cpus=4), partition="work", sbatch={"nodelist": "n1"})
    trial = engine.trial("aside/0", "stuck-until-stop")
    handle = executor.submit(trial.folder, {})
    wait_until(lambda: trial.done == 2, "second epoch")
    slurm.run("sbatch", "-p", "urgent", "-c4", "-w", "n1", "-o", "/dev/null", "--wrap", "sleep 1")
    wait_until(lambda: trial.status == "interrupted", "stop")
    wait_for(executor, [handle])
    assert trial.status == "complete"
    assert trial.starts == [0, 3]


def test_requeue_can_be_turned_off(slurm, engine):
    executor = engine.make(requeue=False)
    trial = engine.trial("off/0", "stuck-until-stop")
    handle = executor.submit(trial.folder, {})
    wait_until(lambda: trial.done == 2, "second epoch")
    # What Slurm sends when the time limit is near.
    slurm.run("scancel", "--signal=USR2", handle)
    wait_for(executor, [handle])
    assert (trial.status, trial.starts) == ("interrupted", [0])
    assert "not queued again" in executor.reason(handle)


def test_cancelled_from_outside_it_does_not_come_back(slurm, engine):
    executor = engine.make()
    trial, other = engine.trial("outside/0", "stuck-until-stop"), engine.trial("outside/1")
    handles = [executor.submit(item.folder, {}) for item in (trial, other)]
    wait_until(lambda: trial.done == 2, "second epoch")
    slurm.run("scancel", handles[0])
    wait_for(executor, handles)
    assert (trial.status, other.status) == ("interrupted", "complete")
    assert "cancelled in Slurm" in executor.reason(handles[0])
    assert slurm.state(handles[0]) == "CANCELLED"


def test_an_unreachable_controller_teaches_nothing(slurm, engine, monkeypatch):
    executor = engine.make()
    trial = engine.trial("away/0", "stuck-until-stop")
    handle = executor.submit(trial.folder, {})
    wait_for(executor, [handle], JobState.RUNNING)
    slurm.stop_controller()
    try:
        monkeypatch.setattr(commands, "COMMAND_SECONDS", 1)
        assert executor.poll([handle]) == {handle: JobState.RUNNING}
        assert engine.make().poll([handle]) == {}
    finally:
        monkeypatch.undo()
        slurm.start_controller()
    wait_until(lambda: slurm.state(handle) == "RUNNING", "controller")
    assert executor.poll([handle]) == {handle: JobState.RUNNING}
    executor.cancel(handle)
    wait_for(executor, [handle])


def test_a_suspended_job_has_not_ended(slurm, engine):
    executor = engine.make()
    trial = engine.trial("suspend/0", "stuck-until-stop")
    handle = executor.submit(trial.folder, {})
    wait_for(executor, [handle], JobState.RUNNING)
    slurm.run("scontrol", "suspend", handle)
    wait_until(lambda: slurm.state(handle) == "SUSPENDED", "suspension")
    assert executor.poll([handle]) == {handle: JobState.RUNNING}
    slurm.run("scontrol", "resume", handle)
    slurm.run("scontrol", "requeuehold", handle)
    wait_until(lambda: slurm.state(handle) in ("PENDING", "REQUEUE_HOLD"), "hold")
    wait_for(executor, [handle], JobState.PENDING)
    executor.cancel(handle)
    wait_for(executor, [handle])


def test_a_folder_that_the_node_does_not_see_ends_the_sweep(slurm, engine):
    executor = engine.make(sbatch={"nodelist": "n2"})
    folder = slurm.only_on_first_node / "sweep/0"
    folder.mkdir(parents=True)
    handle = executor.submit(folder, {})
    with pytest.raises(InputError, match=r"paths\.root"):
        wait_for(executor, [handle])
    shutil.rmtree(folder.parent)


def test_what_the_cluster_never_has_is_refused_before_the_first_trial(engine):
    trial = engine.trial("never/0")
    with pytest.raises(InputError, match="Requested node configuration is not available"):
        engine.make(Resources(cpus=1, gpus=9)).submit(trial.folder, {})
    with pytest.raises(InputError, match="partition"):
        engine.make(partition="nowhere").submit(trial.folder, {})


def test_refused_later_it_is_the_trial_that_failed(engine):
    executor = engine.make()
    first = engine.trial("later/0")
    wait_for(executor, [executor.submit(first.folder, {})])
    executor.resources = Resources(cpus=1, gpus=9)
    with pytest.raises(JobError, match="does not take"):
        executor.submit(engine.trial("later/1").folder, {})


def test_options_of_sbatch_are_checked_together(engine):
    wrong = {"exclud": "n1", "time": 5, "output": "x", "nice": 10, "mail_type": ["END"]}
    with pytest.raises(InputError) as caught:
        engine.make(Resources(cpus=1, gpus=0.5), sbatch=wrong)
    text = str(caught.value)
    assert "sbatch.exclud: unknown" in text
    assert "did you mean exclude" in text
    assert "sbatch.time: has a setting of its own" in text
    assert "sbatch.output: is set by yololab" in text
    assert "sbatch.mail_type: ['END']" in text
    assert "gpus: 0.5" in text
    assert "nice" not in text


def test_setup_lines_and_options_reach_the_job(slurm, engine):
    executor = engine.make(setup=["export FROM_SETUP=yes"], sbatch={"nice": 7})
    trial = engine.trial("setup/0")
    handle = executor.submit(trial.folder, {})
    facts = slurm.run("scontrol", "show", "job", "-o", handle)
    assert "Nice=7" in facts
    assert f"Comment={trial.folder}" in facts
    wait_for(executor, [handle])
    assert trial.environment["FROM_SETUP"] == "yes"


def test_submitted_from_within_a_job_it_is_a_job_of_its_own(engine, monkeypatch):
    for name, value in {"SLURM_JOB_ID": "1", "SLURM_GPUS_PER_NODE": "7", "SBATCH_PARTITION": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    executor = engine.make()
    trial = engine.trial("within/0")
    wait_for(executor, [executor.submit(trial.folder, {})])
    assert trial.status == "complete"


def test_sweep_folders_with_spaces(engine):
    executor = engine.make()
    trial = engine.trial("a sweep, with spaces/0")
    wait_for(executor, [executor.submit(trial.folder, {})])
    assert trial.status == "complete"
    assert isinstance(trial, Trial)
    assert Path(trial.folder / ".slurm").is_dir()

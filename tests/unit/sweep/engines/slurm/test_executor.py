"""What is decided about jobs of Slurm without asking one: words of squeue, settings, parameters of sbatch."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.sweep.engines.late_records import LateRecords
from yololab.sweep.engines.remote_device import remote_device
from yololab.sweep.engines.slurm import executor as slurm
from yololab.sweep.engines.slurm.job import NO_PROGRESS, Notice, SlurmTrial, job_facts
from yololab.sweep.engines.slurm.queue import QueuedJob, parse_queue, read_queue, why_ended
from yololab.sweep.engines.slurm.settings import SlurmSettings, read_slurm_settings, sbatch_problems, submission
from yololab.sweep.executor import JobState, Resources

KNOWN = frozenset({"exclude", "nice", "gres", "mail-user"})


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put scripts in the place of Slurm's commands; each prints its file and ends with its code."""

    def make(name: str, text: str = "", code: int = 0) -> None:
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / f"{name}.txt").write_text(text)
        script = tmp_path / "bin" / name
        script.write_text(
            f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/{name}.calls'\ncat '{tmp_path}/{name}.txt'\nexit {code}\n"
        )
        script.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return make


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("PENDING", JobState.PENDING),
        ("CONFIGURING", JobState.PENDING),
        ("REQUEUED", JobState.PENDING),
        ("REQUEUE_HOLD", JobState.PENDING),
        ("SPECIAL_EXIT", JobState.PENDING),
        ("RUNNING", JobState.RUNNING),
        ("SUSPENDED", JobState.RUNNING),
        ("COMPLETING", JobState.RUNNING),
        ("STOPPED", JobState.RUNNING),
        ("A_STATE_OF_TOMORROW", JobState.RUNNING),
        ("COMPLETED", JobState.GONE),
        ("CANCELLED", JobState.GONE),
        ("TIMEOUT", JobState.GONE),
        ("NODE_FAIL", JobState.GONE),
        ("OUT_OF_MEMORY", JobState.GONE),
        ("PREEMPTED", JobState.GONE),
    ],
)
def test_only_an_end_is_an_end(word, state):
    assert QueuedJob(word, "").job_state is state


def test_lines_of_squeue():
    text = "12|RUNNING|/a b/0\n  13_4|PENDING|\nslurm_load_jobs error\n"
    assert parse_queue(text) == {"12": QueuedJob("RUNNING", "/a b/0"), "13_4": QueuedJob("PENDING", "")}


def test_an_answer_is_believed_and_silence_teaches_nothing(programs, tmp_path):
    programs("squeue", "1|RUNNING|/s/0\n", code=1)
    assert read_queue() is None
    programs("squeue", "1|RUNNING|/s/0\n")
    assert read_queue(["1"]) == {"1": QueuedJob("RUNNING", "/s/0")}
    assert "-j 1,1" in (tmp_path / "squeue.calls").read_text(), "one number alone makes squeue fail when it is gone"


def executor_of(**settings) -> slurm.SlurmExecutor:
    return slurm.SlurmExecutor(SlurmSettings(poll_seconds=0, settle_seconds=0, **settings), Resources(), ("true",))


def test_gone_only_when_two_answers_leave_it_out(programs, tmp_path):
    executor = executor_of()
    programs("squeue", "1|RUNNING|\n")
    assert executor.poll(["1", "2"]) == {"1": JobState.RUNNING, "2": JobState.GONE}
    assert len((tmp_path / "squeue.calls").read_text().splitlines()) == 2
    programs("squeue", "", code=1)
    assert executor.poll(["1", "2"]) == {"1": JobState.RUNNING, "2": JobState.GONE}
    assert executor_of().poll(["1"]) == {}


def test_a_job_that_is_not_listed_yet_is_waited_for(programs):
    executor = executor_of()
    executor._submitted["5"] = time.monotonic()
    programs("squeue", "")
    assert executor.poll(["5"]) == {"5": JobState.PENDING}
    executor._submitted["5"] -= 100
    assert executor.poll(["5"]) == {"5": JobState.GONE}


def test_the_record_of_an_ended_job_is_waited_for(programs, tmp_path):
    folder = tmp_path / "0"
    folder.mkdir()
    executor = slurm.SlurmExecutor(SlurmSettings(poll_seconds=0, settle_seconds=60), Resources(), ("true",))
    programs("squeue", f"5|COMPLETED|{folder}\n")
    (folder / "experiment_log.json").write_text(json.dumps({"schema_version": 1, "status": "running"}))
    assert executor.poll(["5"]) == {"5": JobState.RUNNING}
    (folder / "experiment_log.json").write_text(json.dumps({"schema_version": 1, "status": "complete"}))
    assert executor.poll(["5"]) == {"5": JobState.GONE}


def test_a_killed_trial_never_gets_a_final_status(tmp_path):
    late_records = LateRecords(0.1)
    assert not late_records.has_arrived("1", tmp_path)
    time.sleep(0.15)
    assert late_records.has_arrived("1", tmp_path)
    assert late_records.has_arrived("2", None)


def test_facts_with_spaces_in_them(programs):
    programs(
        "scontrol", "JobId=7 JobName=a b JobState=FAILED ReqB:S:C:T=0:0:*:* Comment=/my sweeps/x/0  ExitCode=0:53\n"
    )
    facts = job_facts("7")
    assert facts["Comment"] == "/my sweeps/x/0"
    assert facts["JobName"] == "a b"
    assert facts["ReqB:S:C:T"] == "0:0:*:*"


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("COMPLETED", "0:0", None),
        ("RUNNING", "0:0", None),
        ("FAILED", "137:0", "SIGKILL"),
        ("FAILED", "0:53", "node n1 cannot write into /s/0"),
        ("FAILED", f"{NO_PROGRESS}:0", "hydra.launcher.time_minutes"),
        ("TIMEOUT", "0:15", "time limit"),
        ("OUT_OF_MEMORY", "0:125", "memory"),
        ("CANCELLED", "0:15", "cancelled in Slurm (job 7 on n1)"),
        ("NODE_FAIL", "0:0", "node failed"),
    ],
)
def test_why_a_job_ended(programs, state, code, words):
    programs("scontrol", f"JobId=7 JobState={state} ExitCode={code} NodeList=n1 StdOut=/nowhere Comment=/s/0\n")
    found = why_ended("7")
    assert found is None if words is None else words in found


def test_a_cancelled_job_is_not_queued_again(programs, tmp_path, monkeypatch):
    """Slurm would do it, and bring to life what somebody has ended."""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    programs("scontrol", "JobId=7 JobState=COMPLETING PreemptTime=None\n")
    trial = SlurmTrial(body=None, signal_seconds=60, requeue=True, max_requeues=5)
    for notice in (Notice(ending=True), Notice(time_limit=True, ending=True)):
        assert trial._after_stop(time.time(), 130, notice) == 130
    assert "requeue" not in (tmp_path / "scontrol.calls").read_text()


def test_all_problems_of_the_settings_at_once():
    with pytest.raises(InputError) as caught:
        read_slurm_settings(
            {"partion": "gpu", "jobs": "many", "sbatch": [1]}, Resources(cpus=0, gpus=1.5, time_minutes=1)
        )
    text = str(caught.value)
    for words in ("did you mean partition", "hydra.launcher.jobs: 'many'", "sbatch: [1]", "cpus: 0", "gpus: 1.5"):
        assert words in text
    assert "time_minutes: 1 min" in text


def test_options_of_sbatch():
    good = {"exclude": "n1", "mail_user": "me", "nice": 5, "gres": "shard:1"}
    assert sbatch_problems(good, KNOWN) == []
    wrong = sbatch_problems({"exlude": 1, "mem": "4G", "comment": "x", "gres": ["a"]}, KNOWN)
    assert [problem.where.rpartition(".")[2] for problem in wrong] == ["exlude", "mem", "comment", "gres"]
    assert "did you mean exclude" in str(wrong[0])
    assert "hydra.launcher.memory_gb" in str(wrong[1])
    assert sbatch_problems({"anything": 1}, frozenset()) == [], "an sbatch that does not tell is not second-guessed"


def test_parameters_of_sbatch():
    settings = SlurmSettings(partition="gpu", sbatch={"mail_user": "me", "exclusive": True, "nice": None})
    given = submission(settings, Resources(cpus=4, gpus=2.0, memory_gb=1.5, time_minutes=90.5))
    assert given["time"] == 91
    assert given["mem"] == "1536M"
    assert given["gpus_per_node"] == 2
    assert given["srun_args"] == ["--cpus-per-task=4"]
    assert given["additional_parameters"] == {"requeue": True, "mail-user": "me", "exclusive": True}
    nothing = submission(SlurmSettings(requeue=False), Resources())
    assert nothing["time"] is None, "submitit's own default is five minutes"
    assert nothing["wckey"] is None
    assert nothing["additional_parameters"] == {"no-requeue": True}


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(slurm, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        slurm.make_executor({}, Resources(), ("true",))
    assert "pip install 'yololab[slurm]'" in str(caught.value)
    assert "not on PATH: sbatch, squeue" in str(caught.value)
    assert caught.value.exit_code == 2


def test_ray_missing_is_said(monkeypatch):
    from yololab.sweep.engines.ray import executor as ray

    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'yololab\[ray\]'"):
        ray.make_executor({}, Resources(), ("true",))


@pytest.mark.parametrize(
    ("requested", "resources", "settings", "kind"),
    [
        (None, Resources(), {}, "cpu"),
        (None, Resources(gpus=1), {}, "cuda"),
        ("cpu", Resources(gpus=1), {}, "cpu"),
        ("0", Resources(gpus=0.5), {}, "cuda"),
        ("0,1", Resources(gpus=2), {}, "cuda"),
        ("0", Resources(), {"sbatch": {"gres": "gpu:1"}}, "cuda"),
    ],
)
def test_the_device_of_another_machine(requested, resources, settings, kind):
    assert remote_device(requested, resources, settings).kind == kind


@pytest.mark.parametrize(("requested", "gpus", "remedy"), [("0", None, "gpus=1"), ("0,1", 1, "gpus=2")])
def test_gpus_that_nobody_asked_for(requested, gpus, remedy):
    with pytest.raises(InputError, match=f"hydra.launcher.{remedy}"):
        remote_device(requested, Resources(gpus=gpus), {})


def test_a_launcher_is_a_file_and_each_engine_has_one():
    from yololab.config.folders import conf_dir
    from yololab.sweep.engines.registry import ENGINES

    assert {path.stem for path in (conf_dir() / "hydra/launcher").glob("*.yaml")} == set(ENGINES)
    assert isinstance(conf_dir(), Path)


@pytest.mark.parametrize("engine", ["slurm", "ray"])
def test_the_launcher_files_hold_every_setting_with_its_default(engine):
    import yaml

    from yololab.config.folders import conf_dir
    from yololab.sweep.engines.ray.executor import RaySettings
    from yololab.sweep.engines.registry import split_settings
    from yololab.sweep.engines.settings import read_settings

    content = yaml.safe_load((conf_dir() / f"hydra/launcher/{engine}.yaml").read_text())
    assert content.pop("_target_").startswith("hydra_plugins.")
    assert content.pop("engine") == engine
    own, resources = split_settings(content)
    cls = SlurmSettings if engine == "slurm" else RaySettings
    assert read_settings(cls, "hydra.launcher", own) == cls()
    assert set(own) == set(cls.__dataclass_fields__)
    assert resources == Resources()

"""What is forked is as good as a fresh process, and ends with whoever started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from sweep_contract import HERE, SweepContract, Trials, alive, wait_for

from yololab.files.paths import RunFolder
from yololab.sweep.engines.body import TrialBody
from yololab.sweep.engines.local import LocalExecutor, LocalSettings
from yololab.sweep.engines.warm.start import WarmProcess, WarmStart
from yololab.sweep.executor import Executor, JobState, Resources
from yololab.sweep.state import SweepFolder

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="trials are forked on Linux only"),
]
BODY = (sys.executable, "-m", "trial_body")
STATE = (sys.executable, "-m", "own_state")


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]))


def local(jobs: int = 1, **resources: Any) -> LocalExecutor:
    return LocalExecutor(LocalSettings(jobs=jobs, gpu_ids=[], grace_seconds=1.0), Resources(**resources), BODY)


class TestForked(SweepContract):
    def executor(self, **given: Any) -> Executor:
        return local(**given)

    def at_the_end(self, executor: Executor) -> None:
        assert executor._jobs
        assert all(isinstance(job.process, WarmProcess) for job in executor._jobs.values())


def trial(folder: Path, body=STATE) -> TrialBody:
    folder.mkdir()
    return TrialBody(str(folder), body, {"TOLD": folder.name}, str(folder.parent))


def state_of(folder: Path) -> dict:
    found = json.loads((folder / "state.json").read_text())
    text = json.dumps(found["state"]).replace(str(folder), "FOLDER").replace(f'"{folder.name}"', '"NAME"')
    return {"state": json.loads(text), "drawn": found["drawn"]}


def test_a_forked_trial_starts_as_a_fresh_one_does_whatever_was_forked_before(tmp_path):
    server = WarmStart(STATE)
    found = {}
    for name in ("forked", "again", "fresh"):
        body = trial(tmp_path / name)
        process = body.start(signal.SIGTERM) if name == "fresh" else server.start(body)
        wait_for(lambda process=process: process.poll() is not None)
        assert process.poll() == 3
        assert RunFolder(tmp_path / name).output.read_text() == "said\n"
        found[name] = state_of(tmp_path / name)
    server.close()
    threads = [found[name]["state"].pop("threads") for name in ("forked", "again", "fresh")]
    assert threads[:2] == [1, 1], "those of a matrix library end at the fork, and start again when they are needed"
    assert found["forked"]["state"] == found["fresh"]["state"]
    assert found["again"]["state"] == found["fresh"]["state"]
    drawn = [found[name]["drawn"][place] for name in found for place in range(2)]
    assert len(set(drawn)) == len(drawn), "no two processes draw the same numbers"


@pytest.mark.parametrize("name", ["threads", "error"])
def test_where_forking_is_not_safe_the_trial_needs_a_fresh_process(name, tmp_path):
    server = WarmStart(STATE)
    assert server.start(trial(tmp_path / name)) is None
    assert server.start(trial(tmp_path / "later")) is None
    server.close()


def test_another_environment_or_body_needs_a_fresh_process(tmp_path, monkeypatch):
    server = WarmStart(STATE)
    process = server.start(trial(tmp_path / "first"))
    assert process is not None
    wait_for(lambda: process.poll() == 3)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert server.start(trial(tmp_path / "second")) is None
    server.close()
    for body in ((sys.executable, "body.py"), ("sh", "-m", "x"), (sys.executable, "-m", "own_state", "more")):
        assert WarmStart(body).start(TrialBody(str(tmp_path), body, {}, str(tmp_path))) is None
    with pytest.raises(OSError, match=r"output\.log"):
        server.start(TrialBody(str(tmp_path / "gone"), STATE))


def test_gpus_and_who_wants_it_so_get_fresh_processes():
    assert LocalExecutor(LocalSettings(gpu_ids=["0"]), Resources(), BODY)._warm is None
    assert LocalExecutor(LocalSettings(gpu_ids=[], warm=False), Resources(), BODY)._warm is None


def test_trials_save_their_state_when_the_server_is_killed_and_later_ones_are_fresh(tmp_path):
    executor, folder = local(jobs=2), SweepFolder(tmp_path)
    Trials(folder, "do=ok seconds=600 saving=0.5", "do=ok")
    first = executor.submit(folder.trial(0).path, {})
    wait_for(lambda: "begun" in RunFolder(tmp_path / "0").output.read_text())
    executor._warm._server.kill()
    second = executor.submit(folder.trial(1).path, {})
    assert isinstance(executor._jobs[second].process, subprocess.Popen)
    wait_for(lambda: executor.poll([first, second]) == {first: JobState.GONE, second: JobState.GONE})
    assert json.loads(folder.trial(0).record.read_text())["status"] == "interrupted"
    assert "SIGTERM" in executor.reason(first)
    assert json.loads(folder.trial(1).record.read_text())["status"] == "complete"
    executor.close()


def test_all_end_with_a_killed_parent(tmp_path):
    Trials(SweepFolder(tmp_path), "do=ok seconds=600")
    code = (
        "import sys, time; from pathlib import Path; from yololab.sweep.engines.local import *\n"
        "made = LocalExecutor(LocalSettings(gpu_ids=[]), Resources(), (sys.executable, '-m', 'trial_body'))\n"
        f"made.submit(Path({str(tmp_path / '0')!r}), {{}}); print(made._warm._server.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        wait_for(lambda: "begun" in RunFolder(tmp_path / "0").output.read_text())
        parent.kill()
    wait_for(lambda: not alive(tmp_path / "0"))
    wait_for(lambda: not psutil.pid_exists(server) or psutil.Process(server).status() == psutil.STATUS_ZOMBIE)
    assert json.loads((tmp_path / "0/experiment_log.json").read_text())["status"] == "interrupted"

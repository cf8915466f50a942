"""The body of a trial as a process: its output in its folder, tied to whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from yololab.files.paths import RunFolder
from yololab.sweep.engines.body import TrialBody, ask_to_stop, kill_all, shell_code, signal_text
from yololab.sweep.executor import THREADS

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a process ends with its parent on Linux only")


def body_of(folder, script: str, **settings) -> TrialBody:
    return TrialBody(str(folder), ("-c", script), own_python=True, **settings)


def wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("code", "shell", "text"), [(0, 0, None), (3, 3, None), (-9, 137, "SIGKILL"), (-15, 143, "SIGTERM")]
)
def test_a_signal_is_told_as_a_shell_tells_it(code, shell, text):
    assert shell_code(code) == shell
    assert (signal_text(shell) or "").removeprefix("killed by ").split(" ")[0] == (text or "")


@pytest.mark.process
def test_it_gets_its_folder_its_variables_and_its_threads(tmp_path, monkeypatch):
    monkeypatch.delenv(THREADS, raising=False)
    script = f"import os, sys; print(sys.argv[-1], os.environ['A'], os.environ['{THREADS}'], os.getcwd())"
    process = body_of(tmp_path, script, environment={"A": "1"}, working_directory=str(tmp_path), threads=3).start()
    assert process.wait(20) == 0
    assert RunFolder(tmp_path).output.read_text().split() == [str(tmp_path), "1", "3", str(tmp_path)]


@pytest.mark.process
def test_a_folder_that_is_not_seen_is_an_error(tmp_path):
    with pytest.raises(OSError, match=r"output\.log"):
        body_of(tmp_path / "gone", "").start()


@pytest.mark.process
def test_being_asked_to_stop_before_it_listens_does_not_end_it(tmp_path):
    process = body_of(
        tmp_path, "import time; open('up', 'w').close(); time.sleep(60)", working_directory=str(tmp_path)
    ).start()
    try:
        wait_for((tmp_path / "up").exists)
        ask_to_stop(process)
        time.sleep(0.2)
        assert process.poll() is None
    finally:
        kill_all(process)
    assert process.returncode == -signal.SIGKILL


@ON_LINUX
@pytest.mark.process
def test_what_it_started_ends_with_it(tmp_path):
    script = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '60']); "
        "open('pid', 'w').write(str(p.pid)); time.sleep(60)"
    )
    process = body_of(tmp_path, script, working_directory=str(tmp_path)).start()
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    kill_all(process)
    child = int((tmp_path / "pid").read_text())
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@ON_LINUX
@pytest.mark.process
def test_it_ends_when_the_worker_is_killed(tmp_path):
    worker = (
        "import time; from yololab.sweep.engines.body import TrialBody; "
        f"p = TrialBody({str(tmp_path)!r}, ('-c', 'import time; time.sleep(60)'), own_python=True).start(); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    wait_for(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


@ON_LINUX
@pytest.mark.process
def test_a_body_whose_parent_died_in_between_does_not_start(tmp_path):
    command = [
        sys.executable,
        "-m",
        "yololab.sweep.engines.die_with_parent",
        str(os.getpid() + 1),
        "9",
        "touch",
        "started",
    ]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 1
    assert not (tmp_path / "started").exists()

"""What every engine must do with a trial, whatever becomes of it; shown with a body of half a second.

Test classes of an engine inherit from `ExecutorContract` (one trial after another, by its handle) and `SweepsElsewhere`
(whole sweeps), and say in the fixture `engine` how the engine is made.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sweep_contract

from yololab.files.paths import RunFolder
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import Executor, JobState, Resources

BODY = (sys.executable, str(Path(__file__).with_name("half_second_body.py")))
PATIENCE_SECONDS = 60


@dataclass
class Engine:
    """How an engine of these tests is made, and a folder that its nodes see."""

    name: str
    settings: dict[str, Any]
    folder: Path
    resources: Resources = field(default_factory=lambda: Resources(cpus=1))
    made: list[Executor] = field(default_factory=list)

    def make(self, resources: Resources | None = None, **settings: Any) -> Executor:
        executor = make_executor(self.name, self.settings | settings, resources or self.resources, BODY)
        self.made.append(executor)
        return executor

    def trial(self, name: str, behaviour: str = "complete", epochs: int = 5) -> Trial:
        folder = self.folder / name
        folder.mkdir(parents=True)
        (folder / "behaviour").write_text(behaviour)
        (folder / "epochs").write_text(str(epochs))
        return Trial(folder)

    def close(self) -> None:
        for executor in self.made:
            executor.close()


@dataclass(frozen=True)
class Trial:
    folder: Path

    @property
    def status(self) -> str | None:
        record = self.folder / "experiment_log.json"
        return json.loads(record.read_text())["status"] if record.exists() else None

    @property
    def starts(self) -> list[int]:
        """The epochs that were done at each start of the body."""
        path = self.folder / "starts"
        return [int(line.split()[0]) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def done(self) -> int:
        """The epochs that are saved."""
        last = self.folder / "weights/last.pt"
        return int(last.read_text()) if last.exists() else 0

    @property
    def process(self) -> int:
        return int((self.folder / "starts").read_text().splitlines()[-1].split()[1])

    @property
    def environment(self) -> dict[str, str]:
        return json.loads((self.folder / "environment.json").read_text())


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"no {what} after {seconds} s"
        time.sleep(0.1)


def wait_for(
    executor: Executor, handles: Sequence[str], state: JobState = JobState.GONE, seconds: float = PATIENCE_SECONDS
) -> None:
    wait_until(lambda: set(executor.poll(handles).values()) == {state}, f"{state}", seconds)


class SweepsElsewhere(sweep_contract.SweepContract):
    patience = 60.0
    slow_seconds = 20.0

    @pytest.fixture
    def make(self, engine):
        def make(jobs, **resources):
            settings = engine.settings | {"jobs": jobs}
            executor = make_executor(engine.name, settings, Resources(cpus=1, **resources), sweep_contract.BODY)
            engine.made.append(executor)
            return executor

        return make


class ExecutorContract:
    def test_whatever_becomes_of_one_the_others_complete(self, engine):
        executor = engine.make()
        behaviours = ("complete", "raise", "exit", "kill", "fail", "complete")
        trials = [engine.trial(f"others/{number}", word) for number, word in enumerate(behaviours)]
        handles = [executor.submit(trial.folder, {"TOLD": str(number)}) for number, trial in enumerate(trials)]
        assert len(set(handles)) == len(handles)
        wait_for(executor, handles)
        assert [trial.status for trial in trials] == ["complete", "running", "running", "running", "failed", "complete"]
        assert [trial.starts for trial in trials] == [[0]] * len(trials)
        assert trials[0].environment["TOLD"] == "0"
        assert trials[5].environment["TOLD"] == "5"
        assert "SIGKILL" in executor.reason(handles[3])
        assert executor.reason(handles[0]) is None
        assert "behaves: raise" in RunFolder(trials[1].folder).output.read_text()
        assert "RuntimeError: as told" in RunFolder(trials[1].folder).output.read_text()

    def test_started_again_it_goes_on(self, engine):
        executor = engine.make()
        trial = engine.trial("again/0", "kill-once")
        first = executor.submit(trial.folder, {})
        wait_for(executor, [first])
        assert trial.status == "running"
        second = executor.submit(trial.folder, {})
        assert second != first
        wait_for(executor, [second])
        assert trial.status == "complete"
        assert trial.starts == [0, 2]
        assert executor.poll([first, second]) == {first: JobState.GONE, second: JobState.GONE}

    def test_cancelled_in_the_middle_it_saves_its_state(self, engine):
        executor = engine.make()
        cancelled, other = engine.trial("cancel/0", "stuck-until-stop"), engine.trial("cancel/1")
        handles = [executor.submit(trial.folder, {}) for trial in (cancelled, other)]
        wait_until(lambda: cancelled.done == 2, "second epoch")
        executor.cancel(handles[0])
        wait_for(executor, handles)
        assert (cancelled.status, other.status) == ("interrupted", "complete")
        assert cancelled.starts == [0]
        assert "cancelled" in executor.reason(handles[0])

    def test_cancelled_while_it_waits_it_never_starts(self, engine):
        executor = engine.make()
        fillers = [engine.trial(f"waits/{number}", "hang") for number in range(20)]
        handles = [executor.submit(trial.folder, {}) for trial in fillers]
        wait_until(lambda: JobState.RUNNING in executor.poll(handles).values(), "running job")
        waiting = [handle for handle, state in executor.poll(handles).items() if state is JobState.PENDING]
        for handle in [*waiting, *handles]:
            executor.cancel(handle)
        wait_for(executor, handles)
        assert waiting
        assert fillers[handles.index(waiting[-1])].starts == []

    def test_a_killed_parent_loses_nothing(self, engine):
        trial = engine.trial("parent/0", "stuck-until-stop")
        arguments = {"engine": engine.name, "settings": engine.settings, "folder": str(trial.folder)}
        code = (
            "import json, sys, time\n"
            "from pathlib import Path\n"
            "from yololab.sweep.engines.registry import make_executor\n"
            "from yololab.sweep.executor import Resources\n"
            "given = json.loads(sys.argv[1])\n"
            "executor = make_executor(given['engine'], given['settings'], Resources(cpus=1), sys.argv[2:])\n"
            "print(executor.submit(Path(given['folder']), {}), flush=True)\n"
            "time.sleep(600)\n"
        )
        parent = subprocess.Popen(
            [sys.executable, "-c", code, json.dumps(arguments), *BODY], stdout=subprocess.PIPE, text=True
        )
        assert parent.stdout is not None
        handle = parent.stdout.readline().strip()
        wait_until(lambda: trial.done == 2, "second epoch")
        parent.kill()
        parent.wait()
        parent.stdout.close()
        successor = engine.make()
        self.finish_after_parent(engine, successor, trial, handle)
        assert trial.status == "complete"

    def finish_after_parent(self, engine, successor, trial, handle):
        """Bring the trial of a killed parent to its end."""
        raise NotImplementedError

    def test_what_nobody_remembers_is_gone(self, engine):
        handle = self.unknown_handle()
        assert engine.make().poll([handle]) == {handle: JobState.GONE}

    def unknown_handle(self) -> str:
        """Return a handle of a job that never was."""
        raise NotImplementedError

    def test_nothing_is_asked_of_nobody(self, engine):
        assert engine.make().poll([]) == {}

    def test_it_is_told_its_threads(self, engine):
        executor = engine.make(Resources(cpus=2))
        trial = engine.trial("threads/0")
        wait_for(executor, [executor.submit(trial.folder, {})])
        assert trial.environment["YOLOLAB_THREADS"] == "2"


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)

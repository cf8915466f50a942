"""What every engine has to do: the same scenarios, with a body of half a second. A test module subclasses them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert

from yololab.config.search import SearchConfig
from yololab.errors import InterruptedRunError
from yololab.files.record import Record
from yololab.host.signals import StopSignal
from yololab.sweep.executor import Executor, JobState, Resources
from yololab.sweep.loop import TrialLoop, reattach_trials
from yololab.sweep.planning.freeze_thaw.source import FreezeThawSource
from yololab.sweep.planning.space import read_space
from yololab.sweep.state import Objective, SweepFolder, SweepSettings, TrialEntry, TrialStatus

HERE = Path(__file__).parent
BODY = (sys.executable, str(HERE / "trial_body.py"))
MAP = (Objective("mAP50-95", "maximize"),)


class Trials:
    """A list of trials as a source, and who looks on."""

    def __init__(self, folder: SweepFolder, *wishes: str) -> None:
        self.folder = folder
        self.left = []
        self.seen: list[tuple[int, TrialStatus]] = []
        for number, wish in enumerate(wishes):
            folder.trial(number).path.mkdir(parents=True)
            self.left.append(TrialEntry(number, tuple(wish.split()), {}))
            folder.write_trial(self.left[-1])

    def next(self) -> TrialEntry | None:
        return self.left.pop(0) if self.left else None

    def environment(self, entry: TrialEntry) -> dict[str, str]:
        return {"ANSWER": "42"}

    def write(self, entry: TrialEntry) -> None:
        self.folder.write_trial(entry)

    def ended(self, entry: TrialEntry) -> None:
        """Nobody is told."""

    def changed(self, entry: TrialEntry) -> None:
        self.seen.append((entry.number, entry.status))

    def tick(self, running: Mapping[int, TrialEntry], states: Mapping[int, JobState]) -> None:
        """Nobody looks."""


def settings_of(name: str, **changes: Any) -> SweepSettings:
    """Return the settings of a small search on this machine."""
    search = convert({"sampler": "tpe", "trials": 6} | changes.pop("search", {}), SearchConfig)
    settings = SweepSettings(
        name=name,
        storage=None,
        arguments=("lr0=interval(0.0,1.0)", "epochs=4"),
        keys=("lr0",),
        objectives=MAP,
        search=search,
        budget=6,
        engine="local",
        engine_settings={"jobs": 2, "grace_seconds": 1.0},
        resources=Resources(),
        working_directory=str(HERE),
        task="detect",
        epochs=4,
        seed=0,
    )
    return replace(settings, **changes)


class SweepContract:
    """The scenarios. `make` is given settings as keywords: `jobs`, and those of `Resources`."""

    # From asking a job to end until it is gone, and from killing one until the engine knows, in seconds.
    patience = 60.0
    # Longer than three trials of half a second need one after the other, in seconds.
    slow_seconds = 4.0

    @pytest.fixture
    def make(self) -> Iterator[Callable[..., Executor]]:
        """Give what makes an executor; all that were made are closed in the end."""
        made = []

        def make(**given: Any) -> Executor:
            made.append(self.executor(**given))
            return made[-1]

        yield make
        for executor in made:
            self.at_the_end(executor)
            executor.close()

    def executor(self, **given: Any) -> Executor:
        """Make an executor of the engine."""
        raise NotImplementedError

    def at_the_end(self, executor: Executor) -> None:
        """Look at an executor once its scenario is over."""

    def run(self, tmp_path: Path, executor: Executor, *wishes: str, **options: Any) -> list[TrialEntry]:
        folder = SweepFolder(tmp_path)
        source = Trials(folder, *wishes)
        TrialLoop(folder, source, executor, MAP, (source,), poll_seconds=0.05, **options).run(StopSignal())
        return folder.trials()

    def test_each_end_is_one_row_and_ends_no_other(self, make, tmp_path):
        wishes = ("do=ok", "do=raise", "do=kill", "do=exit", "do=nan", "do=unrecorded", "do=ok lr0=0.3")
        entries = self.run(tmp_path, make(jobs=2), *wishes)
        states = ["complete", "failed", "failed", "failed", "failed", "failed", "complete"]
        assert [str(entry.status) for entry in entries] == states
        errors = [(entry.error or {}).get("message", "") for entry in entries]
        assert errors[1] == "boom"
        assert "without a final status" in errors[2]
        assert "without a final status" in errors[3]
        assert "mAP50-95 is not a number" in errors[4]
        assert "before it wrote its record" in errors[5]
        assert entries[6].objectives == (pytest.approx(1.0),)
        assert all(entry.owner is None and entry.handle is None for entry in entries)
        assert {str(Record(SweepFolder(tmp_path).trial(n)).read()["status"]) for n in (2, 3, 5)} == {"failed"}
        assert "begun ok" in (tmp_path / "0/output.log").read_text()

    def test_a_hanging_trial_is_ended_at_its_time_limit(self, make, tmp_path):
        entries = self.run(tmp_path, make(jobs=2, time_minutes=2 / 60), "do=hang", "do=stubborn", "do=ok")
        assert [str(entry.status) for entry in entries] == ["failed", "failed", "complete"]
        assert "time limit" in entries[0].error["message"]
        for number in (0, 1):
            assert not alive(tmp_path / str(number))

    def test_a_killed_trial_is_tried_again_as_often_as_allowed(self, make, tmp_path):
        entries = self.run(tmp_path, make(jobs=1), "do=once", "do=kill", "do=raise", retries=1)
        assert [str(entry.status) for entry in entries] == ["complete", "failed", "failed"]
        assert [entry.attempts for entry in entries] == [2, 2, 1]

    def test_a_slow_trial_keeps_no_slot_from_the_fast_ones(self, make, tmp_path):
        executor = make(jobs=2)
        assert executor.capacity == 2
        entries = self.run(tmp_path, executor, f"seconds={self.slow_seconds}", "do=ok", "do=ok", "do=ok")
        assert {str(entry.status) for entry in entries} == {"complete"}
        slow = float((tmp_path / "0/starts.txt").read_text().split()[-1])
        last = float((tmp_path / "3/starts.txt").read_text().split()[-1])
        assert last < slow + self.slow_seconds, "the fast ones ran beside it, one after the other"

    def test_cancelling_lets_a_trial_save_its_state(self, make, tmp_path):
        executor, folder = make(jobs=1), SweepFolder(tmp_path)
        Trials(folder, "do=ok seconds=600")
        handle = executor.submit(folder.trial(0).path, {})
        wait_for(lambda: (tmp_path / "0/output.log").exists() and "begun" in (tmp_path / "0/output.log").read_text())
        assert executor.poll([handle]) == {handle: JobState.RUNNING}
        executor.cancel(handle)
        wait_for(lambda: executor.poll([handle]) == {handle: JobState.GONE}, self.patience)
        assert Record(folder.trial(0)).read()["status"] == "interrupted"
        executor.close()

    def test_a_stop_leaves_trials_waiting(self, make, tmp_path):
        folder, stop = SweepFolder(tmp_path), StopSignal()
        source = Trials(folder, "do=ok", "do=ok seconds=600", "do=ok")
        begun = tmp_path / "1/output.log"
        source.tick = lambda *_: setattr(stop, "requested", begun.exists() and "begun" in begun.read_text())
        with pytest.raises(InterruptedRunError, match="resume"):
            TrialLoop(folder, source, make(jobs=1), MAP, (source,), poll_seconds=0.05).run(stop)
        assert [str(entry.status) for entry in folder.trials()] == ["complete", "interrupted", "not started"]
        assert not alive(tmp_path / "1")

    def test_a_trial_that_was_paused_goes_on_where_it_was(self, make, tmp_path):
        """The same folder is submitted twice: for its first epoch, and when it was the best of three to its end."""
        folder, executor = SweepFolder(tmp_path), make(jobs=2)
        search = {"sampler": "random", "pruner": "freeze_thaw", "pruner_options": {"whole": 0, "first_round": 3}}
        space = read_space(("lr0=interval(0.0,1.0)", "epochs=4"), discrete=False)
        folder.write_settings(settings_of("paused", budget=3, budget_epochs=6, search=search))
        settings = folder.read_settings()
        source = FreezeThawSource(
            folder, settings, space, lambda number, overrides: folder.trial(number).path.mkdir(exist_ok=True)
        )
        looker = Trials(folder)
        TrialLoop(folder, source, executor, MAP, (looker,), poll_seconds=0.05).run(StopSignal())
        source.prune_paused()
        entries = folder.trials()
        assert sorted(str(entry.status) for entry in entries) == ["complete", "pruned", "pruned"]
        won = next(entry for entry in entries if entry.status is TrialStatus.COMPLETE)
        assert (won.pauses, won.attempts) == (1, 2)
        pieces = [(tmp_path / f"{entry.number}/pieces.txt").read_text().split() for entry in entries]
        assert pieces[won.number] == ["1", "4"]
        assert sorted(map(len, pieces)) == [1, 1, 2]

    def test_what_still_runs_is_found_again(self, make, tmp_path):
        """Another process polls the handle; a trial that has ended meanwhile is recorded, a lost one waits."""
        folder, executor = SweepFolder(tmp_path), make(jobs=3)
        source = Trials(folder, "do=ok seconds=600", "do=ok", "do=kill")
        gone = replace(source.left[0], status=TrialStatus.RUNNING)
        for entry in source.left:
            handle = executor.submit(folder.trial(entry.number).path, {})
            folder.write_trial(replace(entry, status=TrialStatus.RUNNING, attempts=1, handle=handle, owner=gone.owner))
        wait_for(lambda: len(states_of(executor, folder)[JobState.GONE]) == 2, self.patience)
        wait_for(lambda: "begun" in (tmp_path / "0/output.log").read_text())
        still_running = reattach_trials(folder, executor, MAP)
        assert [entry.number for entry in still_running] == [0]
        assert [str(entry.status) for entry in folder.trials()] == ["running", "complete", "interrupted"]
        executor.cancel(still_running[0].handle)
        wait_for(lambda: not alive(tmp_path / "0"), self.patience)
        executor.close()


def states_of(executor: Executor, folder: SweepFolder) -> dict[JobState, list[str]]:
    """Return the handles in each state."""
    found: dict[JobState, list[str]] = {state: [] for state in JobState}
    for handle, state in executor.poll([entry.handle for entry in folder.trials() if entry.handle]).items():
        found[state].append(handle)
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def alive(folder: Path) -> bool:
    """Return whether the last body that was started in a folder still lives."""
    lines = (folder / "starts.txt").read_text().splitlines() if (folder / "starts.txt").exists() else []
    if not lines:
        return False
    pid = int(lines[-1].split()[0])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def start_parent(folder: Path) -> subprocess.Popen[bytes]:
    """Start a parent of a sweep in a process of its own."""
    return subprocess.Popen([sys.executable, str(HERE / "sweep_parent.py"), str(folder)], stdin=subprocess.DEVNULL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process without any warning."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def points(folder: Path) -> list[float]:
    """Return the learning rate of each trial."""
    return [json.loads(file.read_text())["params"]["lr0"] for file in sorted(folder.glob("[0-9]*/trial.json"))]

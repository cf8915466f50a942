"""A freeze-thaw search with real trainings: paused, killed in the middle of a thawed piece, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import command_line
import pytest
from command_line import finish, start, yololab
from sweeps import sweep_of

from yololab.files.epochs import read_results
from yololab.sweep.state import TrialStatus

pytestmark = pytest.mark.slow

TRAINING = ("model=./micro.yaml", "data=pictures/data.yaml", "approval=auto", *command_line.QUICK, "epochs=6")
SETTINGS = ("evaluation.plots=false", "export=none")
SEARCH = ("search=freeze_thaw", "lr0=tag(log,interval(1e-4,1e-1))", "search.pruner_options={first_round:2,whole:0}")


def test_paused_killed_and_gone_on_with_it_is_one_training(project):
    words = (*TRAINING, *SETTINGS, *SEARCH, "search.budget_epochs=8", "name=thawed")
    process = start(project, "-m", *words)
    deadline = time.monotonic() + 200

    def thawed_and_training() -> list[int]:
        """Return the processes of a trial that trains an epoch after a pause."""
        sweeps = list((project / "multirun").glob("thawed_*/sweep.json"))
        entries = sweep_of(project, "thawed").trials() if sweeps else []
        running = [entry for entry in entries if entry.pauses == 1 and entry.handle]
        tables = {e.number: sweep_of(project, "thawed").trial(e.number).results for e in running}
        return [json.loads(e.handle)["pid"] for e in running if max(read_results(tables[e.number]).epochs) >= 2]

    while not (bodies := thawed_and_training()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    for pid in (process.pid, *bodies):
        os.kill(pid, signal.SIGKILL)
    process.wait(10)
    folder = sweep_of(project, "thawed")
    finish(start(project, "resume", str(folder.path)))
    entries = folder.trials()
    assert sum(entry.status is TrialStatus.COMPLETE for entry in entries) == 1
    assert {entry.status for entry in entries} == {TrialStatus.COMPLETE, TrialStatus.PRUNED}
    won = next(entry for entry in entries if entry.status is TrialStatus.COMPLETE)
    record = json.loads(folder.trial(won.number).record.read_text())
    statuses = [attempt["status"] for attempt in record["attempts"]]
    assert "paused" in statuses
    assert statuses[-1] == "complete"
    assert record["training"]["epochs_completed"] == 6
    assert folder.best.resolve() == folder.trial(won.number).path.resolve()
    pruned = next(entry for entry in entries if entry.status is TrialStatus.PRUNED)
    assert json.loads(folder.trial(pruned.number).record.read_text())["status"] == "pruned"
    sizes = [folder.trial(entry.number).last.stat().st_size for entry in (won, pruned)]
    assert sizes[1] < 1.2 * sizes[0], "nothing goes on from there, so what only that needs is gone"
    assert json.loads(folder.summary.read_text())["finished"]

    # The same training in one go has the same numbers, to the last digit.
    yololab(*TRAINING, *SETTINGS, f"lr0={won.params['lr0']}", "name=whole", cwd=project)
    whole = read_results((project / "outputs/training/latest").resolve() / "results.csv")
    thawed = read_results(folder.trial(won.number).results)
    assert thawed.epochs == whole.epochs == (1, 2, 3, 4, 5, 6)
    assert thawed.losses == whole.losses
    assert thawed.metrics == whole.metrics


def test_a_later_search_begins_with_what_an_earlier_one_has_found(project):
    earlier = sweep_of(project, "thawed")
    won = next(entry for entry in earlier.trials() if entry.status is TrialStatus.COMPLETE)
    words = (*TRAINING, *SETTINGS, *SEARCH, "search.budget_epochs=8", "name=later")
    output = finish(start(project, "-m", *words, f"search.warm_start={earlier.path}"))
    folder = sweep_of(project, "later")
    known = folder.read_settings()
    assert known.warm_points == ({"lr0": won.params["lr0"]},)
    assert Path(known.warm_from[0].folder).parent == earlier.path
    assert "begins with the point of" in output
    points = [entry.params for entry in folder.trials()]
    assert points[0] == {"lr0": won.params["lr0"]}
    other = yololab("-m", *words, "search.warm_start=pictures", cwd=project, code=2)
    assert "is no sweep" in other.stdout + other.stderr

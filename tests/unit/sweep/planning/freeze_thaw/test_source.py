"""A whole freeze-thaw search with the fake body of a trial: what is paused, what goes on, what the study learns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from sweep_contract import BODY, MAP, settings_of

from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.host.processes import ProcessIdentity
from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.loop import TrialLoop, reattach_trials
from yololab.sweep.planning.freeze_thaw.source import FreezeThawSource
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.storage import open_storage
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.outcome import read_outcome
from yololab.sweep.results.rows import RowCache
from yololab.sweep.state import SweepFolder, TrialEntry, TrialStatus
from yololab.terminal.screen import Screen

pytestmark = [pytest.mark.process, pytest.mark.heavy]
PAUSED = {"sampler": "random", "pruner": "freeze_thaw", "pruner_options": {"whole": 0}}
SETTINGS = {
    "search": {"sampler": "random", "pruner": "freeze_thaw"},
    "arguments": ("lr0=interval(0.0,1.0)", "epochs=9"),
    "epochs": 9,
    "budget": 20,
    "budget_epochs": 30,
    "first_point": {"lr0": 0.9},
}


def source_of(folder: SweepFolder, **settings) -> FreezeThawSource:
    if not folder.is_sweep():
        folder.path.mkdir(exist_ok=True)
        folder.write_settings(settings_of(folder.path.name, **SETTINGS | settings))
    known = folder.read_settings()

    def freeze(number: int, overrides: Sequence[str]) -> None:
        folder.trial(number).path.mkdir(exist_ok=True)

    late = settings.get("late_after")
    return FreezeThawSource(folder, known, read_space(known.arguments, discrete=False), freeze, late_after=late)


def run(path: Path, source: FreezeThawSource | None = None, jobs: int = 1) -> list[TrialEntry]:
    folder = SweepFolder(path)
    source = source or source_of(folder)
    executor = make_executor("local", {"jobs": jobs, "grace_seconds": 1.0}, source.settings.resources, BODY)
    running = reattach_trials(folder, executor, source.settings.objectives)
    progress = SweepProgress(folder, source.settings, Screen(), source.planned, jobs)
    loop = TrialLoop(
        folder, source, executor, source.settings.objectives, (progress,), still_running=running, poll_seconds=0.02
    )
    with progress.shown():
        loop.run(StopSignal())
    for entry in source.prune_paused():
        progress.changed(entry)
    return folder.trials()


def pieces(entries: Sequence[TrialEntry], path: Path) -> list[list[int]]:
    """Return for each trial the epochs at which its processes ended."""
    return [[int(line) for line in (path / f"{e.number}/pieces.txt").read_text().split()] for e in entries]


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    path = tmp_path_factory.mktemp("thaw") / "s"
    return path, run(path)


def test_points_begin_pause_and_the_best_goes_on_to_its_end(searched):
    path, entries = searched
    assert entries[0].params == {"lr0": 0.9}, "the config's own values come first"
    trained = pieces(entries, path)
    assert all(steps == sorted(set(steps)) for steps in trained), "no epoch is trained twice"
    assert sum(steps[-1] for steps in trained) <= 30
    assert trained[0] == [9], "and are trained to their end at once"
    best_of_first = max(entries[1:4], key=lambda entry: -((entry.params["lr0"] - 0.3) ** 2))
    assert best_of_first.status is TrialStatus.COMPLETE
    assert trained[best_of_first.number] == [1, 9]
    assert {entry.status for entry in entries} == {TrialStatus.COMPLETE, TrialStatus.PRUNED}
    assert [entry.attempts - entry.pauses for entry in entries] == [
        1 if entry.status is TrialStatus.COMPLETE else 0 for entry in entries
    ]


def test_what_was_never_thawed_is_pruned_with_what_it_had_shown(searched):
    path, entries = searched
    folder = SweepFolder(path)
    study = optuna.load_study(study_name="s", storage=open_storage(f"journal://{folder.study_file}"))
    rows = {row.trial: row for row in RowCache(folder, folder.read_settings().objectives).read()}
    pruned = [entry for entry in entries if entry.status is TrialStatus.PRUNED]
    assert pruned
    for entry in pruned:
        assert json.loads(folder.trial(entry.number).record.read_text())["status"] == "pruned"
        trial = study.trials[entry.study_trial]
        assert trial.state.name == "PRUNED"
        assert rows[entry.number].score == pytest.approx(max(trial.intermediate_values.values()))
    assert run(path) == entries, "nothing is left to do"


def test_a_dead_parent_leaves_paused_trials_and_the_next_one_goes_on_with_them(tmp_path):
    path = tmp_path / "s"
    folder = SweepFolder(path)
    first = source_of(folder, search=PAUSED)
    entry = first.next()
    assert entry is not None
    assert entry.until == 1
    dead = replace(ProcessIdentity.current(), pid=2**22 - 5)
    run_alone = make_executor("local", {"jobs": 1}, first.settings.resources, BODY)
    handle = run_alone.submit(folder.trial(0).path, first.environment(entry))
    while run_alone.poll([handle]).get(handle) != "gone":
        pass
    run_alone.close()
    folder.write_trial(replace(entry, status=TrialStatus.RUNNING, attempts=1, handle=handle, owner=dead))
    entries = run(path, source_of(folder))
    assert entries[0].pauses >= 1
    assert pieces(entries, path)[0][0] == 1
    assert TrialStatus.COMPLETE in {entry.status for entry in entries}


def test_a_thawed_trial_whose_process_never_came_up_has_failed(tmp_path):
    """Its record said `paused`: taken for the end of the attempt, it would be thawed for ever."""
    folder = SweepFolder(tmp_path / "s")
    source = source_of(folder, budget=1, budget_epochs=9)
    entry = source.next()
    assert entry is not None
    record = Record(folder.trial(0))
    record.begin({"name": "0"})
    record.finish(Status.PAUSED)
    folder.write_trial(replace(entry.ended(TrialStatus.PAUSED), pauses=1))
    thawed = source.next()
    assert thawed is not None
    assert (thawed.number, thawed.until) == (0, None)
    outcome = read_outcome(replace(thawed, status=TrialStatus.RUNNING), folder.trial(0), MAP, None, asked=False)
    assert (outcome.entry.status, outcome.retriable) == (TrialStatus.FAILED, True)


def test_when_time_is_up_one_trial_comes_to_its_end(tmp_path):
    ticks = iter(range(10**6))
    source = source_of(SweepFolder(tmp_path / "s"))
    source.clock, source.late_after, source._since = lambda: float(next(ticks)), 2.5, 0.0
    entries = run(tmp_path / "s", source)
    statuses = [entry.status for entry in entries]
    assert statuses.count(TrialStatus.COMPLETE) == 1
    assert len(entries) < 4

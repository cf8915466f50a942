"""Seeds of several recipes, looked at round by round: the real study and rule, with trials that are made up."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from record_samples import records_of, write_run
from sweep_contract import settings_of

from yololab.config.search import SearchConfig, search_contradictions
from yololab.files.metrics import read_metrics
from yololab.statistics.inference.verdict import ALPHA
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.results.sequential import SequentialSeeds, exclusion_level
from yololab.sweep.results.summary import read_summary
from yololab.sweep.state import SweepFolder, TrialStatus
from yololab.terminal.screen import Screen

ARGUMENTS = ("lr0=0.01,0.02", "seed=range(0,5)")
pytestmark = pytest.mark.heavy


def sweep_in(path: Path, **changes) -> SweepFolder:
    folder = SweepFolder(path)
    path.mkdir(exist_ok=True)
    search = {"sampler": "grid", "sequential": True}
    if not folder.is_sweep():
        changes = {"arguments": ARGUMENTS, "keys": ("lr0", "seed"), "budget": 10, "search": search} | changes
        folder.write_settings(settings_of(path.name, **changes))
    return folder


def trained(
    folder: SweepFolder, found: dict[float, float], *, at_once: int = 1, most: int = 99
) -> list[tuple[float, int]]:
    """Train what the sweep asks for, so many at a time; return what was begun."""
    settings = folder.read_settings()
    space = read_space(settings.arguments, discrete=True)
    rule = SequentialSeeds(folder, settings, Screen(quiet=True))
    source = StudySource(folder, settings, space, lambda number, overrides: None, rule.settled)
    begun, running = [], []
    while True:
        while len(running) < at_once and len(begun) < most and (entry := source.next()):
            running.append(entry)
            source.write(replace(entry, status=TrialStatus.RUNNING))
            begun.append((float(entry.params["lr0"]), int(entry.params["seed"])))
        if not running:
            return begun
        entry = running.pop(0)
        seed, rate = int(entry.params["seed"]), float(entry.params["lr0"])
        run = folder.trial(entry.number)
        write_run(run.path, records_of(found[rate], seed + round(1e4 * rate), images=40), {"seed": seed})
        value = read_metrics(run.metrics).value("mAP50-95")
        source.write(entry.ended(TrialStatus.COMPLETE, (value,)))
        source.ended(entry)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_it_ends_when_one_recipe_is_clearly_best(tmp_path, at_once):
    folder = sweep_in(tmp_path / "s")
    begun = trained(folder, {0.01: 0.9, 0.02: 0.3}, at_once=at_once)
    assert begun[:6] == [(rate, seed) for seed, rate in product(range(3), (0.01, 0.02))], "a round is a seed of each"
    assert len(begun) == 6 + at_once - 1, "what runs when it is clear comes to its end, and nothing more begins"
    summary = read_summary(folder, statistics=True)
    assert summary.finished
    assert summary.settings.stopped.seeds == 3
    assert "lr0=0.01 is best" in " ".join(summary.ranking.missing)
    assert f"{len(begun)} of 10 trainings" in " ".join(summary.ranking.missing)
    assert trained(folder, {0.01: 0.9, 0.02: 0.3}) == [], "a resume begins nothing"


def test_where_no_answer_is_to_be_expected_it_ends_without_one(tmp_path):
    folder = sweep_in(tmp_path / "s")
    assert len(trained(folder, {0.01: 0.8, 0.02: 0.8})) == 6
    summary = read_summary(folder, statistics=True)
    stopped = summary.settings.stopped
    assert (stopped.seeds, stopped.best) == (3, "")
    assert stopped.chance < summary.settings.search.futility
    assert "none is best by more than chance" in " ".join(summary.ranking.missing)
    assert trained(folder, {0.01: 0.8, 0.02: 0.8}) == [], "a resume begins nothing"


def test_equal_recipes_are_trained_to_the_end_where_that_is_asked_for(tmp_path):
    search = {"sampler": "grid", "sequential": True, "futility": 0.0}
    begun = trained(sweep_in(tmp_path / "s", search=search), {0.01: 0.8, 0.02: 0.8}, at_once=2)
    assert len(begun) == 10


def test_a_resumed_sweep_looks_at_what_it_has_looked_at(tmp_path):
    folder = sweep_in(tmp_path / "s")
    assert len(trained(folder, {0.01: 0.9, 0.02: 0.3}, most=5)) == 5
    assert len(trained(folder, {0.01: 0.9, 0.02: 0.3})) == 1


def test_a_failed_training_is_no_seed(tmp_path):
    """With one of three seeds failed there are two of a recipe, which say nothing: the next round is begun."""
    folder = sweep_in(tmp_path / "s")
    trained(folder, {0.01: 0.9, 0.02: 0.3}, most=5)
    last = folder.known_trial(4)
    folder.write_trial(last.ended(TrialStatus.FAILED))
    assert len(trained(folder, {0.01: 0.9, 0.02: 0.3})) == 3


def test_the_level_is_shared_by_the_looks(tmp_path):
    two_sided = 2 * exclusion_level(sweep_in(tmp_path / "s").read_settings())
    assert ALPHA / 3 < two_sided < ALPHA
    plain = sweep_in(tmp_path / "t", search={"sampler": "grid"})
    assert exclusion_level(plain.read_settings()) == ALPHA


def test_what_does_not_go_together_is_refused():
    assert [problem.where for problem in search_contradictions(SearchConfig(sampler="tpe", sequential=True))] == [
        "search.sequential"
    ]
    assert not list(search_contradictions(SearchConfig(sampler="grid", sequential=True)))

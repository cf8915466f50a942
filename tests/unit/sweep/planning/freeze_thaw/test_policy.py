"""The policy of a freeze-thaw search on curves that are known: what is begun, what goes on, what it spends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pytest

from yololab.sweep.planning.freeze_thaw.policy import Begin, Curve, Rules, Thaw, next_step

RULES = Rules(epochs=9, first_epochs=1, budget=54, points=40, whole=0)


@dataclass
class Played:
    """What a search has done: the pieces that it trained, in their order."""

    pieces: list[tuple[int, int]]
    curves: list[Curve]

    @property
    def epochs(self) -> int:
        return sum(curve.trained for curve in self.curves)

    @property
    def complete(self) -> list[int]:
        return [place for place, curve in enumerate(self.curves) if curve.complete]


def play(rules: Rules, curve_of, fails=()) -> Played:
    """Follow the policy, one piece at a time; `curve_of(trial, epoch)` is what a trial would show."""
    played = Played([], [])
    for _ in range(1000):
        step = next_step(played.curves, rules)
        if step is None:
            return played
        if isinstance(step, Begin):
            played.curves.append(Curve({}, 0))
        place = len(played.curves) - 1 if isinstance(step, Begin) else step.place
        until = rules.epochs if isinstance(step, Thaw) else step.until or rules.epochs
        assert until > played.curves[place].trained, "no epoch is trained twice"
        failed, done = place in fails, until == rules.epochs
        values = {epoch: curve_of(place, epoch) for epoch in range(1, until + 1)}
        played.curves[place] = Curve(values, until, ended=done or failed, complete=done and not failed)
        played.pieces.append((place, until))
    raise AssertionError("it never ends")


def test_the_best_of_the_first_round_goes_on_to_its_end_and_the_next_round_begins():
    played = play(replace(RULES, budget=24), lambda trial, epoch: (0.1, 0.3, 0.2, 0.0, 0.1, 0.1, 0.1)[trial])
    assert played.pieces == [(0, 1), (1, 1), (2, 1), (3, 1), (1, 9), (4, 1), (5, 1), (6, 1), (2, 9)]


def test_what_earlier_rounds_have_paused_takes_part():
    played = play(replace(RULES, budget=24), lambda trial, epoch: (0.1, 0.3, 0.2, 0.0, 0.1, 0.25, 0.1)[trial])
    assert played.pieces[-1] == (5, 9)


def test_a_good_guess_goes_to_its_end_at_once_and_the_rounds_follow():
    """Its first epoch looks worst: few epochs would tell little of it."""
    shown = (0.0, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1)
    played = play(replace(RULES, budget=30, whole=1), lambda trial, epoch: shown[trial])
    assert played.pieces == [(0, 9), (1, 1), (2, 1), (3, 1), (1, 9), (4, 1), (5, 1), (2, 9)]
    running = [Curve({}, 9, running=True)]
    assert next_step(running, replace(RULES, whole=1)) == Begin(1), "a second slot begins the round"
    assert next_step([], replace(RULES, whole=1, budget=8)) is None


@pytest.mark.parametrize("whole", [0, 1, 3])
@pytest.mark.parametrize("first", [1, 2, 9])
def test_the_budget_is_kept_and_always_buys_a_trained_model(first, whole):
    for budget, points in itertools.product((9, 10, 13, 20, 33, 54, 100, 500), (1, 3, 40)):
        rules = replace(RULES, budget=budget, points=points, first_epochs=first, whole=whole)
        played = play(rules, lambda trial, epoch: (trial * 7 % 11) / 11 + 0.01 * epoch)
        assert played.epochs <= budget
        assert len(played.curves) <= points
        assert played.complete, (budget, points)
        if budget >= 9 * points:
            assert len(played.complete) == points, "with enough of it every point is trained"


def test_a_trial_that_has_failed_costs_what_it_took_and_another_one_wins():
    played = play(RULES, lambda trial, epoch: 1.0 - 0.1 * trial, fails={0})
    assert 0 not in played.complete
    assert played.complete
    assert played.curves[0].trained == 1


def test_parallel_slots_take_the_next_best():
    curves = [Curve({1: value}, 1) for value in (0.1, 0.4, 0.3, 0.2)]
    assert next_step(curves, RULES) == Thaw(1)
    curves[1] = replace(curves[1], trained=9, running=True)
    assert next_step(curves, RULES) == Begin(1), "the next round, in the slot that is free"
    alone = replace(RULES, points=4)
    assert next_step(curves, alone) == Thaw(2)


def test_when_time_is_up_only_a_sweep_without_a_trained_model_goes_on():
    curves = [Curve({1: 0.1}, 1), Curve({1: 0.2}, 1)]
    assert next_step(curves, RULES, late=True) == Thaw(1)
    running = [curves[0], replace(curves[1], trained=9, running=True)]
    assert next_step(running, RULES, late=True) is None
    assert next_step([], RULES, late=True) is None


def test_trials_that_report_nothing_still_come_to_their_end():
    played = play(replace(RULES, budget=20), lambda trial, epoch: float("-inf"))
    assert played.complete

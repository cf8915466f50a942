"""The order of the trials, and the Pareto front."""

from __future__ import annotations

from sweep_samples import LATENCY

from yololab.sweep.results.ranking import order_of, pareto_front
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.state import Objective, TrialStatus


def row(number, *objectives, status=TrialStatus.COMPLETE, tmp="/x"):
    return TrialRow(number, {}, status, tmp, objectives=objectives)


def test_the_pareto_front_is_what_no_other_beats():
    objectives = (Objective("mAP50-95", "maximize"), LATENCY)
    rows = [row(0, 0.5, 10.0), row(1, 0.6, 20.0), row(2, 0.4, 20.0), row(3, 0.6, 20.0), row(4, 0.9, None)]
    assert pareto_front(rows, objectives) == (0, 1, 3)


def test_the_order_puts_complete_before_pruned_and_errors_low(tmp_path):
    rows = [row(0, None, status=TrialStatus.FAILED), row(1, 0.9, status=TrialStatus.PRUNED), row(2, 0.2), row(3, 0.1)]
    assert order_of(rows, Objective("mAP50-95", "maximize")) == (2, 3, 1, 0)
    assert order_of(rows, Objective("delta", "minimize")) == (3, 2, 1, 0)

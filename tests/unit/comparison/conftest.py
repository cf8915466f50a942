"""Evaluations and runs to compare."""

from __future__ import annotations

import functools
import pickle

import pytest
from arm_samples import arm_of
from record_samples import records_of, write_evaluation, write_run

from yololab.comparison import evidence
from yololab.files.metrics import read_metrics


@pytest.fixture(scope="session", autouse=True)
def one_answer_a_pair():
    """The same two models are compared by many tests: their replicates are drawn once."""
    answers = {}
    compare_pair = evidence.compare_pair

    @functools.wraps(compare_pair)
    def remembered(*arguments, progress, **settings):
        key = pickle.dumps((arguments, settings))
        if key not in answers:
            answers[key] = compare_pair(*arguments, **settings)
        progress(answers[key].replicates if answers[key] else 0, 0)
        return answers[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "compare_pair", remembered)
        yield


@pytest.fixture
def two_recipes(tmp_path):
    folder = arm_of(tmp_path / "a", 0.95, range(3))
    for number in (3, 4, 5):
        write_run(folder / str(number), records_of(0.3, number), {"lr0": 0.02, "seed": number})
    return folder


@pytest.fixture(scope="session")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluations")
    return {
        name: read_metrics(write_evaluation(folder / name, records_of(found, seed)))
        for name, found, seed in (("good", 0.95, 1), ("bad", 0.4, 2), ("same", 0.95, 3))
    }

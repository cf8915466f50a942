"""The study's storage: made by several at once, damaged, or none."""

from __future__ import annotations

import multiprocessing

import optuna
import pytest
from spawned import make_study

from yololab.errors import InputError
from yololab.sweep.planning.storage import absolute_url, journal_url, open_study


@pytest.mark.process
@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_two_processes_may_make_one_study_at_once(kind, tmp_path):
    url = absolute_url({"journal": "journal://a/s.log", "sqlite": "sqlite:///a/s.db"}[kind], tmp_path)
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=make_study, args=(url, 4)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
        assert maker.exitcode == 0
    study = open_study(url, "shared", ["maximize"])
    assert sorted(trial.number for trial in study.trials) == list(range(8))
    assert len({trial.params["a"] for trial in study.trials}) == 8


def test_a_torn_line_costs_nothing_but_itself(tmp_path):
    path = tmp_path / "s.log"
    make_study(journal_url(path), 2)
    with path.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    make_study(journal_url(path), 1)
    study = optuna.load_study(
        study_name="shared", storage=open_study(journal_url(path), "shared", ["maximize"])._storage
    )
    assert len(study.trials) == 3


@pytest.mark.parametrize("url", ["s.db", "journal://", "ftp//x", "sqlite:/x"])
def test_storages_that_are_none(url, tmp_path):
    with pytest.raises(InputError, match=r"search\.storage"):
        absolute_url(url, tmp_path)


def test_another_direction_is_another_study(tmp_path):
    url = journal_url(tmp_path / "s.log")
    open_study(url, "s", ["maximize"])
    with pytest.raises(InputError, match=r"search\.study"):
        open_study(url, "s", ["minimize"])

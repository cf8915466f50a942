"""The study's storage: made by several at once, damaged, or none."""

from __future__ import annotations

import multiprocessing
import os

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.storages.journal import JournalStorage
from optuna.trial import TrialState
from spawned import make_study
from sqlalchemy.engine import make_url

from yololab.errors import InputError
from yololab.sweep.executor import PASSWORD
from yololab.sweep.planning.storage import (
    _with_password,
    absolute_url,
    journal_url,
    open_study,
    relative_url,
    take_password,
)


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


@pytest.mark.heavy
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


@pytest.mark.parametrize(
    ("url", "bare", "password"),
    [
        ("mysql://me:pw@host/db", "mysql://me@host/db", "pw"),
        ("postgresql+psycopg://me:p%40w%2F%3A@[::1]:5433/db?sslmode=require",
         "postgresql+psycopg://me@[::1]:5433/db?sslmode=require", "p@w/:"),
        ("postgresql://host/db?user=me&password=p%26w", "postgresql://host/db?user=me", "p&w"),
        ("mysql://me@host/db", "mysql://me@host/db", None),
        ("mysql://me:***@host/db", "mysql://me@host/db", None),  # as a report has it
        ("journal:///a:b@c/s.log", "journal:///a:b@c/s.log", None),
    ],
)  # fmt: skip
def test_a_password_is_taken_out_of_the_url_and_put_back_to_connect(url, bare, password, monkeypatch):
    monkeypatch.setenv(PASSWORD, "")
    monkeypatch.delenv(PASSWORD)
    assert take_password(url) == bare
    assert os.environ.get(PASSWORD) == password
    if password is not None and "user=" not in bare:
        assert make_url(_with_password(bare)).password == password


def test_a_url_that_is_none_is_not_shown(monkeypatch):
    with pytest.raises(InputError) as caught:
        take_password("mysql://me:secret@host:port/db")
    assert "secret" not in str(caught.value)


def test_a_study_of_the_project_moves_with_it(tmp_path):
    sweep = tmp_path / "a/multirun/s"
    url = absolute_url("sqlite:///studies/s.db", tmp_path / "a")
    kept = relative_url(url, sweep, tmp_path / "a")
    assert absolute_url(kept, sweep) == url
    assert absolute_url(kept, tmp_path / "b/multirun/s") == f"sqlite:///{tmp_path}/b/studies/s.db"
    outside = absolute_url("journal:///shared/s.log", tmp_path)
    assert relative_url(outside, sweep, tmp_path / "a") == outside
    assert relative_url("mysql://host/db", sweep, tmp_path) == "mysql://host/db"


@pytest.mark.parametrize("content", [b"\x00\xff garbage\n", b'{"op_code": 99}\n', b"[]\n", b"{}\n"])
def test_a_damaged_journal_is_said(content, tmp_path):
    (tmp_path / "s.log").write_bytes(content)
    with pytest.raises(InputError, match=r"search\.storage"):
        open_study(journal_url(tmp_path / "s.log"), "s", ["maximize"])


def test_a_pipe_is_no_journal(tmp_path):
    os.mkfifo(tmp_path / "s.log")
    with pytest.raises(InputError, match=r"search\.storage"):
        open_study(journal_url(tmp_path / "s.log"), "s", ["maximize"])


def test_what_is_queued_is_handed_out_in_its_order_and_sought_only_while_something_is(tmp_path, monkeypatch):
    walks, walk = [], JournalStorage.get_all_trials
    monkeypatch.setattr(JournalStorage, "get_all_trials", lambda self, *given: walks.append(1) or walk(self, *given))
    url, sampler = journal_url(tmp_path / "s.log"), optuna.samplers.RandomSampler()
    study, other = (open_study(url, "queued", ["maximize"], sampler) for _ in range(2))
    space = {"lr0": FloatDistribution(0.0, 1.0)}
    for value in (0.1, 0.2):
        other.enqueue_trial({"lr0": value})
    assert [study.ask(space).params["lr0"] for _ in range(2)] == [0.1, 0.2]
    walks.clear()
    study.ask(space)
    assert walks == []
    other.enqueue_trial({"lr0": 0.3})
    assert study.ask(space).params == {"lr0": 0.3}
    waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
    assert waiting == []

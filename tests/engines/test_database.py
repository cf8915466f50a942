"""A sweep whose study lies in a real PostgreSQL: two parents, a restart in the middle, and no password in any file."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

import optuna
import pytest
from postgres_server import PASSWORD, PostgresServer, why_not_here
from sweep_contract import BODY, settings_of, start_parent, wait_for

from yololab.cli.main import main
from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.sweep import executor
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.planning.approvals import Agreement
from yololab.sweep.planning.storage import open_storage
from yololab.sweep.state import SweepFolder

pytestmark = pytest.mark.database

SEARCH = {"sampler": "random", "pruner": "median", "pruner_options": {"n_startup_trials": 3, "n_warmup_steps": 1}}


@pytest.fixture(scope="module")
def database():
    reason = why_not_here()
    if reason:
        pytest.skip(f"no PostgreSQL here: {reason}")
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def no_password(monkeypatch):
    """Nothing but the command says it; what it leaves in the environment goes with the test."""
    monkeypatch.setenv(executor.PASSWORD, "")
    monkeypatch.delenv(executor.PASSWORD)


def sweep_on(database: PostgresServer, path: Path, **changes) -> SweepFolder:
    path.mkdir()
    folder = SweepFolder(path)
    arguments = ("lr0=interval(0.0,1.0)", "epochs=4", "seconds=0.5")
    settings = {"storage": database.bare_url, "search": SEARCH, "arguments": arguments, "budget": 12, **changes}
    folder.write_settings(settings_of(path.name, **settings))
    return folder


def files_with(text: str, folder: Path) -> list[Path]:
    """Return the files in which a text stands, as it is or as a URL has it."""
    wanted = {text.encode(), quote(text, safe="").encode(), quote(text).encode()}
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(item in path.read_bytes() for item in wanted)]


def test_two_parents_and_a_server_that_is_away_for_a_while_lose_nothing(database, tmp_path, monkeypatch):
    monkeypatch.setenv(executor.PASSWORD, PASSWORD)
    folder = sweep_on(database, tmp_path / "shared")
    parents = [start_parent(folder.path) for _ in range(2)]
    try:
        wait_for(lambda: sum(entry.status.finished for entry in folder.trials()) >= 3, 120)
        database.restart(seconds_away=3.0)
        assert [parent.wait(180) for parent in parents] == [0, 0]
    finally:
        for parent in parents:
            parent.kill()
    entries = folder.trials()
    assert [entry.number for entry in entries] == list(range(len(entries)))
    assert {str(entry.status) for entry in entries} <= {"complete", "pruned"}
    assert len({entry.study_trial for entry in entries}) == len(entries)
    study = optuna.load_study(study_name="shared", storage=open_storage(database.bare_url))
    told = {trial.number: trial for trial in study.trials}
    # Cut off between asking and noting whose the point is, a parent leaves one that nobody tries.
    assert 12 - 2 <= len(entries) <= 12 <= len(told)
    for entry in entries:
        assert told[entry.study_trial].params == entry.params
        assert str(told[entry.study_trial].state.name).lower() == str(entry.status)
        if str(entry.status) == "complete":
            assert told[entry.study_trial].values == list(entry.objectives)
    assert files_with(PASSWORD, tmp_path) == []


def test_a_killed_parent_is_followed_by_one_that_knows_its_points(database, tmp_path, monkeypatch):
    monkeypatch.setenv(executor.PASSWORD, PASSWORD)
    folder = sweep_on(database, tmp_path / "killed", budget=6)
    parent = start_parent(folder.path)
    wait_for(lambda: sum(entry.status.finished for entry in folder.trials()) >= 2, 120)
    parent.kill()
    parent.wait(10)
    moved = folder.path.rename(tmp_path / "moved")
    assert start_parent(moved).wait(180) == 0
    entries = SweepFolder(moved).trials()
    assert len(entries) == 6
    assert all(entry.status.finished for entry in entries)
    study = optuna.load_study(study_name="killed", storage=open_storage(database.bare_url))
    assert len(study.trials) == 6


def test_the_password_of_a_command_line_stands_in_no_file_and_is_asked_for_again(
    database, no_password, tmp_path, monkeypatch, capfd
):
    from yololab.sweep import run, sweeper
    from yololab.sweep.results import finalize

    monkeypatch.chdir(tmp_path)
    for module in (sweeper, run):
        monkeypatch.setattr(module, "make_executor", partial(make_executor, body=BODY))
    monkeypatch.setattr(finalize, "finish_through_engine", lambda *_args: None)
    monkeypatch.setattr(sweeper, "agree", lambda *_args, **_named: Agreement((), ()))
    data = ensure_shapes(ShapesSpec(image_size=64, train=4, val=2, test=0), tmp_path / "data").resolve()
    (tmp_path / "conf/search").mkdir(parents=True)
    url = database.bare_url.replace("@", f":{quote(PASSWORD, safe='')}@")
    (tmp_path / "conf/search/mine.yaml").write_text(f"sampler: random\ntrials: 2\nstorage: {url}\n")
    line = [f"data={data}", "model=yolo26n", "model.pretrained=false", "device=cpu", "lr0=interval(0.001,0.01)"]
    line += ["approval=auto", "hydra.launcher.jobs=1", "report.enabled=false"]
    own = tmp_path / "conf/search/mine.yaml"
    for search in (["search=mine"], ["search=random", "search.trials=2", f"search.storage={url}"]):
        assert main(["-m", *line, *search]) == 0
        monkeypatch.delenv(executor.PASSWORD)
        time.sleep(1.1)  # another folder
    sweeps = [SweepFolder(path) for path in sorted((tmp_path / "multirun").iterdir())]
    assert len(sweeps) == 2
    for sweep in sweeps:
        assert [str(entry.status) for entry in sweep.trials()] == ["complete", "complete"]
        assert json.loads(sweep.settings_file.read_text())["storage"] == database.bare_url
    assert files_with(PASSWORD, tmp_path) == [own]
    capfd.readouterr()
    assert main(["resume", str(sweeps[1].path)]) == 2
    assert executor.PASSWORD in capfd.readouterr().err
    assert main(["resume", str(sweeps[1].path), f"search.storage={url}"]) == 0
    shown = "".join(capfd.readouterr())
    assert PASSWORD not in shown
    assert quote(PASSWORD, safe="") not in shown
    assert files_with(PASSWORD, tmp_path) == [own]

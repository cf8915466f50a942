"""Trackers of a run: those of the config, and none for a rehearsal."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from whole_run import context_of, write_whole_run

from yololab.files.paths import OutputTree
from yololab.files.record import Record
from yololab.job.context import Results
from yololab.job.stages import track
from yololab.tracking.feeding import FedState, write_state


@pytest.fixture
def context(tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    context = context_of(write_whole_run(tmp_path / "run"))
    context.config.tracking = ["mlflow"]
    monkeypatch.setattr(track.Tracked, "start", lambda self, names: self._names.extend(names))
    return context


def start(context, rehearsal=None):
    paths = SimpleNamespace(tree=OutputTree(context.folder.path.parent))
    inputs = SimpleNamespace(rehearsal=rehearsal)
    return track.run(context, SimpleNamespace(paths=paths), SimpleNamespace(inputs=inputs))


def test_what_was_sent_is_recorded(context):
    tracked = start(context)
    write_state(context.folder.path, "mlflow", FedState(id="x", place="there", step=3, ended=True))
    track.finish(context, Results(tracked))
    assert Record(context.folder).read()["tracking"]["mlflow"]["step"] == 3


@pytest.mark.parametrize("tracked", [True, False])
def test_a_rehearsal_is_not_sent_nor_a_run_that_ended_before(context, tracked):
    before = context.record.path.read_bytes()
    track.finish(context, Results(start(context, rehearsal=object())) if tracked else Results())
    assert context.record.path.read_bytes() == before

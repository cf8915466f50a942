"""Charts are drawn by a process beside the job, before the job ends; what fails there is told."""

from __future__ import annotations

import os
import sys

import pytest

from yololab.ultralytics_adapter.isolation import drawing
from yololab.ultralytics_adapter.isolation.drawing import charts, curves, drawing_aside

pytestmark = [pytest.mark.torch, pytest.mark.process]


@pytest.fixture(autouse=True)
def no_polars(monkeypatch):
    """As in a job, where nobody has read a table with it."""
    monkeypatch.delitem(sys.modules, "polars", raising=False)


@pytest.fixture
def draw(monkeypatch, tmp_path):
    """Ultralytics' function, which writes who draws in place of a chart."""
    from ultralytics.utils import metrics

    def plot_pr_curve(file):
        if file.name == "broken" and os.getpid() != here:
            raise ValueError("no room")
        if file.name == "impossible":
            raise ValueError("no ink")
        file.write_text(f"{os.getpid()} {file.name}")

    here = os.getpid()
    monkeypatch.setattr(metrics, "plot_pr_curve", plot_pr_curve)
    return lambda name: metrics.plot_pr_curve(file=tmp_path / name)


def drawn(folder) -> dict[str, int]:
    return {name: int(number) for number, name in (path.read_text().split() for path in folder.iterdir())}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_they_are_drawn_beside_the_job_and_are_there_at_its_end(draw, tmp_path):
    with drawing_aside(), charts():
        draw("first")
        draw("second")
        assert not drawn(tmp_path)
    found = drawn(tmp_path)
    assert found.keys() == {"first", "second"}
    assert len(set(found.values())) == 1
    assert os.getpid() not in found.values()


def test_without_a_job_they_are_drawn_on_the_spot(draw, tmp_path):
    with charts():
        draw("first")
    assert drawn(tmp_path) == {"first": os.getpid()}


def test_after_an_error_nothing_is_drawn(draw, tmp_path):
    with drawing_aside(), pytest.raises(RuntimeError), charts():
        draw("first")
        raise RuntimeError("the evaluation failed")
    assert not drawn(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_what_fails_there_is_drawn_here_and_told_if_it_fails_again(draw, tmp_path, caplog):
    with drawing_aside(), charts():
        draw("broken")
        draw("impossible")
    assert drawn(tmp_path) == {"broken": os.getpid()}
    assert "a chart was not drawn: ValueError: no ink" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_one_that_never_ends_is_ended(draw, tmp_path, monkeypatch):
    import time

    from ultralytics.utils import metrics

    here = os.getpid()
    monkeypatch.setattr(metrics, "plot_pr_curve", lambda file: None if os.getpid() == here else time.sleep(60))
    monkeypatch.setattr(drawing, "_PATIENCE_SECONDS", 0.1)
    begin = time.monotonic()
    with drawing_aside(), charts():
        draw("first")
    assert time.monotonic() - begin < 30


def test_beside_threads_of_polars_they_are_drawn_on_the_spot(draw, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", sys)
    with drawing_aside(), charts():
        draw("first")
    assert drawn(tmp_path) == {"first": os.getpid()}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_trainer_is_not_kept_for_its_charts(monkeypatch):
    import gc
    import weakref

    from ultralytics.engine import trainer

    class Trainer:
        def on_plot(self, name):
            """Told of a chart."""

    monkeypatch.setattr(trainer, "plot_results", lambda file, on_plot: None)
    training = Trainer()
    seen = weakref.ref(training)
    with drawing_aside():
        with curves():
            trainer.plot_results(file="results.csv", on_plot=training.on_plot)
        del training
        gc.collect()
        assert seen() is None

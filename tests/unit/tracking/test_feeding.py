"""Feeding a tracker that writes down what it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from whole_run import write_whole_run

from yololab.files.paths import TrackingFolder, TrackingStore
from yololab.tracking import feeding, registry
from yololab.tracking.feeding import feed, read_state
from yololab.tracking.tracker import Place, Tracker

TOLD: list[tuple] = []


class Listening(Tracker):
    def open(self):
        TOLD.append(("open", self.known))
        return Place("its-id", "http://me:hunter2@host")

    def settings(self, values):
        TOLD.append(("settings", values))

    def numbers(self, values, step):
        if "train/loss" in values:
            TOLD.append(("epoch", step))
        else:
            TOLD.append(("results", values))

    def facts(self, values):
        TOLD.append(("facts", values))

    def file(self, kind, path):
        if kind == "report" and "refused" in path.read_text():
            raise ConnectionError("the server is gone, token=abcdef0123456789")
        TOLD.append(("file", kind))

    def close(self, failed):
        TOLD.append(("close", failed))


@dataclass(frozen=True)
class Row(registry.Row):
    def load(self):
        return Listening


@pytest.fixture
def run(tmp_path, monkeypatch):
    TOLD.clear()
    monkeypatch.setattr(feeding, "TRACKERS", {"ours": Row("", "")})
    (tmp_path / "run").mkdir()
    return write_whole_run(tmp_path / "run")


def told(kind):
    return [content for name, content in TOLD if name == kind]


def feed_once(run, looks=0):
    answers = [False] * looks + [True]
    return feed(run.path, "ours", TrackingStore(run.path.parent), lambda: answers.pop(0))


def test_it_is_told_everything_once(run):
    assert feed_once(run, looks=3) == 0
    assert told("epoch") == [1, 2, 3]
    assert sorted(told("file")) == ["comparison", "metrics", "report", "weights"]
    assert told("close") == [False]
    assert told("facts")[0]["verdict"] == "NO_BASELINE"
    state = read_state(run.path, "ours")
    assert (state.id, state.step, state.ended, state.error) == ("its-id", 3, True, None)
    assert "hunter2" not in TrackingFolder(run.path).state("ours").read_text()


def test_a_second_attempt_goes_on_where_the_first_one_ended(run):
    feed_once(run)
    TOLD.clear()
    with run.results.open("a") as file:
        file.write("4,4.5,0.3\n")
    assert feed_once(run) == 0
    assert told("open") == ["its-id"]
    assert told("epoch") == [4]
    assert told("file") == []  # none of them has changed


def test_a_run_that_was_killed_has_failed_so_far(run):
    content = json.loads(run.record.read_text())
    run.record.write_text(json.dumps(content | {"status": "running"}))
    feed_once(run)
    assert told("close") == [True]


def test_what_a_tracker_raises_is_noted_without_its_secrets_and_can_be_sent_later(run):
    run.report.write_text("refused")
    assert feed_once(run) == 1
    state = read_state(run.path, "ours")
    assert state.error.startswith("ConnectionError: the server is gone")
    assert "abcdef0123456789" not in state.error
    assert "ConnectionError" in TrackingFolder(run.path).log("ours").read_text()
    assert not state.ended
    run.report.write_text("fine")
    TOLD.clear()
    assert feed_once(run) == 0
    assert told("epoch") == []
    assert "report" in told("file")
    assert read_state(run.path, "ours").error is None


def test_a_run_that_is_gone_is_nobodys_mistake(run):
    run.record.unlink()
    assert feed_once(run) == 1


def test_a_damaged_state_is_none(run):
    file = TrackingFolder(run.path).state("ours")
    file.parent.mkdir()
    file.write_text("{")
    assert read_state(run.path, "ours") == feeding.FedState()

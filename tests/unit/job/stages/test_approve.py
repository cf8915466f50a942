"""Gates of a run: what is asked, what a no means, and what is on record."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from whole_run import context_of, write_whole_run

from yololab.config.defaults import default_tree
from yololab.config.frozen import Frozen
from yololab.config.schema import ApprovalConfig, Policy
from yololab.config.validation import validate
from yololab.errors import ApprovalError
from yololab.files.record import Record
from yololab.job.gatekeeper import Answer, Gatekeeper, GateName
from yololab.job.stages.approve import answer_before, ask_gate, before_estimate, before_training, decided
from yololab.terminal.screen import Screen


@pytest.fixture
def run(tmp_path):
    return write_whole_run(tmp_path / "run")


def context(run, policy: Policy = Policy.ASK, ask=None, **changes):
    return replace(context_of(run, **changes), gatekeeper=Gatekeeper(ApprovalConfig(policy=policy), ask))


def recorded(run) -> list[tuple[str, str, str]]:
    return [(item["gate"], item["answer"], item["by"].split(":")[0]) for item in Record(run).read()["approvals"]]


def test_a_yes_is_recorded_with_its_facts(run):
    asked = []
    answer = ask_gate(
        context(run, ask=lambda text: asked.append(text) or True), GateName.LONG, "Start it?", {"hours": 3}
    )
    assert (answer, asked) == (Answer.YES, ["Start it?"])
    assert recorded(run) == [("long", "yes", "user")]
    assert Record(run).read()["approvals"][0]["facts"] == {"hours": 3}


def test_a_no_ends_the_run_and_is_recorded_before_that(run):
    with pytest.raises(ApprovalError, match="declined at the gate cpu"):
        ask_gate(context(run, ask=lambda _: False), GateName.CPU, "Train on the CPU?", {})
    assert recorded(run) == [("cpu", "no", "user")]


def test_a_no_to_a_promotion_ends_nothing(run):
    assert ask_gate(context(run, ask=lambda _: False), GateName.PROMOTE, "Promote?", {}) is Answer.NO


def test_nobody_there_is_recorded_too(run):
    with pytest.raises(ApprovalError, match=r"approval\.cpu=auto"):
        ask_gate(context(run), GateName.CPU, "Train on the CPU?", {})
    assert recorded(run) == [("cpu", "unanswered", "nobody")]


def test_the_last_answer_of_earlier_attempts_counts(run):
    answers = [{"gate": "worse", "answer": answer} for answer in ("yes", "no")]
    previous = Record(run).read() | {"approvals": answers}
    assert answer_before(context_of(run, previous=previous), GateName.WORSE) == answers[1]
    assert answer_before(context_of(run, previous=previous), GateName.LONG) is None
    assert answer_before(context_of(run, previous=None), GateName.WORSE) is None


def test_only_a_complete_run_has_decided(run):
    assert decided(context_of(run)) is True
    assert decided(context_of(run, previous=Record(run).read() | {"status": "interrupted"})) is None


@pytest.mark.parametrize(("hours", "asks"), [(1.0, True), (1.9, True), (2.0, False), (24.0, False), (0.0, True)])
def test_approval_long_training_hours_decides_what_is_long(run, hours, asks):
    """A training of two hours."""
    tree = default_tree()
    tree["approval"]["long_training_hours"] = hours
    asked = []
    given = context(run, ask=lambda text: asked.append(text) or True)
    given = replace(given, frozen=Frozen(validate(tree), tree, {}, ()))
    before_training(given, prepared("cuda"), checked(), estimated(2 * 3600.0))
    assert recorded(run) == ([("long", "yes", "user")] if asks else [])
    assert [f"2 h 00 min are more than {hours:g} h" in text for text in asked] == [True] * asks
    before_training(given, prepared("cuda"), checked(), SimpleNamespace(estimate=None))
    assert len(asked) == asks


def prepared(kind: str):
    device = SimpleNamespace(id=kind, kind=kind, names=(kind,))
    return SimpleNamespace(dataset_name="cells", device=device, model=SimpleNamespace(model="/weights/yolo26n.pt"))


def checked(*warnings: str):
    report = SimpleNamespace(warnings=[SimpleNamespace(check=name) for name in warnings])
    return SimpleNamespace(images={"train": 8}, report=report, inputs=SimpleNamespace(rehearsal=None))


def estimated(seconds: float):
    return SimpleNamespace(estimate=SimpleNamespace(training_seconds=seconds, seconds=seconds + 30, disk_bytes=10**7))


def test_one_question_says_what_where_how_long_how_much_disk_and_what_speaks_against(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    asked, stream = [], io.StringIO()
    given = replace(context(run, ask=lambda text: asked.append(text) or True), screen=Screen(stream=stream))
    before_estimate(given, prepared("cpu"), checked("leak_same", "leak_same"))
    assert (asked, recorded(run)) == ([], [])
    before_training(given, prepared("cpu"), checked("leak_same", "leak_same"), estimated(7200.0))
    (question,) = asked
    assert "no gpu: it runs on the cpu; 2 h 00 min are more than 1 h" in question.lower()
    assert "the dataset has 2 warnings (leak_same)" in question
    text = stream.getvalue()
    assert "yolo26n.pt on cells (8 train images), 100 epochs at 640 px" in text
    assert "2 h 00 min at most, until " in text
    assert "10.0 MB of " in text
    assert "folder: run\n" in text
    assert recorded(run) == [(gate, "yes", "user") for gate in ("cpu", "long", "dataset")]


def test_what_nobody_will_agree_to_stops_before_the_estimate(run):
    with pytest.raises(ApprovalError, match=r"Train\? No GPU.*approval.cpu=auto \(this gate\)"):
        before_estimate(context(run), prepared("cpu"), checked())
    with pytest.raises(ApprovalError, match="declined at the gate cpu"):
        before_estimate(context(run, Policy.NEVER, ask=pytest.fail), prepared("cpu"), checked())
    before_estimate(context(run, Policy.AUTO), prepared("cpu"), checked())
    before_estimate(context(run), prepared("cuda"), checked())
    assert recorded(run) == [("cpu", "unanswered", "nobody"), ("cpu", "no", "policy")]


def test_who_walks_away_from_the_question_has_answered_nothing(run):
    def away(_question: str) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        before_training(context(run, ask=away), prepared("cpu"), checked(), SimpleNamespace(estimate=None))
    assert recorded(run) == [("cpu", "interrupted", "nobody")]

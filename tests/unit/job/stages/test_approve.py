"""Gates of a run: what is asked, what a no means, and what is on record."""

from __future__ import annotations

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
from yololab.job.stages.approve import answer_before, ask_gate, before_training, decided


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
    prepared = SimpleNamespace(dataset_name="cells", device=SimpleNamespace(id="cpu"))
    checked = SimpleNamespace(images={"train": 8}, inputs=SimpleNamespace(rehearsal=None))
    estimated = SimpleNamespace(estimate=SimpleNamespace(training_seconds=2 * 3600.0, seconds=7300.0))
    before_training(given, prepared, checked, estimated)
    assert recorded(run) == ([("long", "yes", "user")] if asks else [])
    assert [f"more than {hours:g} h" in text for text in asked] == [True] * asks
    before_training(given, prepared, checked, SimpleNamespace(estimate=None))
    assert len(asked) == asks

"""Who answers at the gates."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from yololab.config.hydra.compose import compose_experiment
from yololab.config.schema import ApprovalConfig, Policy
from yololab.errors import ApprovalError
from yololab.job.gatekeeper import (
    Answer,
    Gatekeeper,
    GateName,
    answered_before,
    answering,
    answers_line,
    reasons,
    require_yes,
)


def decide(gate=GateName.CPU, ask=None, answered=None, **policies):
    return decide_all([gate], ask, answered, **policies)[0]


def decide_all(gates, ask=None, answered=None, **policies):
    return Gatekeeper(ApprovalConfig(**policies), ask, answered or {}).decide(gates, "Go on?", {"epochs": 3})


def test_without_a_terminal_a_gate_before_training_stops_and_names_the_flag():
    with pytest.raises(ApprovalError, match=r"approval\.cpu=auto"):
        decide()


@pytest.mark.parametrize("gate", [GateName.WORSE, GateName.PROMOTE])
def test_without_a_terminal_a_gate_after_training_stays_open(gate):
    assert decide(gate).answer is Answer.UNANSWERED


def test_auto_goes_on_but_never_promotes():
    assert decide(policy=Policy.AUTO).answer is Answer.YES
    assert decide(GateName.PROMOTE, policy=Policy.AUTO).answer is Answer.NO


def test_never_refuses():
    assert decide(policy=Policy.NEVER).answer is Answer.NO


def test_a_gate_has_its_own_policy():
    assert decide(policy=Policy.NEVER, cpu=Policy.AUTO).by == "policy:auto"
    with pytest.raises(ApprovalError):
        decide(policy=Policy.AUTO, cpu=Policy.ASK)


@pytest.mark.parametrize(("said", "answer"), [(True, Answer.YES), (False, Answer.NO)])
def test_a_person_is_asked(said, answer):
    approval = decide(ask=lambda _question: said)
    assert (approval.answer, approval.by.split(":")[0]) == (answer, "user")
    assert vars(approval)["facts"] == {"epochs": 3}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], ApprovalConfig(Policy.NEVER, cpu=Policy.AUTO)),
        (["approval.cpu=ask"], ApprovalConfig(Policy.NEVER, cpu=Policy.ASK)),
        (["approval.policy=auto"], ApprovalConfig(Policy.AUTO, cpu=Policy.AUTO)),
        (["approval=auto"], ApprovalConfig(Policy.AUTO)),
    ],
)
def test_what_is_said_with_a_resume_goes_before_the_frozen_config_and_nothing_else_does(said, expected):
    frozen = ApprovalConfig(Policy.NEVER, cpu=Policy.AUTO)
    assert answering(compose_experiment(said).experiment, frozen) == expected


def test_a_trial_takes_the_answer_of_its_sweep():
    approval = decide(answered={"cpu": "sweep, user:ada"}, policy=Policy.NEVER)
    assert (approval.answer, approval.by) == (Answer.YES, "sweep, user:ada")


BEFORE = [GateName.CPU, GateName.LONG, GateName.DATASET]


@pytest.mark.parametrize("said", [True, False])
def test_all_gates_are_one_question(said):
    asked = []
    found = decide_all(
        BEFORE, lambda text: asked.append(text) or said, {"cpu": "before, user:ada"}, dataset=Policy.AUTO
    )
    assert asked == ["Go on?"]
    assert [(item.gate.value, item.answer.value, item.by.split(":")[0]) for item in found] == [
        ("cpu", "yes", "before, user"),
        ("long", "yes" if said else "no", "user"),
        ("dataset", "yes", "policy"),
    ]
    assert (answers_line(found).count(";"), "dataset: yes (policy:auto)" in answers_line(found)) == (2, True)


def test_nobody_is_asked_what_a_policy_refuses():
    found = decide_all(BEFORE, pytest.fail, long=Policy.NEVER)
    assert [(item.gate, item.answer) for item in found] == [(GateName.LONG, Answer.NO)]
    with pytest.raises(ApprovalError, match=r"gate long by policy:never; nothing was spent. approval.long=auto"):
        require_yes(found)


def test_who_cannot_be_asked_learns_of_all_flags():
    with pytest.raises(
        ApprovalError, match=r"approval.cpu=auto approval.dataset=auto \(these gates\) or approval=auto"
    ):
        decide_all(BEFORE, long=Policy.AUTO)


def test_what_will_be_refused_is_known_before():
    keeper = Gatekeeper(ApprovalConfig(long=Policy.NEVER, dataset=Policy.AUTO), None, {"worse": "sweep"})
    assert [gate.value for gate in GateName if keeper.will_refuse(gate)] == ["cpu", "long", "promote"]
    assert [gate.value for gate in GateName if keeper.asks(gate)] == ["cpu", "promote"]


def test_a_declined_promotion_ends_nothing():
    require_yes(decide_all([GateName.PROMOTE], lambda _: False))


def test_reasons_are_a_sentence():
    assert reasons(["no GPU", "3 h are more than 1 h"]) == "No GPU; 3 h are more than 1 h."


def approval(gate: str, answer: str, by: str = "user:ann") -> dict[str, str]:
    return {"gate": gate, "answer": answer, "by": by}


def test_gates_that_were_passed_are_not_asked_again():
    given = [approval("cpu", "yes"), approval("long", "no"), approval("long", "yes"), approval("worse", "unanswered")]
    assert answered_before({"approvals": given}) == {"cpu": "before, user:ann", "long": "before, user:ann"}
    assert answered_before({"approvals": [approval("cpu", "yes", "before, user:ann")]}) == {"cpu": "before, user:ann"}
    assert answered_before({"approvals": [approval("cpu", "yes"), approval("cpu", "no")]}) == {}
    assert answered_before({"approvals": [approval("promote", "yes")]}) == {}
    assert answered_before({}) == {}


ASKER = """
import fcntl, signal, sys, termios, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs, these tests too, ignore it
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C reaches a process only from its controlling terminal
from yololab.job.gatekeeper import terminal_asker
from yololab.terminal.screen import Screen
assert terminal_asker(Screen(quiet=True)) is None
ask = terminal_asker(Screen())
if "early" in sys.argv:
    print("TRAINING", flush=True)
    time.sleep(2)
try:
    print("ANSWER", ask("Spend?"))
except KeyboardInterrupt:
    print("ANSWER interrupted")
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (b"y\n", "True"),
        (b"YES\n", "True"),
        (b"\n", "False"),
        (b"n\n", "False"),
        (b"\x04", "interrupted"),
        (b"\x03", "interrupted"),
        (b"what\ny\n", "True"),
    ],
)
def test_only_an_explicit_yes_spends_at_a_real_terminal(typed, answer):
    # nobody types within the microseconds between the prompt and the read
    output = at_a_terminal((b"[y/N]", 0.3, typed))
    assert f"ANSWER {answer}".encode() in output, output


@pytest.mark.process
def test_what_was_typed_during_the_training_is_no_answer():
    output = at_a_terminal((b"TRAINING", 0.3, b"y\ny\n"), (b"[y/N]", 0.3, b"n\n"), early=True)
    assert b"ANSWER False" in output, output


def at_a_terminal(*typing: tuple[bytes, float, bytes], early: bool = False) -> bytes:
    """Ask at a pseudo-terminal: once a text is seen, and some seconds later, something is typed."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ASKER, *(["early"] if early else [])],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    output, waiting = b"", list(typing)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not re.search(rb"ANSWER \w+", output):
        if select.select([master], [], [], 0.2)[0]:
            try:
                output += os.read(master, 4096)
            except OSError:
                break
        if waiting and waiting[0][0] in output:
            _, seconds, typed = waiting.pop(0)
            time.sleep(seconds)
            os.write(master, typed)
    process.wait(10)
    os.close(master)
    return output

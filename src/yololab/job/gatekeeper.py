"""Asking before acting: each gate is answered by a person or by a policy, and the answer is recorded."""

import getpass
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from yololab.config.schema import ApprovalConfig, ExperimentConfig, Policy
from yololab.errors import ApprovalError
from yololab.files.record import now
from yololab.terminal.screen import Screen


class GateName(StrEnum):
    """What is asked."""

    CPU = "cpu"
    LONG = "long"
    DATASET = "dataset"
    WORSE = "worse"
    PROMOTE = "promote"


class Answer(StrEnum):
    """What was answered."""

    YES = "yes"
    NO = "no"
    UNANSWERED = "unanswered"
    INTERRUPTED = "interrupted"


# Gates after the training spend nothing more: without anybody to ask they stay open instead of stopping the job.
_AFTER_TRAINING = (GateName.WORSE, GateName.PROMOTE)


@dataclass(frozen=True)
class Approval:
    """The answer of a gate, as it is recorded.

    Attributes:
        gate: The gate.
        facts: What the answer rests on: estimate, device, dataset size, …
        answer: The answer.
        by: `user:<name>`, or `policy:<policy>`.
        time: When it was given.
    """

    gate: GateName
    facts: Mapping[str, Any]
    answer: Answer
    by: str
    time: str


@dataclass(frozen=True)
class Gatekeeper:
    """Decides who answers.

    Attributes:
        config: The policies.
        ask: Puts a question to the person at the terminal and returns True for yes; None when nobody is there.
        answered: Gates that were passed before this job started (a sweep asks once for its trials), and by whom.
    """

    config: ApprovalConfig
    ask: Callable[[str], bool] | None
    answered: Mapping[str, str] = field(default_factory=dict)

    def policy_of(self, gate: GateName) -> Policy:
        """Return the gate's own policy, else the overall one."""
        own: Policy | None = getattr(self.config, gate.value)
        return own or self.config.policy

    def asks_nobody(self, gate: GateName) -> bool:
        """Return whether a person should be asked at a gate, and nobody is there."""
        return self.policy_of(gate) is Policy.ASK and self.ask is None

    def decide(self, gate: GateName, question: str, facts: Mapping[str, Any]) -> Approval:
        """Get the answer of a gate.

        Args:
            gate: The gate.
            question: What a person is asked.
            facts: What the answer rests on.

        Raises:
            ApprovalError: Nobody can be asked before a training.
        """
        if gate in self.answered:
            return Approval(gate, facts, Answer.YES, self.answered[gate], now())
        policy = self.policy_of(gate)
        if policy is Policy.ASK and self.ask is not None:
            answer = Answer.YES if self.ask(question) else Answer.NO
            return Approval(gate, facts, answer, f"user:{_user()}", now())
        if policy is Policy.ASK and gate not in _AFTER_TRAINING:
            raise ApprovalError(
                f"{question} There is no terminal to ask at, and nothing was spent. To skip the question, pass "
                f"approval.{gate.value}=auto (this gate) or approval=auto (all gates)."
            )
        # Without a person the baseline never moves.
        auto = Answer.NO if gate is GateName.PROMOTE else Answer.YES
        answer = {Policy.ASK: Answer.UNANSWERED, Policy.AUTO: auto, Policy.NEVER: Answer.NO}[policy]
        return Approval(gate, facts, answer, f"policy:{policy}", now())


def answering(given: ExperimentConfig, frozen: ApprovalConfig) -> ApprovalConfig:
    """Return who answers in a run that is started from its frozen config: what was said now goes first.

    Args:
        given: The config of the command.
        frozen: Who answers by the frozen config.
    """
    keys = {key.partition(".")[2] for key in given.overridden if key.partition(".")[0] == "approval"}
    return given.approval if "" in keys else replace(frozen, **{key: getattr(given.approval, key) for key in keys})


def answered_before(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the gates that the previous attempts of a run have passed, and by whom; the last answer of each counts."""
    last = {str(item.get("gate")): item for item in record.get("approvals") or ()}
    return {
        gate: f"before, {str(item.get('by')).removeprefix('before, ')}"
        for gate, item in last.items()
        if item.get("answer") == Answer.YES and gate in set(GateName) - {GateName.PROMOTE}
    }


def declined(approval: Approval) -> ApprovalError:
    """Return the error for a gate whose answer was no."""
    outcome = "the result is not accepted" if approval.gate in _AFTER_TRAINING else "nothing was spent"
    return ApprovalError(
        f"declined at the gate {approval.gate.value} by {approval.by}; {outcome}. "
        f"approval.{approval.gate.value}=auto proceeds without asking."
    )


def terminal_asker(screen: Screen) -> Callable[[str], bool] | None:
    """Return a function that asks at the terminal; None when there is none, or nothing is shown there (`--json`).

    Only an explicit yes counts, and what was typed before the question was there is no answer to it. Enter alone is a
    no; Ctrl-C and the end of input (Ctrl-D, a terminal that is gone) are none: they come as a KeyboardInterrupt.
    """
    if screen.console.quiet or not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def ask(question: str) -> bool:
        screen.ask(question)
        _forget_typed()
        while True:
            try:
                reply = input("          [y/N] ").strip().lower()
            except (EOFError, OSError):
                raise KeyboardInterrupt from None
            if reply in ("", "n", "no"):
                return False
            if reply in ("y", "yes"):
                return True
            screen.ask(f"Please answer y or n. {question}")

    return ask


def _forget_typed() -> None:
    """Throw away what was typed so far, also where nobody looked: during a training of hours."""
    try:
        import termios
    except ImportError:  # Windows
        import msvcrt

        while msvcrt.kbhit():  # type: ignore[attr-defined]
            msvcrt.getwch()  # type: ignore[attr-defined]
        return
    with suppress(OSError, termios.error):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _user() -> str:
    """Return who sits at the terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

"""Asking before acting: each gate is answered by a person or by a policy, and the answer is recorded."""

import getpass
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from yololab.config.schema import ApprovalConfig, ExperimentConfig, Policy
from yololab.errors import ApprovalError
from yololab.files.record import now
from yololab.terminal.screen import Screen
from yololab.terminal.status_line import INDENT


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

    def asks(self, gate: GateName) -> bool:
        """Return whether a person should be asked at a gate."""
        return gate not in self.answered and self.policy_of(gate) is Policy.ASK

    def asks_nobody(self, gate: GateName) -> bool:
        """Return whether a person should be asked at a gate, and nobody is there."""
        return self.asks(gate) and self.ask is None

    def will_refuse(self, gate: GateName) -> bool:
        """Return whether it is known already that a gate before the training will not be passed."""
        refused = gate not in self.answered and self.policy_of(gate) is Policy.NEVER
        return refused or self.asks_nobody(gate)

    def decide(self, gates: Sequence[GateName], question: str, facts: Mapping[str, Any]) -> list[Approval]:
        """Get the answer of some gates, with one question to a person for all of them that ask.

        Args:
            gates: The gates.
            question: What a person is asked.
            facts: What the answer rests on.

        Returns:
            An approval for each; where a policy refuses one, nobody is asked, and those that ask have none.

        Raises:
            ApprovalError: Nobody can be asked before a training.
        """
        policies = {gate: self.policy_of(gate) for gate in gates if gate not in self.answered}
        refused = Policy.NEVER in policies.values()
        asking = [] if refused else [gate for gate, policy in policies.items() if policy is Policy.ASK]
        unasked = [gate for gate in asking if self.ask is None and gate not in _AFTER_TRAINING]
        if unasked:
            raise ApprovalError(
                f"{question} There is no terminal to ask at, and nothing was spent. To skip the question, pass "
                f"{_flags(unasked)} ({'this gate' if len(unasked) == 1 else 'these gates'}) or approval=auto (all "
                "gates)."
            )
        agreed = self.ask(question) if asking and self.ask is not None else None
        answers = {gate: (Answer.YES, by) for gate, by in self.answered.items()}
        for gate, policy in policies.items():
            if gate in asking and agreed is not None:
                answers[gate] = Answer.YES if agreed else Answer.NO, f"user:{_user()}"
            elif policy is not Policy.ASK or gate in asking:
                # Without a person the baseline never moves.
                auto = Answer.NO if gate is GateName.PROMOTE else Answer.YES
                by_policy = {Policy.ASK: Answer.UNANSWERED, Policy.AUTO: auto, Policy.NEVER: Answer.NO}
                answers[gate] = by_policy[policy], f"policy:{policy}"
        time = now()
        return [Approval(gate, facts, *answers[gate], time) for gate in gates if gate in answers]


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


def require_yes(approvals: Sequence[Approval]) -> None:
    """Stop where the answer at a gate was no; a promotion may be declined without an end.

    Raises:
        ApprovalError: It was.
    """
    refused = [item for item in approvals if item.answer is Answer.NO and item.gate is not GateName.PROMOTE]
    if refused:
        gates = [item.gate for item in refused]
        outcome = "the result is not accepted" if set(gates) & set(_AFTER_TRAINING) else "nothing was spent"
        named = f"the gate{'s' * (len(gates) > 1)} {', '.join(gates)}"
        by, remedy = refused[0].by, f"{_flags(gates)} goes on without asking"
        raise ApprovalError(f"declined at {named} by {by}; {outcome}. {remedy}.")


def reasons(found: Iterable[str]) -> str:
    """Write why somebody is asked, as a sentence."""
    text = "; ".join(found)
    return f"{text[:1].upper()}{text[1:]}."


def answers_line(approvals: Sequence[Approval]) -> str:
    """Return the answers as a line: gates with the same one together."""
    gates: dict[str, list[str]] = {}
    for item in approvals:
        gates.setdefault(f"{item.answer} ({item.by})", []).append(item.gate)
    return "; ".join(f"{', '.join(names)}: {answer}" for answer, names in gates.items())


def _flags(gates: Sequence[GateName]) -> str:
    return " ".join(f"approval.{gate}=auto" for gate in gates)


def terminal_asker(screen: Screen) -> Callable[[str], bool] | None:
    """Return a function that asks at the terminal; None when there is none, or nothing is shown there (`--json`).

    Only an explicit yes counts, and what was typed before the question was there is no answer to it. Enter alone is a
    no; Ctrl-C and the end of input (Ctrl-D, a terminal that is gone) are none: they come as a KeyboardInterrupt.
    """
    if screen.console.quiet or not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def ask(question: str) -> bool:
        with screen.paused():
            screen.ask(question)
            _forget_typed()
            while True:
                try:
                    reply = input(f"{'':>{INDENT}}[y/N] ").strip().lower()
                except (EOFError, OSError):
                    raise KeyboardInterrupt from None
                if reply in ("", "n", "no"):
                    return False
                if reply in ("y", "yes"):
                    return True
                screen.ask("Please answer y or n.")

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

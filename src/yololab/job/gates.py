"""Putting the question of a gate, and recording the answer."""

from __future__ import annotations

from yololab.errors import ApprovalError
from yololab.files.record import now
from yololab.job.context import Job
from yololab.job.gatekeeper import Answer, Approval, GateName, declined


def ask_gate(job: Job, gate: GateName, question: str) -> Answer:
    """Put a gate's question, show and record the answer."""
    try:
        with job.stop.at_prompt():
            approval = job.gatekeeper.decide(gate, question, job.facts())
    except ApprovalError:
        open_gate = Approval(gate, job.facts(), Answer.UNANSWERED, "nobody", now())
        job.record.add_approval(open_gate.to_json())
        raise
    if job.stop.requested:
        raise KeyboardInterrupt
    job.record.add_approval(approval.to_json())
    job.screen.stage("approve", f"{gate}: {approval.answer} ({approval.by})")
    if approval.answer is Answer.NO and gate is not GateName.PROMOTE:
        raise declined(approval)
    return approval.answer

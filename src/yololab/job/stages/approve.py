"""Asking before acting: which gates a run meets, what is asked there, and what a no means."""

from collections.abc import Mapping
from typing import Any

from yololab.comparison.result import Comparison
from yololab.errors import ApprovalError
from yololab.files.record import now
from yololab.files.record_content import Status
from yololab.job.context import Context, Stage
from yololab.job.gatekeeper import Answer, Approval, GateName, declined
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.estimate import Estimate, Estimated
from yololab.statistics.inference.verdict import Verdict
from yololab.text import counted, duration


def before_estimate(context: Context, prepared: Prepared, checked: Checked) -> None:
    """Ask before a CPU is used, and before a dataset with warnings is."""
    facts = facts_of(context, prepared, checked)
    train, device = context.config.train, prepared.device
    if device.kind == "cpu":
        images = counted(checked.images["train"], "image")
        what = f"{counted(train.epochs, 'epoch')} of {images} of {prepared.dataset_name} at {train.imgsz} px"
        if checked.inputs.rehearsal is not None:
            what = f"A dry run: {checked.inputs.rehearsal.arguments['epochs']} epoch(s) of one batch"
        ask_gate(context, GateName.CPU, f"Train on the CPU? {what}, on {device.names[0]}.", facts)
    if checked.report.warnings:
        found = f"{counted(len(checked.report.warnings), 'warning')} (shown above)"
        question = f"The dataset check of {prepared.dataset_name} has {found}. Train on it all the same?"
        ask_gate(context, GateName.DATASET, question, facts)


def before_training(context: Context, prepared: Prepared, checked: Checked, estimated: Estimated) -> None:
    """Ask before a long training."""
    estimate, hours = estimated.estimate, context.config.approval.long_training_hours
    if estimate is None or checked.inputs.rehearsal is not None or estimate.training_seconds <= hours * 3600:
        return
    time_needed = duration(estimate.training_seconds)
    images = ", ".join(f"{count} {split}" for split, count in checked.images.items())
    question = f"Training will take about {time_needed} on {prepared.device.id}, more than {hours:g} h"
    question += f" ({prepared.dataset_name}: {images} images). Start it?"
    ask_gate(context, GateName.LONG, question, facts_of(context, prepared, checked, estimate))


def of_result(
    context: Context, prepared: Prepared, checked: Checked, estimated: Estimated, comparison: Comparison
) -> None:
    """Ask before a result that is worse than the baseline is accepted."""
    if comparison.verdict is not Verdict.DEGRADED or context.trial is not None:
        return
    before = answer_before(context, GateName.WORSE)
    if before is not None and before.get("answer") == Answer.NO and context.gatekeeper.asks_nobody(GateName.WORSE):
        raise declined(Approval(GateName.WORSE, {}, Answer.NO, str(before.get("by")), now()))
    question = f"The result is worse than the baseline. {comparison.text} Accept it?"
    ask_gate(context, GateName.WORSE, question, facts_of(context, prepared, checked, estimated.estimate))


def decided(context: Context) -> bool | None:
    """Whether the run has come to its end before: what was decided about its result then stays."""
    return True if (context.previous or {}).get("status") == Status.COMPLETE else None


DEVICE_AND_DATA = Stage("approve_device", before_estimate)
DURATION = Stage("approve_duration", before_training)
RESULT = Stage("accept", of_result, decided, once=True)


def facts_of(
    context: Context, prepared: Prepared, checked: Checked, estimate: Estimate | None = None
) -> dict[str, Any]:
    """Return what somebody who is asked needs to know."""
    train = context.config.train
    return {
        "dataset": prepared.dataset_name,
        "device": context.config.device.id or "auto",
        "epochs": train.epochs,
        "imgsz": train.imgsz,
        "batch": train.batch,
        "images": dict(checked.images),
        "estimated_seconds": estimate.seconds if estimate else None,
    }


def ask_gate(context: Context, gate: GateName, question: str, facts: Mapping[str, Any]) -> Answer:
    """Put a gate's question, show and record the answer.

    Raises:
        ApprovalError: Nobody was there to ask before a training, or the answer was no.
    """
    try:
        approval = context.gatekeeper.decide(gate, question, facts)
    except (ApprovalError, KeyboardInterrupt) as error:
        answer = Answer.UNANSWERED if isinstance(error, ApprovalError) else Answer.INTERRUPTED
        context.record.add_approval(vars(Approval(gate, facts, answer, "nobody", now())))
        raise
    context.record.add_approval(vars(approval))
    context.screen.stage("approve", f"{gate}: {approval.answer} ({approval.by})")
    if approval.answer is Answer.NO and gate is not GateName.PROMOTE:
        raise declined(approval)
    return approval.answer


def answer_before(context: Context, gate: GateName) -> Mapping[str, Any] | None:
    """Return the last answer of the previous attempts at a gate; None when there was none."""
    answers = [item for item in (context.previous or {}).get("approvals") or () if item.get("gate") == gate]
    return answers[-1] if answers else None

"""Asking before acting: which gates a run meets, what is asked there, and what a no means."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from yololab.comparison.result import Comparison
from yololab.errors import ApprovalError
from yololab.files.record import now
from yololab.files.record_content import Status
from yololab.job.context import Context, Stage
from yololab.job.gatekeeper import Answer, Approval, GateName, answers_line, reasons, require_yes
from yololab.job.prepare import Prepared
from yololab.job.stages.check import Checked
from yololab.job.stages.estimate import Estimate, Estimated
from yololab.statistics.inference.verdict import Verdict
from yololab.text import counted, duration, first_of, size

DAY_SECONDS = 86_400.0


def before_estimate(context: Context, prepared: Prepared, checked: Checked) -> None:
    """Stop before anything is timed where nobody will agree: a gate's policy refuses, or nobody is there to ask."""
    known = gates_of(context, prepared, checked)
    refusing = [gate for gate in known if context.gatekeeper.will_refuse(gate)]
    if refusing:
        question = f"Train? {reasons(known[gate] for gate in refusing)}"
        ask_gates(context, refusing, question, facts_of(context, prepared, checked))


def before_training(context: Context, prepared: Prepared, checked: Checked, estimated: Estimated) -> None:
    """Ask once, now that all is known: what will be done, where, how long, how much disk, and what speaks against."""
    estimate, gates = estimated.estimate, gates_of(context, prepared, checked, estimated.estimate)
    if not gates:
        return
    if any(map(context.gatekeeper.asks, gates)):
        _show_plan(context, prepared, checked, estimate)
    question = f"Start? {reasons(gates.values())}"
    ask_gates(context, [*gates], question, facts_of(context, prepared, checked, estimate))


def gates_of(
    context: Context, prepared: Prepared, checked: Checked, estimate: Estimate | None = None
) -> dict[GateName, str]:
    """Return the gates before the training that a run meets, each with its reason.

    Args:
        context: The attempt.
        prepared: Its dataset and device.
        checked: What the check found.
        estimate: The estimate; None as long as there is none.
    """
    gates = {}
    if prepared.device.kind == "cpu":
        gates[GateName.CPU] = "no GPU: it runs on the CPU"
    hours = context.config.approval.long_training_hours
    if estimate is not None and checked.inputs.rehearsal is None and estimate.training_seconds > hours * 3600:
        gates[GateName.LONG] = f"{duration(estimate.training_seconds)} are more than {hours:g} h"
    if checked.report.warnings:
        kinds = first_of(dict.fromkeys(found.check for found in checked.report.warnings))
        gates[GateName.DATASET] = f"the dataset has {counted(len(checked.report.warnings), 'warning')} ({kinds})"
    return gates


def _show_plan(context: Context, prepared: Prepared, checked: Checked, estimate: Estimate | None) -> None:
    """Show what a yes will start."""
    train, screen = context.config.train, context.screen
    images = ", ".join(counted(count, f"{split} image") for split, count in checked.images.items())
    epochs = counted(train.epochs, "epoch")
    if checked.inputs.rehearsal is not None:
        epochs = f"a dry run, {counted(checked.inputs.rehearsal.arguments['epochs'], 'epoch')} of one batch"
    model = Path(prepared.model.model).name
    screen.stage("plan", f"{model} on {prepared.dataset_name} ({images}), {epochs} at {train.imgsz} px")
    if estimate is not None:
        end = datetime.now().astimezone() + timedelta(seconds=estimate.seconds)
        by = end.strftime("%H:%M" if estimate.seconds < DAY_SECONDS else "%d %b %H:%M")
        free = size(shutil.disk_usage(context.folder.path).free)
        took = f"{duration(estimate.seconds)} at most, until {by}; {size(estimate.disk_bytes)} of {free} free disk"
        screen.detail(took)
    screen.place("folder", context.folder.path)


def of_result(
    context: Context, prepared: Prepared, checked: Checked, estimated: Estimated, comparison: Comparison
) -> None:
    """Ask before a result is accepted that is worse than the baseline, or has guards that a person is to decide on."""
    worse = comparison.verdict is Verdict.DEGRADED
    if not (worse or comparison.asking_guards) or context.trial is not None:
        return
    before = answer_before(context, GateName.WORSE)
    if before is not None and before.get("answer") == Answer.NO and context.gatekeeper.asks_nobody(GateName.WORSE):
        require_yes([Approval(GateName.WORSE, {}, Answer.NO, str(before.get("by")), now())])
    why = "worse than the baseline" if worse else f"not settled: {'; '.join(comparison.asking_guards)}"
    question = f"The result is {why}. {comparison.text} Accept it?"
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
        "disk_bytes": estimate.disk_bytes if estimate else None,
    }


def ask_gate(context: Context, gate: GateName, question: str, facts: Mapping[str, Any]) -> Answer:
    """Put the question of one gate; see `ask_gates`."""
    return ask_gates(context, [gate], question, facts)[0].answer


def ask_gates(
    context: Context, gates: Sequence[GateName], question: str, facts: Mapping[str, Any]
) -> Sequence[Approval]:
    """Put one question for some gates, show and record the answers.

    Raises:
        ApprovalError: Nobody was there to ask before a training, or the answer was no.
    """
    try:
        approvals = context.gatekeeper.decide(gates, question, facts)
    except (ApprovalError, KeyboardInterrupt) as error:
        answer = Answer.UNANSWERED if isinstance(error, ApprovalError) else Answer.INTERRUPTED
        for gate in filter(context.gatekeeper.asks, gates):
            context.record.add_approval(vars(Approval(gate, facts, answer, "nobody", now())))
        raise
    for approval in approvals:
        context.record.add_approval(vars(approval))
    context.screen.stage("approve", answers_line(approvals))
    require_yes(approvals)
    return approvals


def answer_before(context: Context, gate: GateName) -> Mapping[str, Any] | None:
    """Return the last answer of the previous attempts at a gate; None when there was none."""
    answers = [item for item in (context.previous or {}).get("approvals") or () if item.get("gate") == gate]
    return answers[-1] if answers else None

"""The run on one screen: its stages in their order, and the loop over those that are not done."""

import time

from yololab.files.record_content import Status
from yololab.job.context import Context, Results, Stage
from yololab.job.stages import approve, check, compare, estimate, evaluate, promote, report, track, train, verify

STAGES = (
    check.STAGE,
    approve.DEVICE_AND_DATA,
    estimate.LOAD,
    estimate.STAGE,
    approve.DURATION,
    track.STAGE,
    train.STAGE,
    evaluate.STAGE,
    compare.STAGE,
    verify.STAGE,
    approve.RESULT,
    promote.STAGE,
)
# Once the end of the run is on record, however it ended.
CLOSING = (report.STAGE,)


def run_stages(context: Context, results: Results) -> None:
    """Run each stage that is not done, and each whose input was made again.

    Args:
        context: The attempt.
        results: What is known so far; what the stages find is added.
    """
    again: set[type] = set()
    for stage in STAGES:
        if train.was_pruned(results):  # its own validations have said what it reached
            break
        if context.stop.requested:  # whatever has swallowed the signal
            raise KeyboardInterrupt
        found = None if stage.always else left(stage, context, again)
        if found is None:
            if not stage.always:
                again.add(stage.finds)
            started = time.monotonic()
            try:
                with context.screen.working(stage.name, stage.doing):
                    results.add(results.call(stage.run))
            finally:
                context.record.add_timing(stage.name, time.monotonic() - started)
        else:
            context.screen.detail(f"{stage.name}: done before")
            results.add(found)
            if stage.record is not None:
                results.call(stage.record)


def left(stage: Stage, context: Context, again: set[type]) -> object | None:
    """Return what the previous attempt has left of a stage; None when the stage has to run (again)."""
    out_of_date = bool(again & set(stage.needs)) and not stage.once
    if context.previous is None or stage.done is None or out_of_date:
        return None
    found: object | None = stage.done(context)
    return found


def stages_to_do(context: Context) -> list[str]:
    """Return the stages of a resumed run whose output is missing, damaged or out of date by then, in their order."""
    if context.previous is not None and context.previous["status"] == Status.PRUNED:
        return []
    again: set[type] = set()
    names = []
    for stage in STAGES:
        if stage.done is not None and left(stage, context, again) is None:
            names.append(stage.name)
            if not stage.always:
                again.add(stage.finds)
    closing = (stage for stage in CLOSING if stage.wanted(context))
    return names + [stage.name for stage in closing if names or left(stage, context, again) is None]

"""Whether the run becomes the baseline, as `baseline.promote` says; by default a person is asked."""

from collections.abc import Sequence
from pathlib import Path

from yololab.comparison.comparability import names_protocol_difference
from yololab.comparison.result import Comparison
from yololab.config.schema import Promote
from yololab.errors import InputError
from yololab.files.baseline import Baseline
from yololab.files.baseline import promote as promote_baseline
from yololab.files.metrics import MetricsFile
from yololab.files.record_content import broken_export
from yololab.job.baseline import place_of_baseline
from yololab.job.context import Context, Stage
from yololab.job.gatekeeper import Answer, GateName
from yololab.job.prepare import Prepared
from yololab.job.stages.approve import answer_before, ask_gate, decided, facts_of
from yololab.job.stages.check import Checked
from yololab.job.stages.compare import USE_THE_TEST_SPLIT
from yololab.job.stages.estimate import Estimated
from yololab.job.stages.evaluate import Evaluated
from yololab.job.stages.verify import Verified
from yololab.statistics.inference.verdict import Verdict
from yololab.terminal.screen import Screen
from yololab.text import number

ACCEPT_BROKEN = "To do it all the same: yololab promote export.accept_broken=true"


def run(
    context: Context,
    prepared: Prepared,
    checked: Checked,
    estimated: Estimated,
    evaluated: Evaluated,
    comparison: Comparison,
    verified: Verified,
) -> None:
    """Make the run the baseline, when somebody or a setting says so."""
    if context.trial is not None or checked.inputs.rehearsal is not None:
        return
    before = answer_before(context, GateName.PROMOTE)
    if before is not None and before.get("answer") == Answer.NO and str(before.get("by")).startswith("user:"):
        return  # nobody is asked twice
    when = context.config.baseline.promote
    failed, baseline = verified.failed, place_of_baseline(context, prepared, checked.fingerprints)
    if failed and context.config.verification.strict:
        return
    broken = broken_export(context.record.read())
    if broken and when is not Promote.NEVER and not context.config.export.accept_broken:
        context.screen.warn(f"not promoted: its export is broken: {broken} {ACCEPT_BROKEN} {context.folder.path}")
        return
    if when is Promote.ASK and comparison.verdict is not Verdict.DEGRADED:
        question = f"Make this run the baseline? {replaced(baseline, evaluated.metrics)} {verified.text}"
        if USE_THE_TEST_SPLIT in comparison.notes:
            question += f" {USE_THE_TEST_SPLIT}"
        facts = facts_of(context, prepared, checked, estimated.estimate)
        wanted = ask_gate(context, GateName.PROMOTE, question, facts) is Answer.YES
    else:
        better = when is Promote.IF_IMPROVED and _is_better(context.screen, comparison, failed)
        wanted = when is Promote.ALWAYS or better
    if wanted:
        if failed:
            context.screen.warn(verified.text)
        target = promote_baseline(baseline, evaluated.metrics, context.folder.predictions, context.folder.path)
        context.record.update(promoted={"path": str(target), "verdict": comparison.verdict})
        context.screen.place("now the baseline", baseline.path, "promote")


def replaced(baseline: Baseline, metrics: MetricsFile) -> str:
    """Return what a promotion would put in the place of what, as a sentence."""
    primary = metrics.primary.name
    own = f"It has {primary} {number(metrics.value(primary))}"
    if not baseline.exists():
        return f"{own}; there is none yet."
    try:
        origin, now = baseline.origin(), number(baseline.metrics().value(primary))
    except InputError as error:
        return f"{own}; the present one cannot be read ({error})."
    name, date = Path(str(origin.get("run"))).name, str(origin.get("promoted_at"))[:10]
    return f"{own}; it would replace {name}, promoted on {date}, with {now}."


def done(context: Context) -> bool | None:
    """Whether it was decided before: a run that is measured again does not move the baseline a second time."""
    return True if (context.previous or {}).get("promoted") else decided(context)


STAGE = Stage("promote", run, done, once=True)


def _is_better(screen: Screen, comparison: Comparison, failed: Sequence[str]) -> bool:
    """Return whether a run may take the baseline's place by itself, and say what stands in a better one's way."""
    doubtful = comparison.broken_guards or comparison.asking_guards
    if comparison.verdict not in (Verdict.IMPROVED, Verdict.NO_BASELINE) or doubtful:
        return False
    reasons = [f"failed: {check}" for check in failed]
    if names_protocol_difference(comparison.warnings):
        reasons.append("the baseline was measured under another protocol")
    if reasons:
        screen.warn(f"not promoted ({'; '.join(reasons)}); to do it all the same: yololab promote RUN")
    return not reasons

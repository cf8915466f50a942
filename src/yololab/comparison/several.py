"""Several arms against one baseline: the more are tried, the more likely one looks different by chance alone."""

from collections.abc import Sequence
from dataclasses import replace

from yololab.comparison.registration.registered import KEY
from yololab.comparison.result import ComparedArm, Comparison
from yololab.comparison.verdict_text import guards_text, verdict_text
from yololab.statistics.inference.hypothesis_tests import holm
from yololab.statistics.inference.verdict import ALPHA, CLAIMS
from yololab.tasks import Direction


def compare_arms_together(names: Sequence[str], found: Sequence[Comparison]) -> Comparison:
    """Return several comparisons with one baseline as one: the first, with all of them as its arms.

    IMPROVED and DEGRADED are claimed by p-values that are corrected for the number of arms (Holm). The intervals stay
    those of single comparisons.

    Args:
        names: What the arms are called.
        found: The comparison of each with the baseline.
    """
    tested = [index for index, arm in enumerate(found) if arm.primary.p is not None]
    corrected = dict(zip(tested, holm([found[index].primary.p or 0.0 for index in tested]), strict=True))
    for index, arm in enumerate(found):
        joint = arm.analysis.get("primary_metrics") or {}
        if joint.get("p") is not None:  # corrected for the metrics; of α the arm has had a share
            corrected[index] = min(1.0, joint["p"] * len(found))
    arms = tuple(
        ComparedArm(name, _corrected(arm, corrected.get(index), len(tested)), corrected.get(index))
        for index, (name, arm) in enumerate(zip(names, found, strict=True))
    )
    note = f"{len(arms)} arms were compared: p-values are corrected for that (Holm), intervals are not."
    if any("primary_metrics" in arm.analysis for arm in found):
        note = f"{len(arms)} arms were compared: each has a share of α/{len(arms)} for its metrics."
    return replace(arms[0].comparison, arms=arms, notes=(*arms[0].comparison.notes, note))


def _corrected(arm: Comparison, p: float | None, count: int) -> Comparison:
    """Return a comparison with the verdict that its corrected p-value allows."""
    difference = arm.primary.difference
    if "primary_metrics" in arm.analysis:
        return arm  # its α is a share of the arms' already
    if p is None or difference is None or arm.verdict not in CLAIMS or p < ALPHA:
        return arm
    text = verdict_text(
        arm.otherwise,
        replace(difference, p=p),
        arm.tolerance,
        lower_is_better=arm.primary.direction is Direction.LOWER,
        over=str((arm.statistics or {}).get("unit") or "images and seeds"),
        test=f"the test, corrected for {count} arms,",
    )
    registered = arm.analysis.get(KEY, {}).get("sentence")
    text = f"{text} p is corrected for {count} arms.{guards_text(arm.broken_guards)}"
    text += f" {registered}" if registered else ""
    return replace(arm, verdict=arm.otherwise, confirmed=False, text=text)

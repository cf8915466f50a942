"""The judgement of one proposal: kept when it is more than chance and more than noise, else discarded.

Two tests have to agree. The paired test over the images says whether this checkpoint is better than the reference, at
α/N of the night; it holds for lop-sided differences as well. Where the baseline has seeds enough, the gain also has to
rise above what two runs of one recipe differ by. What is kept is the reference of the next proposals: its luck, if any,
speaks against them, not for them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from filelock import FileLock

from yololab.comparison.comparability import names_protocol_difference
from yololab.comparison.compare import compare_metrics
from yololab.comparison.groups import units_of
from yololab.comparison.result import Comparison
from yololab.comparison.run_reference import read_reference
from yololab.errors import InputError, Problem
from yololab.files.looks import Look, look_of
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import OutputTree
from yololab.files.record import now
from yololab.files.series.chain import link_of
from yololab.statistics.inference.noise_floor import (
    FEWEST_SEEDS,
    NoiseFloor,
    NoiseTest,
    noise_test,
    value_and_influence,
    with_scale_of,
)
from yololab.statistics.inference.verdict import Verdict
from yololab.sweep.referee.further import kept_last, strengthen
from yololab.sweep.referee.night import (
    NIGHT_ALPHA,
    Night,
    NightContent,
    ProposalContent,
    keep_evaluation,
    keep_in_record,
    moment_of,
    newest_night,
    read_night,
    reference_name,
    refuse_cut,
)
from yololab.sweep.referee.proposals import Contestant, contestant, record_of
from yololab.sweep.referee.start import floor_of, place_of, records_of
from yololab.tasks import Direction
from yololab.text import moment, p_equation, signed

_TOLERANCE = 0.01  # no verdict that it decides is asked for: a proposal is better, or it is discarded
# A gain is looked for, and nothing else: one side of a two-sided p.
_SIDES = 2


@dataclass(frozen=True)
class Judgement:
    """What became of a proposal.

    Attributes:
        night: The night, with this proposal in it.
        proposal: The proposal.
        again: Whether it had been judged before: then nothing was spent.
        comparison: The comparison with the reference; None when it had been judged before.
        seed: The name of the run, where it is another seed of the proposal, which had been kept: nothing was spent.
    """

    night: Night
    proposal: ProposalContent
    again: bool
    comparison: Comparison | None = None
    seed: str | None = None


def rule_on(path: Path, tree: OutputTree) -> Judgement:
    """Judge a run in the newest night of a project, and write the judgement down.

    Args:
        path: The run.
        tree: The project's results.

    Raises:
        InputError: It cannot be judged: the night is over, the same was proposed before, it was measured on other
            images, or on the test split. Nothing is spent then.
    """
    night = newest_night(tree)
    with FileLock(night.folder.lock, timeout=600):
        night = read_night(night.folder)
        refuse_cut(night, tree)
        proposed = contestant(read_reference(str(path), tree.root))
        judged = night.content["judged"]
        before = next((item for item in judged if item["candidate"] == proposed.candidate), None)
        if before is not None:
            return Judgement(night, before, again=True)
        if newest := kept_last(proposed, night):
            night, again = strengthen(proposed, newest, night, tree)
            return Judgement(night, newest, again, seed=proposed.name)
        problems = [*_what_forbids(proposed, night)]
        if problems:
            raise InputError(problems)
        look = look_of(judged, proposed.candidate, night.content["proposals"], _SIDES * NIGHT_ALPHA)
        comparison = compare_metrics(proposed.metrics, night.reference, _TOLERANCE, look=look)
        if not comparison.statistical_support:
            reason = " ".join(comparison.notes) or "its records hold nothing to test"
            raise InputError(Problem(str(proposed.path), reason, "records of the same images as the reference's"))
        if names_protocol_difference(comparison.warnings):
            found = "measured under another protocol than the reference"
            raise InputError(Problem(str(proposed.path), found, "the same evaluation.* settings"))
        proposal = _judged(proposed, night, comparison, look, tree)
        proposal["before"] = night.last_link
        proposal["sha256"] = link_of(proposal)
        content: NightContent = {**night.content, "judged": [*judged, proposal]}
        if proposal["kept"]:
            name = reference_name(proposal)
            keep_evaluation(night.folder, name, proposed.metrics, proposed.predictions)
            content["reference"] = name
        night = replace(night, content=content)
        night.write()
    keep_in_record(proposal["number"], proposal["sha256"], night, proposed.path, kept=proposal["kept"])
    return Judgement(night, proposal, again=False, comparison=comparison)


def _what_forbids(proposed: Contestant, night: Night) -> list[Problem]:
    """Return why a run is no proposal of this night."""
    content, where = night.content, str(proposed.path)
    problems = []
    if night.left <= 0:
        found = f"the {content['proposals']} proposals of {night.folder.path.name} are used, and α is spent"
        remedy = "`yololab referee report` sums the night up; a new night needs other images to be honest"
        problems.append(Problem("referee", found, "a night with proposals left", remedy))
    if night.ends and (proposed.started or datetime.now().astimezone()) > night.ends:
        found = f"the night ended at {moment(night.ends.isoformat())}, before this training began"
        problems.append(Problem("referee", found, f"a training within {content.get('hours'):g} hours of the start"))
    if proposed.metrics.split != content.get("split"):
        found = f"measured on the split {proposed.metrics.split}"
        allowed = f"an evaluation on {content.get('split')}: the test split is for the end of the night"
        problems.append(Problem(where, found, allowed))
    for seed in content["seeds"]:
        if seed["candidate"] == proposed.candidate or (proposed.recipe and seed["recipe"] == proposed.recipe):
            found = f"the recipe of the baseline, {seed['name']}, at most with another seed"
            problems.append(
                Problem(where, found, "a change of it", "a seed is no proposal: it would be tried until it is lucky")
            )
            break
    same = next((item for item in content["judged"] if proposed.recipe and item.get("recipe") == proposed.recipe), None)
    if same is not None:
        outcome = "kept" if same["kept"] else "discarded"
        found = (
            f"proposed before: it is proposal {same['number']}, {same['name']}, at most with another seed; {outcome}"
        )
        problems.append(
            Problem(where, found, "something new", "a seed is no proposal: it would be tried until it is lucky")
        )
    return problems


def _judged(
    proposed: Contestant, night: Night, comparison: Comparison, look: Look, tree: OutputTree
) -> ProposalContent:
    """Return a proposal with its judgement."""
    row, content = comparison.primary, night.content
    assert row.difference is not None
    assert row.gain is not None
    floor = night_floor(night)
    noise = None if floor is None else _above_noise(proposed.metrics, night, floor, row.direction)
    better = comparison.verdict is Verdict.IMPROVED and not look.spent
    kept = better and (noise is None or noise.exceeds)
    low, high = row.difference.ci95 or (None, None)
    return ProposalContent(
        number=look.number,
        name=proposed.name,
        run=place_of(proposed.path, tree),
        candidate=proposed.candidate,
        alpha=look.alpha,
        recipe=proposed.recipe,
        kept=kept,
        reason=_reason(comparison, look, noise, kept=kept),
        against=content["reference"],
        value=proposed.value,
        gain=row.gain,
        ci_low=low,
        ci_high=high,
        p=row.difference.p if row.difference.p is not None else 1.0,
        error=noise.error if noise else row.difference.standard_error,
        needed=noise.needed if noise else None,
        verdict=comparison.verdict,
        warnings=[*comparison.warnings, *_doubts(proposed, night)],
        time=now(),
    )


def _doubts(proposed: Contestant, night: Night) -> list[str]:
    """Return what makes a judgement less than it seems."""
    doubts = []
    if proposed.started and proposed.started < moment_of(night.content["started"]):
        doubts.append("Its training began before the night: who proposed it may have known its result.")
    if proposed.recipe is None:
        doubts.append("It has no record: whether the same was proposed before is not known.")
    record = record_of(proposed.path)
    requested = (record.get("requested_config") or {}) if record else {}
    asked = (requested.get("baseline") or {}).get("metric") or ()
    if len(asked) > 1:
        doubts.append(
            f"It was to be judged by {', '.join(asked)}; a night goes by {night.content['metric']} alone: "
            "`yololab compare` says what it did to the others."
        )
    return doubts


def _reason(comparison: Comparison, look: Look, noise: NoiseTest | None, *, kept: bool) -> str:
    """Return why a proposal was kept or discarded, as a sentence."""
    row = comparison.primary
    p = row.difference.p if row.difference else None
    metric = f"{row.metric} {signed(row.delta)}"
    if kept and noise is None:
        return f"Better than chance: {metric}, {p_equation(p)} where the night asks for less than {look.alpha:.2g}."
    if kept and noise is not None:
        return f"Better than chance and noise: {metric}, {_errors(noise)}."
    if (row.gain or 0) <= 0:
        return f"No gain: {metric}."
    if p is not None and p >= look.alpha:
        return f"Within chance: {metric}, {p_equation(p)} where the night asks for less than {look.alpha:.2g}."
    if comparison.verdict is Verdict.IMPROVED and noise is not None:
        return f"Within what seeds differ by: {metric}, {_errors(noise)}."
    return f"A gain is not claimed: {comparison.text}"


def _errors(noise: NoiseTest) -> str:
    """Return a gain in units of its error, beside what the night asks for."""
    return f"{noise.statistic:.1f} errors where {noise.needed:.1f} are asked for"


def night_floor(night: Night) -> NoiseFloor | None:
    """Return the noise floor of a night, from the seeds that it keeps; None with too few of them."""
    seeds = night.content["seeds"]
    if len(seeds) < FEWEST_SEEDS:
        return None
    return floor_of([read_metrics(night.folder.kept(seed["name"]).metrics) for seed in seeds])


def _above_noise(metrics: MetricsFile, night: Night, floor: NoiseFloor, direction: Direction) -> NoiseTest:
    """Hold a proposal's gain against the noise: over the mean of the seeds, or over what was kept last."""
    records, primary = records_of(metrics), metrics.primary.name
    reference = night.reference
    alike = reference.alike if metrics.alike is None else metrics.alike
    units = units_of(records.keys, metrics.group or reference.group, clusters=alike)
    value, influence = value_and_influence(records, primary, units)
    names = night.reference_names
    if night.kept and len(names) > 1:
        own = floor_of([read_metrics(night.folder.kept(name).metrics) for name in names])
        before, theirs, stands_for = float(np.mean(own.values)), own.influence, len(names)
        floor = with_scale_of(own, floor)
    elif night.kept:
        before, theirs = value_and_influence(records_of(reference), primary, units)
        stands_for = 1
    else:
        before, theirs, stands_for = float(np.mean(floor.values)), floor.influence, len(floor.values)
    gain = (value - before) * (1 if direction is Direction.HIGHER else -1)
    variance = float(np.square(influence - theirs).sum())
    return noise_test(floor, gain, variance, night.content["proposals"], NIGHT_ALPHA, stands_for=stands_for)

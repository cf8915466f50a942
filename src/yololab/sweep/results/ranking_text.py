"""The ranking of a sweep in plain English, for people who decide and have never heard of a bootstrap."""

from collections.abc import Mapping, Sequence
from typing import Any

from yololab.statistics.inference.verdict import ALPHA
from yololab.sweep.results.ranking import Ranking
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.state import TrialStatus
from yololab.text import counted

_SHOWN = 5


def ranking_text(rows: Sequence[TrialRow], ranking: Ranking, *, finished: bool) -> str:
    """Say in a sentence or two which trial is best, and how sure that is.

    Args:
        rows: A row a trial.
        ranking: The trials, the best first.
        finished: Whether all of them have come to their end.
    """
    so_far = "" if finished else " so far"
    if ranking.winner is None:
        return f"None of {len(rows)} trials has been measured to its end{so_far}."
    row = next(row for row in rows if row.trial == ranking.winner)
    metric, value = ranking.objective.metric, row.score
    named = f"{row.label[0].upper()}{row.label[1:]}"
    if ranking.measured == 1:
        return f"{named} is the only one of {len(rows)} that was measured to its end{so_far}: {metric} {value:.4f}."
    if any(recipe.standing is not None for recipe in ranking.recipes):
        return _recipes_text(ranking)
    first = f"{named} came out first of {ranking.measured}{so_far}, with {metric} {value:.4f}"
    if ranking.pareto is not None:
        members = len(ranking.pareto)
        return f"{members} of {ranking.measured} trials are beaten by no other in all objectives; {first}."
    if ranking.selection is None:
        return f"{first}; whether that is more than chance is not known."
    others = [number for number in ranking.could_be_best() if number != row.trial]
    tested = len(ranking.standings)
    if not others:
        return f"{first}, and it is better than each of the others by more than chance."
    if len(others) == tested - 1:
        return f"{first}, but these {ranking.images:,} images cannot distinguish it from any of the others."
    worse = tested - 1 - len(others)
    text = f"{worse} {'is' if worse == 1 else 'are'} worse by more than chance"
    return f"{first}; {text}, and {_numbers(others)} may be as good."


def _recipes_text(ranking: Ranking) -> str:
    """Say which recipe is best, whatever its seed."""
    tested = [recipe for recipe in ranking.recipes if recipe.standing is not None]
    best = tested[0]
    spread = f" ± {best.standing.deviation:.4f} (SD)" if best.standing is not None else ""
    mean = f"mean {ranking.objective.metric} {best.mean:.4f}{spread} over {len(best.trials)} seeds"
    if len(tested) == 1:
        return f"{_settings(best.values) or 'The recipe'} has {mean}."
    others = [item for item in tested[1:] if item.standing and item.standing.could_be_best]
    first = f"Of {len(tested)} recipes {_settings(best.values)} came out first, with {mean}"
    if not others:
        return f"{first}, and it is better than each of the others by more than images and seeds explain."
    if len(others) == len(tested) - 1:
        return f"{first}, but images and seeds explain the lead over each of the others."
    return f"{first}; {'; '.join(_settings(item.values) for item in others[:_SHOWN])} may be as good."


def ranking_notes(rows: Sequence[TrialRow], ranking: Ranking, test: Mapping[str, Any] | None) -> list[str]:
    """Return what a reader of the ranking has to know: luck, baseline, test split, what was not measured alike.

    Args:
        rows: A row a trial.
        ranking: The trials, the best first.
        test: What the winner's evaluation on the test split says; None without one.
    """
    notes: list[str] = []
    winner = next((row for row in rows if row.trial == ranking.winner), None)
    if winner is None:
        return notes
    if ranking.measured > 1:
        curse = f"The best of {ranking.measured} looks better than it is"
        if ranking.selection is not None:
            curse += f", here by about {ranking.selection.optimism:.4f} on these images"
        notes.append(f"{curse} (winner's curse).")
        notes.append(_test_note(test, ranking.objective.metric))
    notes += _baseline_notes(winner, rows)
    if ranking.selection is not None and not any(recipe.standing for recipe in ranking.recipes):
        notes.append("Single runs are compared, as checkpoints: that does not measure variation between seeds.")
    if [recipe.standing is not None for recipe in ranking.recipes] == [True]:
        sweep = winner.folder.parent
        pair = f"'{sweep.parent.name}/{sweep.name}/*' '{sweep.parent.name}/OTHER/*'"
        notes.append(f"Better than another recipe? Run as many seeds of that one, and `yololab compare {pair}` says.")
    few = [recipe for recipe in ranking.recipes if recipe.standing is None]
    if few:
        notes.append(f"{len(few)} recipes have fewer than three complete seeds; no claim is made on them.")
    if pruned := sum(row.status is TrialStatus.PRUNED for row in rows):
        said = "is not evaluated and has" if pruned == 1 else "are not evaluated and have"
        notes.append(f"{counted(pruned, 'pruned trial')} {said} the best value of the validations in training.")
    return [*notes, *ranking.missing, *ranking.warnings]


def _baseline_notes(winner: TrialRow, rows: Sequence[TrialRow]) -> list[str]:
    """Say what the winner's comparison with the baseline is worth after it was chosen among several."""
    against = winner.baseline
    if against is None or against.verdict == "NO_BASELINE":
        return []
    text = f"Against the baseline: {against.verdict}"
    if against.delta is not None:
        text += f", {against.delta:+.4f}"
    compared = sum(row.baseline is not None and row.baseline.p is not None for row in rows)
    if against.p is None or against.p_adjusted is None:
        return [f"{text}; without records of both, whether that is more than chance is not known."]
    text += f" (p {against.p:.3g}"
    if compared > 1:
        text += f"; {against.p_adjusted:.3g} after correction for {compared} trials"
        if against.p < ALPHA:
            text += ", still more than chance" if against.p_adjusted < ALPHA else ", which chance may explain"
    if against.alone not in (None, against.verdict):
        text += f"; by itself {against.alone}"
    return [f"{text})."]


def _test_note(test: Mapping[str, Any] | None, metric: str) -> str:
    """Say what the test split confirms."""
    if test is None:
        return "The winner was not measured on a test split: confirm it on images that chose neither epoch nor trial."
    value = test["metrics"].get(metric)
    shown = "unknown" if value is None else f"{value:.4f}"
    text = f"On the {test['split']} split, which chose neither epoch nor trial: {metric} {shown}"
    against = test.get("baseline")
    if not against or not against.get("compared"):
        return f"{text}; there is no baseline on that split."
    return f"{text}; against the baseline there: {against['verdict']}. {against['sentence']}"


def _numbers(numbers: Sequence[int]) -> str:
    """Return the numbers of trials as a sentence names them.

    >>> _numbers([3]), _numbers([3, 5])
    ('trial 3', 'trials 3, 5')
    """
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    rest = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"{'trial' if len(numbers) == 1 else 'trials'} {shown}{rest}"


def _settings(values: Mapping[str, Any]) -> str:
    """Return the settings of a recipe as a sentence names them."""
    return ", ".join(f"{key}={value}" for key, value in values.items())

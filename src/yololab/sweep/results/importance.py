"""Which of the varied settings mattered: PED-ANOVA over the complete trials, held against chance.

PED-ANOVA (Watanabe, Bansal & Hutter 2023) asks for each setting how differently it is spread among the best trials and
among all. As shares these add up to 1 whether or not anything mattered; so the same is done with the scores dealt out
anew to the trials, and a setting counts only when it stands out from that. The more settings vary, the likelier one of
them does so by luck: each is held against the setting that stands out most in a deal (max-T, Westfall & Young 1993).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from yololab.text import read_number

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST_TRIALS = 10
# PED-ANOVA wants five trials among the best ones at least.
_BEST_AT_LEAST, _BEST_SHARE = 5, 0.1
_SHUFFLES = 100
_CHANCE, _SAME = 0.05, 1e-9


@dataclass(frozen=True)
class Importance:
    """How much one setting mattered.

    Attributes:
        key: The setting.
        share: Its share of what all varied settings explain, 0 to 1.
        p: How often any setting stands out as far when the scores are dealt out at random: corrected for their number.
    """

    key: str
    share: float
    p: float

    @property
    def more_than_chance(self) -> bool:
        """Whether it stands out from chance."""
        return self.p < _CHANCE


@dataclass(frozen=True)
class Importances:
    """How much each varied setting mattered.

    Attributes:
        items: The settings, the most important one first; empty when there is nothing to say.
        text: What it rests on, or why there is nothing.
    """

    items: tuple[Importance, ...]
    text: str


def importances(
    values: Sequence[Mapping[str, Any]],
    scores: Sequence[float],
    *,
    lower_is_better: bool = False,
    seed: int = 0,
    what: str = "complete trials",
) -> Importances:
    """Return how much each varied setting mattered for the score.

    Args:
        values: Setting → value of each complete trial.
        scores: Its score.
        lower_is_better: Whether the score is an error.
        seed: Seed of the shuffles.
        what: What the scores are those of, in the plural.
    """
    keys = varied(values)
    if not keys:
        return Importances((), f"No setting varies between the {what}.")
    if len(scores) < FEWEST_TRIALS:
        few = f"{len(scores)} {what} are too few to say which setting mattered (at least {FEWEST_TRIALS})."
        return Importances((), few)
    if len(set(scores)) == 1:
        return Importances((), f"All {what} have the same score.")
    if len(keys) == 1:
        return Importances((), f"Only {keys[0]} varies, so there is nothing to weigh it against.")
    columns = {key: _column([row[key] for row in values]) for key in keys}
    found = _divergences(columns, scores, lower_is_better=lower_is_better)
    rng = np.random.default_rng(seed)
    dealt = ([float(score) for score in rng.permutation(scores)] for _ in range(_SHUFFLES))
    chance = [_divergences(columns, draw, lower_is_better=lower_is_better) for draw in dealt]
    p = _corrected_p(found, chance)
    total = sum(found.values()) or 1.0
    items = [Importance(key, value / total, p[key]) for key, value in sorted(found.items(), key=lambda item: -item[1])]
    clear = [item.key for item in items if item.more_than_chance]
    verdict = f"more than chance: {', '.join(clear)}" if clear else "none stands out from chance"
    return Importances(tuple(items), f"PED-ANOVA over {len(scores)} {what}; {verdict}.")


def _corrected_p(found: Mapping[str, float], chance: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return p-values, each setting held against the one that stands out most in each deal, by its own spread.

    Args:
        found: Setting → how differently it is spread among the best trials.
        chance: The same in each random deal of the scores.
    """
    keys = list(found)
    dealt = np.array([[draw[key] for key in keys] for draw in chance])
    centre, spread = dealt.mean(axis=0), np.maximum(dealt.std(axis=0), _SAME)
    largest = ((dealt - centre) / spread).max(axis=1)
    own = (np.array([found[key] for key in keys]) - centre) / spread
    return {
        key: float((1 + np.sum(largest >= value - _SAME)) / (1 + len(chance)))
        for key, value in zip(keys, own, strict=True)
    }


def varied(values: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the settings that all trials have and that are not the same in all of them.

    >>> varied([{"a": 1, "b": 2, "c": 0}, {"a": 1, "b": 3}])
    ['b']
    """
    shared = [key for key in values[0] if all(key in row for row in values)] if values else []
    return [key for key in shared if len({str(row[key]) for row in values}) > 1]


def _divergences(
    columns: Mapping[str, tuple[BaseDistribution, list[Any]]], scores: Sequence[float], *, lower_is_better: bool
) -> dict[str, float]:
    """Return by PED-ANOVA how differently each setting is spread among the best trials; not yet as shares of a whole.

    optuna logs every new study, which is none of the user's.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {key: distribution for key, (distribution, _) in columns.items()}
    points = [{key: column[place] for key, (_, column) in columns.items()} for place in range(len(scores))]
    made = optuna.trial.create_trial
    trials = [made(params=p, distributions=distributions, value=s) for p, s in zip(points, scores, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(direction="minimize" if lower_is_better else "maximize")
        study.add_trials(trials)
        best = min(0.5, max(_BEST_SHARE, _BEST_AT_LEAST / len(scores)))
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=best)
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False))


def _column(values: Sequence[Any]) -> tuple[BaseDistribution, list[Any]]:
    """Return how a setting is spread, and its values in that form: numbers as numbers, the rest as categories."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = [read_number(value) for value in values]
    known = [value for value in numbers if value is not None]
    if len(known) == len(values) and min(known) < max(known):
        low, high = min(known), max(known)
        # Learning rates and the like are spread over powers of ten.
        log = low > 0 and high / low >= 10
        return FloatDistribution(low, high, log=log), known
    texts = [str(value) for value in values]
    return CategoricalDistribution(sorted(set(texts))), texts

"""Which setting mattered, and when nothing can be said."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.sweep.results.importance import _corrected_p, importances


@pytest.mark.heavy
def test_importance_finds_what_mattered_and_says_when_nothing_can_be_said():
    rng = np.random.default_rng(3)
    values = [{"lr0": 10 ** rng.uniform(-4, -1), "momentum": rng.uniform(0.8, 1), "epochs": 3} for _ in range(40)]
    scores = [-abs(np.log10(item["lr0"]) + 2) + 0.05 * rng.normal() for item in values]
    found = importances(values, scores)
    assert found.items[0].key == "lr0"
    assert found.items[0].more_than_chance
    assert {item.key for item in found.items} == {"lr0", "momentum"}
    noise = importances(values, [float(x) for x in rng.normal(size=40)])
    assert "stand" in noise.text or noise.items
    assert "too few" in importances(values[:5], scores[:5]).text
    assert "nothing to weigh" in importances([{"lr0": item["lr0"]} for item in values], scores).text
    assert "No setting varies" in importances([{"epochs": 3}] * 12, scores[:12]).text
    texts = [{"model": "ab"[n % 2], "optimizer": "xyz"[n % 3]} for n in range(30)]
    assert importances(texts, [float(n % 2) + n / 1e4 for n in range(30)]).items[0].key == "model"


def test_the_luckiest_of_many_settings_is_held_against_the_luckiest_of_each_deal():
    dealt = np.random.default_rng(1).exponential(size=(100, 20))
    chance = [dict(zip("abcdefghijklmnopqrst", row.tolist(), strict=True)) for row in dealt]
    found = dict.fromkeys("abcdefghijklmnopqrst", 0.1) | {"a": 4.0}  # exp(-4): by itself p = 0.02
    assert _corrected_p(found, chance)["a"] > 0.1
    assert _corrected_p(found | {"a": 12.0}, chance)["a"] < 0.05

"""What a sweep is after: metrics, and which way they improve."""

from __future__ import annotations

import pytest

from yololab.config.search import Pruner, SearchConfig
from yololab.errors import InputError
from yololab.sweep.planning.objectives import plan_objectives


def test_objectives_know_their_direction():
    names = {0: "cat", 1: "st. bernard"}
    found = plan_objectives(SearchConfig(objective=["mAP50", "speed_ms.inference"]), "detect", names)
    assert [(item.metric, item.direction) for item in found] == [
        ("mAP50", "maximize"),
        ("speed_ms.inference", "minimize"),
    ]
    assert plan_objectives(SearchConfig(), "detect", names)[0].metric == "mAP50-95"
    assert (
        plan_objectives(SearchConfig(objective=["per_class.st. bernard.AP50"]), "detect", names)[0].direction
        == "maximize"
    )
    for wrong in ("mAP", "per_class.dog.AP50", "speed_ms.flight"):
        with pytest.raises(InputError, match=r"search\.objective"):
            plan_objectives(SearchConfig(objective=[wrong]), "detect", names)
    with pytest.raises(InputError, match="each epoch"):
        plan_objectives(SearchConfig(objective=["speed_ms.inference"], pruner=Pruner.MEDIAN), "detect", names)

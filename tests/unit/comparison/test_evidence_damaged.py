"""Records whose arrays have the right types and the wrong content: refused, or compared; nobody falls over them."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from record_samples import records_of, write_task_evaluation
from task_samples import classified, confusion, depth

from yololab.comparison.compare import compare_metrics
from yololab.config.schema import Gate, GuardsConfig
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.files.paths import METRICS, PREDICTIONS
from yololab.files.predictions import read_arrays, write_arrays
from yololab.report.comparison_markdown import comparison_markdown
from yololab.statistics.inference import paired_comparison as paired

CASES = 40


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(paired, "FEW_REPLICATES", 20)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 20)


def damaged(arrays: dict, rng: np.random.Generator) -> dict:
    """Return the arrays with one of them, or the header, changed."""
    name = str(rng.choice(sorted(arrays)))
    array = arrays[name].copy()
    if name == "header":
        content = json.loads(array.tobytes())
        key = str(rng.choice(sorted(content)))
        values = (None, 3, "x", [], {}, [1, 2], ["box"], {"0": "a"}, [0.5], "classify", "detect", ["box", "box"])
        content[key] = values[rng.integers(len(values))]
        return arrays | {name: np.frombuffer(json.dumps(content).encode(), np.uint8)}
    way = rng.integers(6)
    if way == 0:
        array = array[: rng.integers(len(array) + 1)]
    elif way == 1:
        array = array[::-1]
    elif way == 2:
        array = np.concatenate([array, array])
    elif way == 3:
        array = array.astype(str(rng.choice(["<i8", "<f8", "|b1", "<u1", "<u2"])))
    elif array.dtype.kind == "f":
        array[rng.random(array.shape) < 0.3] = rng.choice([np.nan, np.inf, -np.inf, -1.0, 1e38])
    else:
        top = np.iinfo(array.dtype).max if array.dtype.kind == "u" else 1
        array[rng.random(array.shape) < (0.02 if way == 4 else 1)] = rng.choice([0, 1, top])
    return arrays | {name: array}


def evaluations(task: str):
    """Return the records of two models of a task."""
    rng = np.random.default_rng(0)
    if task in ("detect", "pose"):
        return [records_of(found, images=8, task=task) for found in (0.5, 0.6)]
    if task == "classify":
        targets = rng.integers(0, 7, 20)
        return [classified(targets, np.array([rng.permutation(7)[:5] for _ in targets]), 7) for _ in range(2)]
    if task == "semantic":
        return [confusion(rng.integers(0, 4, (6, 3, 3)), 3)] * 2
    return [depth(rng.random((9, 6))) for _ in range(2)]


@pytest.mark.heavy
@pytest.mark.parametrize("task", ["detect", "classify", "semantic", "depth"])
def test_no_array_is_taken_on_trust(task, tmp_path):
    sides = []
    for number, records in enumerate(evaluations(task)):
        sides.append(write_task_evaluation(tmp_path / str(number), records).parent)
    kept = [read_arrays(side / PREDICTIONS) for side in sides]
    rng = np.random.default_rng(len(task))
    compared = 0
    for _ in range(CASES):
        both, seed = rng.random() < 0.5, int(rng.integers(2**32))
        for number, side in enumerate(sides):
            hurt = number == 0 or both
            write_arrays(
                side / PREDICTIONS, damaged(kept[number], np.random.default_rng(seed)) if hurt else kept[number]
            )
        metrics = [read_metrics(side / METRICS) for side in sides]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numbers that are none make others that are none
                found = compare_metrics(metrics[0], metrics[1], 0.01, GuardsConfig(latency_ms=5))
            comparison_markdown(json.loads(json.dumps(found.to_json(Gate.NONE), default=str)))
            compared += 1
        except InputError:
            continue
    assert compared

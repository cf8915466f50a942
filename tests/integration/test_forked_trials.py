"""A trial that is forked after another one has the bits of one in a fresh process."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from sweep_contract import wait_for
from sweep_samples import write_sweep
from tiny import make_dataset

from yololab.sweep.engines.local import LocalExecutor, LocalSettings
from yololab.sweep.executor import BODY, JobState, Resources
from yololab.sweep.planning.plan import freeze_trial, plan_trial

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="trials are forked on Linux only")]


def test_a_forked_trial_has_the_bits_of_a_fresh_one(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = make_dataset(tmp_path / "data")
    folder = write_sweep(tmp_path / "multirun/demo")
    words = (
        f"data.source={data}",
        "model.weights=yolo26n.yaml",
        "device=cpu",
        "epochs=1",
        "imgsz=32",
        "batch=4",
        "plots=false",
    )
    words += ("approval=auto", "evaluation.plots=false", "workers=0")
    rates = {0: 0.02, 1: 0.01, 2: 0.01}
    for number, rate in rates.items():
        freeze_trial(plan_trial(number, (*words, f"lr0={rate}")), folder.trial(number))
    for warm, numbers in ((True, (0, 1)), (False, (2,))):
        executor = LocalExecutor(LocalSettings(warm=warm, gpu_ids=[]), Resources(cpus=1), BODY)
        with closing(executor):
            for number in numbers:
                handle = executor.submit(folder.trial(number).path, {})
                assert hasattr(executor._jobs[handle].process, "identity") is warm
                wait_for(lambda: executor.poll([handle]) == {handle: JobState.GONE}, 300)  # noqa: B023
    runs = [folder.trial(number) for number in rates]
    assert [json.loads(run.record.read_text())["status"] for run in runs] == ["complete"] * 3
    models = [torch.load(run.best, weights_only=False)["model"].state_dict() for run in runs]
    assert any(not torch.equal(models[0][name], models[1][name]) for name in models[0]), "another rate is seen"
    assert all(torch.equal(models[1][name], models[2][name]) for name in models[1])
    tables = [[line.split(",")[2:] for line in run.results.read_text().splitlines()] for run in runs]  # epoch, time, …
    assert tables[1] == tables[2]
    with np.load(runs[1].predictions) as forked, np.load(runs[2].predictions) as fresh:
        assert all(np.array_equal(forked[name], fresh[name]) for name in forked.files)
    assert sorted(path.name for path in runs[1].path.rglob("*")) == sorted(
        path.name for path in runs[2].path.rglob("*")
    )

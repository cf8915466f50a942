"""Points of earlier sweeps: only those on the same data, chosen on the same split, that lie in the space."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sweep_contract import MAP, settings_of

from yololab.errors import InputError
from yololab.sweep.planning.freeze_thaw.earlier import earlier_points
from yololab.sweep.planning.space import read_space
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus

SPACE = read_space(["lr0=tag(log,interval(1e-4,1e-1))", "batch=interval(4,16)"], discrete=False)
PRINTS = {"train": "t1", "val": "v1", "test": "x1"}


@pytest.fixture
def earlier(tmp_path):
    """Make a sweep of trials: (params, value, changes of its metrics.json)."""

    def make(*trials, name="earlier", **settings):
        folder = SweepFolder(tmp_path / name)
        folder.path.mkdir()
        folder.write_settings(settings_of(name, **settings))
        for number, (params, value, changes) in enumerate(trials):
            run = folder.trial(number)
            run.metrics.parent.mkdir(parents=True)
            status = changes.pop("status", TrialStatus.COMPLETE)
            folder.write_trial(TrialEntry(number, (), params).ended(status, (value,)))
            content = {"schema_version": 1, "task": "detect", "split": "val", "mAP50-95": value}
            content |= {"dataset_fingerprint": "v1", "train_fingerprint": "t1"} | changes
            run.metrics.write_text(json.dumps(content))
        return folder.path

    return make


def test_the_best_points_on_the_same_data_come_first_and_each_once(earlier):
    first = earlier(
        ({"lr0": 0.001, "batch": 8}, 0.3, {}),
        ({"lr0": 0.002, "batch": 8, "mosaic": 0.5}, 0.5, {}),
        ({"lr0": 0.5, "batch": 64}, 0.9, {}),  # outside of the space
        ({"lr0": 0.003}, 0.8, {"dataset_fingerprint": "v2"}),  # other images to choose on
        ({"lr0": 0.004}, 0.8, {"train_fingerprint": "t2"}),
        ({"lr0": 0.005}, 0.8, {"split": "test", "dataset_fingerprint": "x1"}),
        ({"lr0": 0.006}, 0.8, {"status": TrialStatus.PRUNED}),
    )
    second = earlier(({"lr0": 0.001, "batch": 8}, 0.4, {}), ({"lr0": 0.05}, 0.1, {}), name="second")
    found = earlier_points([first, second], SPACE, MAP[0], PRINTS, "val")
    assert [item.values for item in found] == [{"lr0": 0.002, "batch": 8}, {"lr0": 0.001, "batch": 8}, {"lr0": 0.05}]
    assert [item.trial.value for item in found] == [0.5, 0.4, 0.1]
    assert found[0].trial.folder == str(first / "1")
    lower = replace(MAP[0], direction="minimize")
    assert earlier_points([earlier(({"lr0": 0.01}, 0.2, {}), ({"lr0": 0.02}, 0.1, {}), name="l", objectives=(lower,))],
                          SPACE, lower, PRINTS, "val")[0].values == {"lr0": 0.02}  # fmt: skip


def test_what_cannot_be_used_is_said_all_at_once(earlier, tmp_path):
    other = earlier(({"lr0": 0.001}, 0.3, {}), objectives=(Objective("mAP50", "maximize"),))
    elsewhere = earlier(({"lr0": 0.001}, 0.3, {"dataset_fingerprint": "v2"}), name="elsewhere")
    with pytest.raises(InputError) as caught:
        earlier_points([tmp_path / "none", other, elsewhere], SPACE, MAP[0], PRINTS, "val")
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "is no sweep" in text
    assert "was after mAP50" in text
    assert "on the same data" in text
    with pytest.raises(InputError, match="chosen on the test split"):
        earlier_points([elsewhere], SPACE, MAP[0], PRINTS, "test")

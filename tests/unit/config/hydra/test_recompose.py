"""A config in which only values are set is the one that composing would have made."""

from __future__ import annotations

import random

import pytest

from yololab.config.folders import composing_from, copy_config
from yololab.config.hydra import recompose
from yololab.config.hydra.compose import compose_experiment, plain_settings
from yololab.config.hydra.recompose import Recomposer
from yololab.errors import InputError

FIXED = ("hparams=finetune", "data.source=coco8.yaml", "device.id=cpu", "epochs=4")
# Each of these is set on what was composed for the first one.
VALUES = {
    "lr0": ("0.001", "1e-3", "2.5e-05", "1", "0"),
    "momentum": ("0.9", "0.937", "1"),
    "device.threads": ("1", "null", "2"),
    "seed": ("0", "7"),
    "cos_lr": ("true", "false"),
    "notes": ("'a b'", "plain", "'with: colon'", "'password=abc'"),
    "data.subset": ("0.5", "100"),
}


@pytest.fixture
def composed(monkeypatch):
    """Return how often a config is really composed."""
    calls = []
    real = recompose.compose_experiment
    monkeypatch.setattr(recompose, "compose_experiment", lambda lines: calls.append(lines) or real(lines))
    return calls


@pytest.fixture
def files(tmp_path):
    copy_config(tmp_path, tmp_path)
    with composing_from(tmp_path):
        yield


def same(found, lines):
    whole = compose_experiment(lines)
    assert (found.experiment, found.tree) == (whole.experiment, whole.tree)
    assert found.experiment.overridden == whole.experiment.overridden
    assert (found.hydra, list(found.hydra["overrides"])) == (plain_settings(whole.hydra), ["hydra", "task"])
    assert repr(found.tree) == repr(whole.tree), "the order, and whether 1 is 1.0"


@pytest.mark.heavy
def test_values_are_set_as_composing_sets_them(files, composed):
    composer, rng = Recomposer(), random.Random(0)
    for _ in range(25):
        lines = [*FIXED, *(f"{key}={rng.choice(values)}" for key, values in VALUES.items())]
        same(composer.compose(lines), lines)
    assert len(composed) <= 2, "null and a number are both plain"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("hparams=finetune", "hparams=scratch"),
        ("lr0=0.1", "momentum=0.9"),
        ("lr0=0.1", "+lr0=0.2"),
        ("data={source: a.yaml}", "data.source=b.yaml"),
        ("search.sampler_options={n: 1}", "search.sampler_options={n: 2}"),
        ("freeze=1", "freeze=[1,2]"),
        ("model=yolo26n", "model=free+best.pt"),
        ("lr0=0.1", "lr0='${momentum}'"),
    ],
)
def test_whatever_is_no_plain_value_is_composed(files, composed, first, then):
    composer = Recomposer()
    for line in (first, then, first):
        lines = [*FIXED[1:], line]
        if line == "+lr0=0.2":
            with pytest.raises(InputError):
                composer.compose(lines)
        else:
            same(composer.compose(lines), lines)
    assert len(composed) == 3


def test_a_value_that_is_refused_is_refused_in_the_same_words_and_the_next_one_is_not(files):
    composer = Recomposer()
    composer.compose([*FIXED, "lr0=0.1"])
    for bad in ("lr0=7", "lr0=-1", "lr0=fast"):
        with pytest.raises(InputError) as found:
            composer.compose([*FIXED, bad])
        with pytest.raises(InputError) as whole:
            compose_experiment([*FIXED, bad])
        assert found.value.problems == whole.value.problems
        same(composer.compose([*FIXED, "lr0=0.2"]), [*FIXED, "lr0=0.2"])


@pytest.mark.heavy
def test_keys_that_lie_in_each_other_are_composed_in_their_order(files, composed):
    composer = Recomposer()
    for subset in ("0.5", "0.25"):
        lines = [*FIXED, f"data.subset={subset}", "data={subset: 0.75}"]
        same(composer.compose(lines), lines)
    assert len(composed) == 2

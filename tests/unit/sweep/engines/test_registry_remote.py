"""The device that a trial will find on another machine."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.engines.registry import remote_device
from yololab.sweep.executor import Resources


@pytest.mark.parametrize(
    ("requested", "resources", "settings", "kind"),
    [
        (None, Resources(), {}, "cpu"),
        (None, Resources(gpus=1), {}, "cuda"),
        ("cpu", Resources(gpus=1), {}, "cpu"),
        ("0", Resources(gpus=0.5), {}, "cuda"),
        ("0,1", Resources(gpus=2), {}, "cuda"),
        ("0", Resources(), {"sbatch": {"gres": "gpu:1"}}, "cuda"),
    ],
)
def test_the_device_of_another_machine(requested, resources, settings, kind):
    assert remote_device(requested, resources, settings).kind == kind


@pytest.mark.parametrize(("requested", "gpus", "remedy"), [("0", None, "gpus=1"), ("0,1", 1, "gpus=2")])
def test_gpus_that_nobody_asked_for(requested, gpus, remedy):
    with pytest.raises(InputError, match=f"hydra.launcher.{remedy}"):
        remote_device(requested, Resources(gpus=gpus), {})

"""What can be known here of trials that run on other machines: a login node has no GPU, and its clock is not theirs."""

from collections.abc import Mapping
from typing import Any

from yololab.errors import InputError, Problem
from yololab.sweep.executor import Resources
from yololab.ultralytics_adapter.isolation.devices import Device

# Settings of engines through which GPUs come that `gpus` does not count: Slurm's gres, a resource of one's own in Ray.
_OTHER_WAYS = ("sbatch", "custom")


def remote_device(requested: str | None, resources: Resources, settings: Mapping[str, Any]) -> Device:
    """Return the device that a trial will find where it runs, by what is asked for it.

    Args:
        requested: `device.id` of the trial.
        resources: What each trial gets.
        settings: The engine's own settings.

    Raises:
        InputError: The trial wants GPUs that are not asked for.
    """
    text = str(requested or "")
    has_gpu = bool(resources.gpus) or any(settings.get(name) for name in _OTHER_WAYS)
    wanted = len(text.split(",")) if text else 1
    if text == "cpu" or (not text and not resources.gpus):
        return Device("cpu", "cpu", 1, ("a node's CPU",))
    if not has_gpu or (resources.gpus and wanted > max(1, resources.gpus)):
        found = f"{requested!r}, and hydra.launcher.gpus is {resources.gpus}"
        raise InputError(Problem("device", found, "as many GPUs as are asked for", f"hydra.launcher.gpus={wanted}"))
    return Device(text or "0", "cuda", wanted, ("a node's GPU",) * wanted)

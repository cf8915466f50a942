"""The engines by name. One more is a module with a `make_executor`, a row here, and conf/hydra/launcher/<name>.yaml.

An engine of another package (`yololab.engines`) needs no row, and its launcher's file lies in the user's own conf/.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any

from yololab.config.reading import read_group
from yololab.config.renamed import current_name
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.masking import MASK, mask_secrets
from yololab.sweep.executor import BODY, Executor, Resources
from yololab.text import one_of
from yololab.ultralytics_adapter.isolation.devices import Device

# Settings of engines through which GPUs come that `gpus` does not count: Slurm's gres, a resource of one's own in Ray.
_OTHER_WAYS = ("sbatch", "custom")
LOCAL = "local"
# name → the module whose `make_executor(settings, resources, body)` makes it; imported when it is chosen.
ENGINES = {
    LOCAL: "yololab.sweep.engines.local",
    "slurm": "yololab.sweep.engines.slurm.executor",
    "ray": "yololab.sweep.engines.ray.executor",
}


def split_settings(launcher: Mapping[str, Any]) -> tuple[dict[str, Any], Resources]:
    """Part a launcher's config, without its `engine`, into the engine's own settings and what each trial gets.

    Raises:
        InputError: A resource is no number.
    """
    names = [item.name for item in fields(Resources)]
    prefix = "hydra.launcher."
    launcher = {current_name(f"{prefix}{name}").removeprefix(prefix): value for name, value in launcher.items()}
    own = {name: value for name, value in launcher.items() if name not in names}
    given = {name: value for name, value in launcher.items() if name in names}
    return own, read_group(Resources, "hydra.launcher", given)


def keep_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return an engine's settings as they may be written; its secret variables are in this process's environment then.

    `make_executor` finds them there again, also in a process that resumes the sweep.
    """
    masked: dict[str, Any] = mask_secrets(dict(settings))
    secrets = {name for name, value in _variables(masked).items() if value == MASK}
    os.environ |= {name: str(value) for name, value in _variables(settings).items() if name in secrets}
    return masked


def _variables(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables for trials among an engine's settings."""
    found = settings.get("env")
    return found if isinstance(found, Mapping) else {}


def make_executor(
    engine: str, settings: Mapping[str, Any], resources: Resources, body: Sequence[str] = BODY
) -> Executor:
    """Return an engine.

    Args:
        engine: Its name.
        settings: Its own settings, as they stand in its launcher's config.
        resources: What each trial gets.
        body: The command of a trial, without the folder.

    Raises:
        InputError: There is no such engine, or a setting is wrong.
    """
    env = {**_variables(settings)}
    env |= {name: os.environ.get(name, MASK) for name, value in env.items() if value == MASK}
    missing = [f"env.{name}" for name, value in env.items() if value == MASK]
    missing += ["setup"] if MASK in str(settings.get("setup")) else []
    if missing:
        found, remedy = "a secret, which is kept in no file", "export it as a variable before this command"
        raise InputError(Problem(f"hydra.launcher.{name}", found, remedy=remedy) for name in missing)
    settings = {**settings, "env": env} if env else settings
    others = extensions(Point.ENGINES)
    if engine not in ENGINES and engine not in others:
        raise InputError(Problem("hydra/launcher", f"{engine!r}", one_of((*ENGINES, *others))))
    make: Callable[[Mapping[str, Any], Resources, Sequence[str]], Executor] = (
        import_module(ENGINES[engine]).make_executor if engine in ENGINES else others[engine].load()
    )
    return make(settings, resources, body)


def remote_device(requested: str | None, resources: Resources, settings: Mapping[str, Any]) -> Device:
    """Return the device that a trial will find on another machine, by what is asked for it: a login node has no GPU.

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

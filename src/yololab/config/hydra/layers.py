"""A config in two layers: what the chosen files say, and the values that the command line sets on top of it.

Nearly all of the tenth of a second that composing takes Hydra goes to the files. So their layer is composed once and
kept, as long as no file changes; each value is set by Hydra's own function. The thousandth trial of a sweep, and a
command line with twelve mistakes, cost what their values cost.
"""

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig

from yololab.config.folders import conf_dir, is_changing, user_conf_dirs
from yololab.config.hydra.grammar import FREE_PREFIX
from yololab.config.hydra.keys import CONFIG_NAME
from yololab.config.hydra.sources import register

APPLICATION = "yololab"
# While it composes.
_READ_BY_HYDRA = ("hydra.searchpath.", "hydra.job.env_copy.", "hydra.job.config.")
_Files = tuple[tuple[str, int, int], ...]


def chooses_files(override: Override) -> bool:
    """Return whether an override belongs to the layer of the files: an option of a group, or what Hydra itself reads.

    A mapping sets values, whatever its key (`Overrides` in `hydra/_internal/defaults_list.py`).
    """
    key = override.key_or_group
    if override.package is not None or "/" in key or f"{key}.".startswith(_READ_BY_HYDRA):
        return True
    if key == "hydra" or (key.startswith("hydra.") and override.is_delete()):
        return True
    return not isinstance(override.value(), dict) and _is_there(key)


def is_missing_option(override: Override) -> bool:
    """Return whether an override names an option of a group that no file is there for."""
    option, group = override.value(), override.key_or_group
    if not isinstance(option, str) or override.package is not None or override.is_delete():
        return False
    if "/" in group or group == "hydra" or option.startswith(FREE_PREFIX) or "$" in option or option == "???":
        return False
    return _is_there(group) and not _is_there(f"{group}/{option.removesuffix('.yaml')}.yaml")


def _is_there(name: str) -> bool:
    # pathlib raises for a name that is too long
    return any(os.path.lexists(os.path.join(root, name)) for root in _roots())  # noqa: PTH118


def compose_files(overrides: Sequence[str]) -> DictConfig:
    """Compose the layer of the files.

    Args:
        overrides: Those that choose files.

    Returns:
        A config of the caller's own, with Hydra's node.
    """
    roots = _roots()
    states = tuple(map(_state, roots)) if is_changing() else ()
    config: DictConfig = pickle.loads(_composed(tuple(overrides), roots, states))
    config.hydra.runtime.cwd = str(Path.cwd())
    return config


def set_value(config: DictConfig, override: Override) -> None:
    """Set one value on a config, as Hydra does; what it raises is Hydra's."""
    ConfigLoaderImpl.validate_sweep_overrides_legal([override], RunMode.RUN, from_shell=False)
    ConfigLoaderImpl._apply_overrides_to_config([override], config)


def note_overrides(config: DictConfig, overrides: Sequence[Override]) -> None:
    """Write into Hydra's node which overrides led to the config."""
    noted, name = noted_overrides(overrides, config.hydra.job.config.override_dirname)
    config.hydra.overrides.task, config.hydra.overrides.hydra = noted["task"], noted["hydra"]
    config.hydra.job.override_dirname = name


def noted_overrides(overrides: Sequence[Override], style: Mapping[str, Any]) -> tuple[dict[str, list[str]], str]:
    """Return what Hydra's node says of the overrides that led to the config: its section `overrides`, and their name.

    Args:
        overrides: The overrides.
        style: How the name is written: `hydra.job.config.override_dirname`.
    """
    own = [override for override in overrides if not override.is_hydra_override()]
    task = [override.input_line for override in own]
    others = [override.input_line for override in overrides if override.is_hydra_override()]
    name = get_overrides_dirname(own, style["exclude_keys"], style["item_sep"], style["kv_sep"])
    return {"hydra": others, "task": task}, name


def _roots() -> tuple[Path, ...]:
    """Return the shipped folder of groups, and the user's."""
    return (conf_dir().resolve(), *user_conf_dirs(Path.cwd()))


@lru_cache(maxsize=64)
def _composed(overrides: tuple[str, ...], roots: tuple[Path, ...], states: tuple[_Files, ...]) -> bytes:
    """Compose and pack: unpacking is six times as fast as a deep copy."""
    del states  # another one is another result
    register()
    with _hydra(roots[0]):
        return pickle.dumps(compose(CONFIG_NAME, list(overrides), return_hydra_config=True))


def _state(root: Path) -> _Files:
    """Return the files of all groups with what changes when somebody writes them."""
    found = []
    for top in (root, *(path for path in root.iterdir() if path.is_dir())):
        for parent, folders, names in os.walk(top):
            if top == root:
                folders.clear()
            for name in names:
                path = os.path.join(parent, name)  # noqa: PTH118 — there are hundreds, and this runs for each trial
                if name.endswith(".yaml") and os.path.exists(path):  # noqa: PTH110
                    status = os.stat(path)  # noqa: PTH116
                    found.append((path, status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


@contextmanager
def _hydra(folder: Path) -> Iterator[None]:
    """Initialise Hydra for composing, and leave its global state as it was."""
    state = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(folder), job_name=APPLICATION):
            yield
    finally:
        GlobalHydra.instance().hydra = state

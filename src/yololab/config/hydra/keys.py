"""Hydra's own settings: each has an effect, or is refused with what to use instead; the table is `keys.yaml`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from yololab.config.folders import conf_dir
from yololab.errors import InputError, Problem
from yololab.text import flattened

_TABLE: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("keys.yaml").read_text(encoding="utf-8"))
CONFIG_NAME = "config"
OBEYED, REFUSED = _TABLE["obeyed"], _TABLE["refused"]
# What only a sweep reads.
_OF_SWEEPS = ("hydra.launcher", "hydra.sweeper", "hydra.sweep", "search")
# What Hydra itself sets otherwise in each run.
_SET_BY_HYDRA = ("runtime", "overrides", "job.override_dirname", "job.id", "job.num", "job.config_name")


def row_of(key: str) -> str | None:
    """Return the row of the table for a key, without its `hydra.`: the longest that the key begins with."""
    rows = [row for row in (*OBEYED, *REFUSED) if f"{key}.".startswith(f"{row}.")]
    return max(rows, key=len, default=None)


def hydra_problems(node: DictConfig, standard: DictConfig, given: Iterable[str]) -> list[Problem]:
    """Return a problem for each of Hydra's settings that was changed and that yololab does not obey.

    Args:
        node: Hydra's node of a composed config.
        standard: That of a config without any override.
        given: The keys that the command line sets, as `hydra.job.num`.
    """
    changed, before = _leaves(node), _leaves(standard)
    lost = [key for key in before if key not in changed and row_of(key) != "launcher"]
    keys = [
        key for key in changed | before if changed.get(key) != before.get(key) and not _is_below(key, _SET_BY_HYDRA)
    ]
    named = [key.removeprefix("hydra").lstrip("./") for key in given if key.startswith(("hydra.", "hydra/"))]
    keys += [key for key in named if _is_below(key, _SET_BY_HYDRA)]
    refused = dict.fromkeys(row for key in keys if (row := row_of(key)) not in OBEYED)
    problems = [_refusal(str(row)) for row in refused]
    problems += [Problem(f"hydra.{key}", "taken away", remedy="leave it") for key in lost if row_of(key) in OBEYED]
    for name, callback in node.callbacks.items():
        try:
            get_object(callback["_target_"])
        except Exception as error:  # importing a module of the user's may raise anything
            found = f"no such class ({' '.join(str(error).split())})"
            problems.append(Problem(f"hydra.callbacks.{name}", found, "_target_: module.Class"))
    return problems


def refused_key(key: str) -> Problem | None:
    """Return the problem of a key or group of Hydra's that yololab does not obey, None of any other."""
    row = row_of(key.removeprefix("hydra").lstrip("./")) if key.startswith(("hydra.", "hydra/")) else None
    return _refusal(row) if row in REFUSED else None


def _refusal(row: str) -> Problem:
    return Problem(f"hydra.{row}", "a setting of Hydra's that yololab does not obey", remedy=REFUSED.get(row, ""))


def sweep_only(keys: Iterable[str]) -> list[Problem]:
    """Return a problem for each key that a single run would not read.

    Args:
        keys: What the command line sets.
    """
    found = [key for key in sorted(keys) if _is_below(key.replace("/", "."), _OF_SWEEPS) and key != "search"]
    remedy = "`yololab -m …` starts a sweep; leave it out for a single run"
    return [Problem(key, "only a sweep reads it", remedy=remedy) for key in found]


def asked_folder(config: DictConfig, kind: str, parent: Path, working_directory: Path) -> Path | None:
    """Return the new folder that `hydra.run.dir` or `hydra.sweep.dir` asks for; None where neither says so.

    Args:
        config: A composed config.
        kind: `run` or `sweep`.
        parent: Where runs, or sweeps, lie: elsewhere `yololab runs` would not find them.
        working_directory: What a relative path is relative to.

    Raises:
        InputError: It lies elsewhere, or is there already.
    """
    raw: Any = OmegaConf.to_container(config.hydra[kind], resolve=False)
    if (
        raw["dir"]
        == yaml.safe_load((conf_dir() / f"{CONFIG_NAME}.yaml").read_text(encoding="utf-8"))["hydra"][kind]["dir"]
    ):
        return None
    where = f"hydra.{kind}.dir"
    path = (working_directory / str(config.hydra[kind].dir)).resolve()
    if path.parent != parent.resolve():
        remedy = "name=<name> names it, paths.root=<folder> moves all results"
        raise InputError(Problem(where, str(path), f"a folder directly in {parent}", remedy))
    if path.exists():
        raise InputError(Problem(where, f"{path} is there already", "a new folder: nothing is overwritten"))
    return path


def _leaves(node: DictConfig) -> dict[str, Any]:
    tree: Any = OmegaConf.to_container(node, resolve=False, enum_to_str=True)
    choices: Mapping[str, Any] = tree["runtime"]["choices"]
    groups = {key.removeprefix("hydra/"): option for key, option in choices.items() if key.startswith("hydra/")}
    # an empty mapping says nothing
    return {key: value for key, value in flattened(tree) if value != {}} | groups


def _is_below(key: str, roots: Iterable[str]) -> bool:
    return any(f"{key}.".startswith(f"{root}.") for root in roots)

"""Composing a config from overrides with Hydra, every problem at once."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from yololab.config.defaults import known_keys
from yololab.config.folders import group_options, shipped_only, user_conf_dirs
from yololab.config.hydra.grammar import named_option
from yololab.config.hydra.keys import hydra_problems, refused_key
from yololab.config.hydra.layers import (
    APPLICATION,
    chooses_files,
    compose_files,
    is_missing_option,
    note_overrides,
    set_value,
)
from yololab.config.nearest import nearest, unknown_key
from yololab.config.renamed import current_override, current_tree
from yololab.config.schema import ExperimentConfig
from yololab.config.train_arguments.refusals import refusal
from yololab.config.validation import validate
from yololab.errors import InputError, Problem
from yololab.text import one_of, shortened

# What composing raises for a user's mistake: in an override, in a value, in a YAML file of theirs.
COMPOSING_ERRORS = (HydraException, OmegaConfBaseException, yaml.YAMLError, RecursionError, ValueError)


@dataclass(frozen=True)
class Composed:
    """A composed and checked experiment.

    Attributes:
        experiment: The typed config.
        tree: The same as a plain tree, as it is written to `.hydra/config.yaml`.
        config: Hydra's config that both come from.
        overrides: The overrides that led here.
    """

    experiment: ExperimentConfig
    tree: dict[str, Any]
    config: DictConfig
    overrides: tuple[str, ...]

    @property
    def hydra(self) -> DictConfig:
        """Hydra's own node, as it is written to `.hydra/hydra.yaml`."""
        node: DictConfig = self.config.hydra
        return node

    @property
    def name(self) -> str | None:
        """What the user calls the run, as `name=` or in Hydra's own way; None when they do not say."""
        job = str(self.hydra.job.name)
        return self.experiment.train.name or (None if job == APPLICATION else job)

    @property
    def is_multirun(self) -> bool:
        """Whether a recipe asks for a sweep by `hydra.mode`."""
        return self.hydra.mode is RunMode.MULTIRUN

    @property
    def choices(self) -> dict[str, str]:
        """The chosen option of each config group."""
        return {str(group): str(option) for group, option in self.hydra.runtime.choices.items()}

    @property
    def data_option(self) -> str | None:
        """The chosen option of the group `data`; None for a file or a name of Ultralytics."""
        return named_option(self.choices, "data")


def compose_experiment(overrides: Sequence[str]) -> Composed:
    """Compose `conf/` with `overrides` and check the result.

    Args:
        overrides: Overrides in Hydra's syntax, without sweeps.

    Raises:
        InputError: All problems of the overrides and of the composed config.
    """
    overrides = [current_override(override) for override in overrides]
    config, accepted, problems = _compose_what_composes(parse_overrides(overrides))
    if config is None:
        raise InputError(problems)
    try:
        overridden = frozenset(override.key_or_group for override in accepted)
        problems += _hydra_problems(config, overridden)
        tree = current_tree(plain_tree(config), overridden)
        experiment = validate(tree, overridden)
    except (OmegaConfBaseException, RecursionError) as error:
        where = str(getattr(error, "full_key", None) or "config")
        raise InputError([*problems, Problem(where, first_line(error))]) from None
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return Composed(experiment, tree, config, tuple(overrides))


def parse_overrides(overrides: Sequence[str]) -> list[Override]:
    """Parse overrides; those that are not in Hydra's grammar are refused with their place, where Hydra names none.

    Raises:
        InputError: One or more are not.
    """
    parsed, problems = [], []
    for override in overrides:
        try:
            parsed.append(_parse(override))
        except (HydraException, RecursionError) as error:
            key, _, value = override.partition("=")
            found = f"{shortened(value, 60)!r} is not in Hydra's grammar ({shortened(first_line(error), 120)})"
            remedy = f"a value with brackets, commas or quotes is quoted: '{key}=\"…\"'"
            problems.append(Problem(key, found, remedy=remedy))
    if problems:
        raise InputError(problems)
    return parsed


@lru_cache(maxsize=1024)
def _parse(override: str) -> Override:
    """Parse one override; the trials of a sweep have nearly all of theirs in common."""
    return OverridesParser.create().parse_override(override)


def refuse_hydra_keys(config: DictConfig) -> None:
    """Refuse what the config of a sweep sets of Hydra's own and yololab does not obey.

    Raises:
        InputError: It sets something.
    """
    problems = _hydra_problems(config, overridden_keys(config.hydra.overrides.hydra))
    if problems:
        raise InputError(problems)


def _hydra_problems(config: DictConfig, overridden: Collection[str]) -> list[Problem]:
    """Return what is wrong with Hydra's own settings; only an override or a file of the user's can change them."""
    if not any(key.startswith("hydra") for key in overridden) and not user_conf_dirs(Path.cwd()):
        return []
    with shipped_only():
        standard = compose_files([]).hydra
    return hydra_problems(config.hydra, standard, overridden)


def plain_tree(config: DictConfig) -> dict[str, Any]:
    """Return a composed config as plain dicts and lists, resolved, without Hydra's own node."""
    nodes = {str(key): config[key] for key in config if key != "hydra"}  # a key of a user's file need not be text
    return {
        key: OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
        for key, node in nodes.items()
    }


def plain_settings(node: DictConfig) -> dict[str, Any]:
    """Return Hydra's own node as it is written to `.hydra/hydra.yaml`."""
    found = OmegaConf.to_container(node, enum_to_str=True)
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def overridden_keys(overrides: Sequence[str]) -> frozenset[str]:
    """Return the dotted keys that `overrides` set."""
    return frozenset(override.key_or_group for override in parse_overrides(overrides))


def _compose_what_composes(overrides: Sequence[Override]) -> tuple[DictConfig | None, list[Override], list[Problem]]:
    """Compose without the overrides that fail, and report those, so that the rest is checked as well."""
    problems: dict[int, Problem] = {}
    files: dict[int, str] = {}
    for number, override in enumerate(overrides):
        key, line = override.key_or_group, str(override.input_line)
        if override.is_sweep_override():
            value = line.partition("=")[2]
            remedy = f"`yololab -m {key}={value}` makes one run each"
            problems[number] = Problem(key, f"{value!r} is several values", "one value", remedy)
        elif is_missing_option(override):
            problems[number] = _missing_option(key, override.value())
        elif chooses_files(override):
            files[number] = line
    try:
        config = compose_files(list(files.values()))
    except COMPOSING_ERRORS:
        accepted: list[str] = []
        for number, line in files.items():
            try:
                compose_files([*accepted, line])
            except COMPOSING_ERRORS as error:
                problems[number] = _explain(line, error)
            else:
                accepted.append(line)
        try:
            config = compose_files(accepted)
        except COMPOSING_ERRORS as error:
            return None, [], [*problems.values()] or [Problem("conf", first_line(error))]
    for number, override in enumerate(overrides):
        if number not in files and number not in problems:
            try:
                set_value(config, override)
            except COMPOSING_ERRORS as error:
                problems[number] = _explain(str(override.input_line), error)
    kept = [override for number, override in enumerate(overrides) if number not in problems]
    note_overrides(config, kept)
    return config, kept, [problem for _, problem in sorted(problems.items())]


def _missing_option(group: str, option: str, found: str = "") -> Problem:
    """Return the problem of an option that no file is there for, or that cannot be chosen as `found` says."""
    options = group_options(Path.cwd())[group]
    close = nearest(option, options)
    remedy = f"did you mean {' or '.join(close)}?" if close else ""
    if group in ("model", "data"):
        remedy = f"{remedy} A file is written with its suffix or a slash: {group}=./{option}".strip()
    return Problem(group, found or f"no option {option!r}", one_of(options), remedy)


def _explain(override: str, error: Exception) -> Problem:
    """Turn Hydra's complaint about one override into a problem with the nearest valid name."""
    key, _, value = override.lstrip("+~").partition("=")
    options = group_options(Path.cwd())
    if value in options.get(key, ()):
        # The option is there: what is wrong stands in its file.
        group = re.search(r"Could not override '([^']+)'", str(error))
        option = re.search(r"Could not find '([^'/]+)/([^']+)'", str(error))
        close = nearest(group[1], options) if group else []
        close += nearest(option[2], options.get(option[1], ())) if option else []
        remedy = f"did you mean {' or '.join(close)}?" if close else ""
        if group and group[1] in options:
            remedy = "an option of this group cannot choose one of that; a recipe in conf/experiment can"
        return Problem(f"{key}={value}", first_line(error), remedy=remedy)
    if key in options:
        return _missing_option(key, value, first_line(error))
    refused = refused_key(key) or refusal(key, value)
    if refused is not None:
        return refused
    for mapping in ("search.space", "search.sampler_options", "search.pruner_options"):
        if key.startswith(f"{mapping}."):
            name = key.removeprefix(f"{mapping}.")
            found = "a mapping, which is given as a whole on the command line"
            return Problem(key, found, remedy=f"write '{mapping}={{{name}:{value}}}'")
    if re.search(r"is not in struct|Could not override|not in '", str(error)):
        return unknown_key(key, [*known_keys(), *options])
    return Problem(override, first_line(error))


def first_line(error: Exception) -> str:
    """Return the part of an error that a reader needs; of damaged YAML all of it, which names file and line."""
    if isinstance(error, RecursionError):
        return "it refers to itself, or is nested too deeply"
    text = str(error).strip() or type(error).__name__
    return " ".join(text.split()) if isinstance(error, yaml.YAMLError) else text.splitlines()[0]

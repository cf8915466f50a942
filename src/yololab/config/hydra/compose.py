"""Composing a config from overrides with Hydra, every problem at once."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from yololab.config.defaults import known_keys
from yololab.config.folders import conf_dir, group_options, user_conf_dirs
from yololab.config.hydra.grammar import named_option
from yololab.config.hydra.keys import CONFIG_NAME, hydra_problems, refused_key
from yololab.config.hydra.sources import register
from yololab.config.nearest import nearest, unknown_key
from yololab.config.renamed import current_override, current_tree
from yololab.config.schema import ExperimentConfig
from yololab.config.train_arguments.refusals import refusal
from yololab.config.validation import validate
from yololab.errors import InputError, Problem
from yololab.text import one_of, shortened

APPLICATION = "yololab"
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
    refuse_grammar(overrides)
    with _hydra():
        config, accepted, problems = _compose_what_composes(overrides)
    if config is None:
        raise InputError(problems)
    try:
        overridden = overridden_keys(accepted)
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


def refuse_grammar(overrides: Sequence[str]) -> None:
    """Refuse overrides that are not in Hydra's grammar, each with its place; Hydra names none.

    Raises:
        InputError: One or more are not.
    """
    parser, problems = OverridesParser.create(), []
    for override in overrides:
        try:
            parser.parse_override(override)
        except (HydraException, RecursionError) as error:
            key, _, value = override.partition("=")
            found = f"{shortened(value, 60)!r} is not in Hydra's grammar ({shortened(first_line(error), 120)})"
            remedy = f"a value with brackets, commas or quotes is quoted: '{key}=\"…\"'"
            problems.append(Problem(key, found, remedy=remedy))
    if problems:
        raise InputError(problems)


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
    return hydra_problems(config.hydra, _standard(), overridden)


@cache
def _standard() -> DictConfig:
    """Return Hydra's node of a config without any override."""
    with _hydra():
        node: DictConfig = compose(CONFIG_NAME, return_hydra_config=True).hydra
    return node


def plain_tree(config: DictConfig) -> dict[str, Any]:
    """Return a composed config as plain dicts and lists, resolved, without Hydra's own node."""
    keys: list[Any] = [key for key in config if key != "hydra"]  # a key of a user's file need not be text
    tree = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}


def overridden_keys(overrides: Sequence[str]) -> frozenset[str]:
    """Return the dotted keys that `overrides` set."""
    parsed = OverridesParser.create().parse_overrides(overrides=list(overrides))
    return frozenset(override.key_or_group for override in parsed)


@contextmanager
def _hydra() -> Iterator[None]:
    """Initialise Hydra for composing, and leave its global state as it was."""
    register()
    state = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir().resolve()), job_name=APPLICATION):
            yield
    finally:
        GlobalHydra.instance().hydra = state


def _compose_what_composes(overrides: list[str]) -> tuple[DictConfig | None, list[str], list[Problem]]:
    """Compose; when that fails, drop each override that fails and report it, so that the rest is checked as well."""
    try:
        return compose(CONFIG_NAME, overrides, return_hydra_config=True), overrides, []
    except COMPOSING_ERRORS as error:
        first_error = error
    accepted: list[str] = []
    problems: list[Problem] = []
    config: DictConfig | None = None
    for override in overrides:
        try:
            config = compose(CONFIG_NAME, [*accepted, override], return_hydra_config=True)
        except COMPOSING_ERRORS as error:
            problems.append(_explain(override, error))
        else:
            accepted.append(override)
    if config is None and not problems:
        problems.append(Problem("conf", first_line(first_error)))
    return config, accepted, problems


def _explain(override: str, error: Exception) -> Problem:
    """Turn Hydra's complaint about one override into a problem with the nearest valid name."""
    key, _, value = override.lstrip("+~").partition("=")
    if "requires --multirun" in str(error):
        return Problem(
            key, f"{value!r} is several values", "one value", f"`yololab -m {key}={value}` makes one run each"
        )
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
        close = nearest(value, options[key])
        remedy = f"did you mean {' or '.join(close)}?" if close else ""
        if key in ("model", "data"):
            remedy = f"{remedy} A file is written with its suffix or a slash: {key}=./{value}".strip()
        missing = "Could not find" in str(error) or "not in" in str(error)
        found = f"no option {value!r}" if missing else first_line(error)
        return Problem(key, found, one_of(options[key]), remedy)
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

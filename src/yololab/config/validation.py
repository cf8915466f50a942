"""The strict validation: a composed tree goes in, a typed `ExperimentConfig` comes out, or every problem at once."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from yololab.config.checkpoint import Select
from yololab.config.defaults import known_keys
from yololab.config.nearest import unknown_key
from yololab.config.reading import read, read_group
from yololab.config.schema import OWN_SETTINGS, ExperimentConfig, PathsConfig
from yololab.config.search import search_contradictions
from yololab.config.train_arguments.arguments import (
    OWNED_BY_GROUP,
    TOP_LEVEL_GROUPS,
    USER_ARGUMENTS,
    TrainArguments,
    read_argument,
)
from yololab.config.train_arguments.refusals import refusal
from yololab.errors import InputError, Problem, noting

Own = TypeVar("Own")
_OWN = "settings"


def validate(tree: Mapping[str, Any], overridden: Collection[str] = ()) -> ExperimentConfig:
    """Check a composed tree and return the experiment it describes.

    Args:
        tree: The composed config as plain dicts and lists, without Hydra's own node.
        overridden: Dotted keys that the command line or a sweep set.

    Raises:
        InputError: Anything is unknown, of a wrong type, out of range, or contradicts something else.
    """
    problems: list[Problem] = []
    train: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in tree.items():
        with noting(problems):
            if key in USER_ARGUMENTS:
                # null leaves what a group has as well to that group
                train[key] = None if value is None and key in OWNED_BY_GROUP else read_argument(key, value)
            elif key in OWN_SETTINGS and (isinstance(value, Mapping) or refusal(key, value) is None):
                own[key] = read(OWN_SETTINGS[key], key, value)
            else:
                raise InputError(_unpackaged(key) or refusal(key, value) or unknown_key(key, known_keys()))
    if problems:
        raise InputError(problems)
    config = ExperimentConfig(train=TrainArguments(**train), **own, overridden=frozenset(overridden))
    problems = [problem for rule in _RULES for problem in rule(config)]
    if problems:
        raise InputError(problems)
    return config


def read_own(cls: type[Own], values: Mapping[str, Any]) -> tuple[Own, PathsConfig]:
    """Return the settings of a command that are none of an experiment, and where the project lies.

    Args:
        cls: The dataclass that declares them.
        values: Name → value, `paths.…` among them.

    Raises:
        InputError: Every unknown key and every value that is not right.
    """
    problems: list[Problem] = []
    paths = {key.removeprefix("paths."): value for key, value in values.items() if key.startswith("paths.")}
    own, places = cls(), PathsConfig()
    with noting(problems):
        own = read_group(cls, _OWN, {key: value for key, value in values.items() if not key.startswith("paths.")})
    with noting(problems):
        places = read_group(PathsConfig, "paths", paths)
    if problems:
        # They are no group of the experiment: they are written without a prefix.
        raise InputError([_unprefixed(problem) for problem in problems])
    return own, places


def _unprefixed(problem: Problem) -> Problem:
    """Return a problem without the prefix of a group, and without what stands behind one of Python's own names."""
    texts = {name: str(text).replace(f"{_OWN}.", "").replace("_?", "?") for name, text in asdict(problem).items()}
    return Problem(**texts | {"where": texts["where"].rstrip("_")})


def _unpackaged(key: str) -> Problem | None:
    """Return the problem of an option file whose keys landed below its group's name instead of at top level."""
    if key not in TOP_LEVEL_GROUPS:
        return None
    remedy = f"begin the file conf/{key}/….yaml with the line `# @package _global_`, and give it keys"
    return Problem(key, "an option file that does not set keys at top level", "key: value lines", remedy)


def _optimizer_auto(config: ExperimentConfig) -> Iterator[Problem]:
    """`optimizer=auto` picks lr0 and momentum itself and throws ours away."""
    if str(config.train.optimizer).lower() != "auto":
        return
    for name in ("lr0", "momentum"):
        value = getattr(config.train, name)
        if name in config.overridden or value != USER_ARGUMENTS[name].default:
            yield Problem(
                name,
                f"{value} together with optimizer=auto, which ignores it",
                f"{name} with a named optimizer, or optimizer=auto alone",
                f"name the optimizer (e.g. optimizer=SGD), or leave {name} out",
            )


def _one_pretrained(config: ExperimentConfig) -> Iterator[Problem]:
    """`pretrained` and `model.pretrained` say the same thing and must not disagree."""
    top = config.train.pretrained
    if top is not None and "model.pretrained" in config.overridden and top != config.model.pretrained:
        yield Problem(
            "pretrained", f"{top!r}, but model.pretrained is {config.model.pretrained!r}", "one of the two", "drop one"
        )


def _one_baseline(config: ExperimentConfig) -> Iterator[Problem]:
    """A baseline is a file or a model."""
    if config.baseline.path and config.baseline.model:
        yield Problem("baseline.path, baseline.model", "both are set", "one of the two", "drop one")
    named = config.baseline.path or config.baseline.model
    if config.baseline.looks and named:
        found = f"a series of {config.baseline.looks} looks at {named}"
        allowed = "looks at the promoted baseline, which keeps count of them"
        yield Problem("baseline.looks", found, allowed, "promote it, or drop baseline.looks")


def _validated_epochs(config: ExperimentConfig) -> Iterator[Problem]:
    """An epoch that is not validated cannot be chosen by what it reaches."""
    if not config.train.val and (config.checkpoint.metric or config.checkpoint.select is Select.SMOOTHED):
        found = "set, but val=false validates the last epoch only"
        yield Problem(
            "checkpoint.metric, checkpoint.select", found, "both left out, or val=true", "leave out val=false"
        )


def _first_images(config: ExperimentConfig) -> Iterator[Problem]:
    """`fraction` and `data.subset` both choose training images."""
    if config.data.subset is not None and config.train.fraction != 1.0:
        yield Problem(
            "fraction, data.subset",
            "both are set",
            "one of the two",
            "fraction takes the first images in the order of their names; data.subset draws with the seed",
        )


def _download(config: ExperimentConfig) -> Iterator[Problem]:
    """Running a dataset's script is permitted by who types the command, not by a file that may be anybody's."""
    if config.data.allow_download and "data.allow_download" not in config.overridden:
        allowed = "data.allow_download=true on the command line"
        yield Problem("data.allow_download", "true in a file", allowed, "take it out of the file")


def _search(config: ExperimentConfig) -> Iterator[Problem]:
    """The settings of a search that contradict each other."""
    yield from search_contradictions(config.search)


_RULES = (_optimizer_auto, _one_pretrained, _one_baseline, _validated_epochs, _first_images, _download, _search)


def training_arguments(config: ExperimentConfig) -> dict[str, Any]:
    """Return Ultralytics' arguments of the training as requested: top level first, else the group that owns them.

    `model`, `data` and `save_dir` are not among them: they are resolved by the job.
    """
    arguments = asdict(config.train)
    del arguments["pretrained"]  # how a model starts is its own stage
    for name in OWNED_BY_GROUP:
        if name in arguments and arguments[name] is None:
            arguments[name] = getattr(config.device, name)
    return arguments | {"device": config.device.id}

"""The one strict door: a composed tree goes in, a typed `ExperimentConfig` comes out, or every problem at once."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from yololab.config.nearest import nearest
from yololab.config.schema import GROUP_CLASSES, DryRun, ExperimentConfig, GuardsConfig
from yololab.config.search import read_objectives, read_options, read_space_setting, search_contradictions
from yololab.config.train_arguments.arguments import OWNED_BY_GROUP, TRAIN_ARGUMENTS, USER_ARGUMENTS, TrainArguments
from yololab.config.train_arguments.refusals import check_value, refusal
from yololab.errors import InputError, Problem
from yololab.extensions import Point, extensions
from yololab.findings import CHECKS, RATINGS
from yololab.text import one_of

# Groups whose files hold Ultralytics' arguments themselves.
_TOP_LEVEL_GROUPS = ("hparams", "augmentation", "experiment")

# Keys of ours at top level that are no group.
_OWN_KEYS = ("dry_run", "notes", "tracking")

TRACKERS = ("clearml", "comet", "dvc", "mlflow", "tensorboard", "wandb")

# Settings of ours that hold an Ultralytics argument under another name: its rules apply to them too.
_DELEGATED = {
    "device.amp": "amp",
    "device.channels_last": "channels_last",
    "device.compile": "compile",
    "device.workers": "workers",
    "evaluation.conf": "conf",
    "evaluation.iou": "iou",
    "evaluation.max_det": "max_det",
    "evaluation.quantize": "quantize",
    "export.quantize": "quantize",
}


@dataclass(frozen=True)
class _Range:
    """The numbers that a setting may take: `minimum` ≤ value ≤ `maximum`."""

    minimum: float
    maximum: float = math.inf


_RANGES = {
    "approval.long_training_hours": _Range(0),
    **{f"baseline.guards.{item.name}": _Range(0) for item in fields(GuardsConfig)},
    "check.near_duplicate_distance": _Range(0, 256),
    "check.small_object_pixels": _Range(0),
    "check.workers": _Range(1),
    "baseline.tolerance": _Range(0),
    "device.threads": _Range(1),
    "device.workers": _Range(0),
    "estimate.batches": _Range(1),
    "estimate.limit_seconds": _Range(1),
    "evaluation.batch": _Range(1),
    "evaluation.imgsz": _Range(32),
    "export.tolerance": _Range(0),
    "search.retries": _Range(0),
    "search.seed": _Range(0),
    "search.seeds": _Range(1),
    "search.timeout_minutes": _Range(0),
    "search.trials": _Range(1),
    "verification.images": _Range(1),
    "verification.map_images": _Range(0),
}


def through_the_door(tree: Mapping[str, Any], overridden: Collection[str] = ()) -> ExperimentConfig:
    """Check a composed tree and return the experiment it describes.

    Args:
        tree: The composed config as plain dicts and lists, without Hydra's own node.
        overridden: Dotted keys that the command line or a sweep set.

    Raises:
        InputError: Anything is unknown, of a wrong type, out of range, or contradicts something else.
    """
    problems: list[Problem] = []
    train: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for key, value in tree.items():
        if key in GROUP_CLASSES:
            groups[key] = _read_group(key, value, problems)
        elif key in USER_ARGUMENTS:
            train[key] = _read_argument(key, value, problems)
        elif key not in _OWN_KEYS:
            problems.append(_unpackaged(key) or refusal(key, value) or unknown_key(key, known_keys()))
    own: dict[str, Any] = {
        "tracking": _read_tracking(tree.get("tracking"), problems),
        "dry_run": _read_dry_run(tree.get("dry_run"), problems),
        "notes": str(tree.get("notes") or ""),
    }
    if problems:
        raise InputError(problems)
    config = ExperimentConfig(train=TrainArguments(**train), **groups, **own, overridden=frozenset(overridden))
    problems = [problem for rule in _RULES for problem in rule(config)]
    if problems:
        raise InputError(problems)
    return config


def _unpackaged(key: str) -> Problem | None:
    """Return the problem of an option file whose keys landed below its group's name instead of at top level."""
    if key not in _TOP_LEVEL_GROUPS:
        return None
    remedy = f"begin the file conf/{key}/….yaml with the line `# @package _global_`, and give it keys"
    return Problem(key, "an option file that does not set keys at top level", "key: value lines", remedy)


def known_keys() -> list[str]:
    """Return every key that can be set, in dotted form."""
    dotted = [f"{group}.{item.name}" for group, cls in GROUP_CLASSES.items() for item in fields(cls)]
    dotted += [f"check.severity.{name}" for name in CHECKS]
    dotted += [f"baseline.guards.{item.name}" for item in fields(GuardsConfig)]
    return sorted([*USER_ARGUMENTS, *_OWN_KEYS, *GROUP_CLASSES, *dotted])


def unknown_key(key: str, candidates: Collection[str]) -> Problem:
    """Return the problem for a key that nobody reads, with the nearest valid names."""
    close = nearest(key, list(candidates))
    return Problem(
        key,
        "unknown key",
        remedy=f"did you mean {' or '.join(close)}?" if close else "`yololab --cfg job` shows every key",
    )


def _read_argument(name: str, value: Any, problems: list[Problem]) -> Any:
    """Check one Ultralytics argument; null leaves one that a group owns to its group."""
    if value is None and name in OWNED_BY_GROUP:
        return None
    refused = refusal(name, value)
    if refused is not None:
        problems.append(refused)
        return value
    checked, problem = check_value(name, value)
    if problem is not None:
        problems.append(problem)
    return checked


def _read_group(group: str, value: Any, problems: list[Problem]) -> Any:
    """Check one of our groups and build its dataclass."""
    cls = GROUP_CLASSES[group]
    if not isinstance(value, Mapping):
        example = f"`{group}.{fields(cls)[0].name}=…`"
        problems.append(Problem(group, f"{value!r}", "a group of settings", f"set one of its keys, e.g. {example}"))
        return cls()
    hints = typing.get_type_hints(cls)
    names = [item.name for item in fields(cls)]
    read: dict[str, Any] = {}
    for key, item in value.items():
        dotted = f"{group}.{key}"
        if key not in hints:
            problems.append(unknown_key(dotted, [f"{group}.{name}" for name in names]))
        else:
            read[key] = _read_setting(dotted, hints[key], item, problems)
    return cls(**read)


def _read_setting(dotted: str, hint: Any, value: Any, problems: list[Problem]) -> Any:
    """Check one setting of ours against its type, its range, or the rules of the argument that it holds."""
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and (type(None) in options or hint is Any):
        return None
    if dotted in _DELEGATED:
        checked, problem = check_value(_DELEGATED[dotted], value)
        if problem is not None:
            problems.append(Problem(dotted, problem.found, problem.allowed, problem.remedy))
        return checked
    if dotted in _SPECIAL:
        return _SPECIAL[dotted](dotted, value, problems)
    (kind,) = [option for option in options if option is not type(None)]
    converted, allowed = _convert(kind, value)
    if allowed:
        problems.append(Problem(dotted, f"{value!r}", allowed + (" or null" if type(None) in options else "")))
        return value
    limits = _RANGES.get(dotted)
    if limits is not None and not (
        isinstance(converted, (int, float)) and limits.minimum <= converted <= limits.maximum
    ):
        most = "" if math.isinf(limits.maximum) else f" and at most {limits.maximum:g}"
        problems.append(Problem(dotted, f"{value!r}", f"a number of at least {limits.minimum:g}{most}"))
    return converted


def _convert(kind: Any, value: Any) -> tuple[Any, str]:
    """Convert `value` to `kind`; return it with an empty string, or with what would have been allowed."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        names = [member.value for member in kind]
        # YAML reads a bare `no` or `off` as false; none of our words is a boolean.
        return (kind(value), "") if value in names else (value, one_of(names))
    if kind is bool:
        return value, "" if isinstance(value, bool) else "true or false"
    if kind is int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return (int(value), "") if whole and not isinstance(value, bool) else (value, "a whole number")
    if kind is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return (float(value), "") if number else (value, "a number")
    if kind is str and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value), ""
    return value, "text"


def _read_pretrained(dotted: str, value: Any, problems: list[Problem]) -> Any:
    """`model.pretrained`: true, false, or the path of a checkpoint."""
    if not isinstance(value, (bool, str)):
        problems.append(Problem(dotted, f"{value!r}", "true, false, or the path of a checkpoint"))
    return value


def _read_subset(dotted: str, value: Any, problems: list[Problem]) -> Any:
    """`data.subset`: a ratio in (0, 1], or a count of images above 1."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (0 < value <= 1 or (value > 1 and float(value).is_integer())):
        problems.append(Problem(dotted, f"{value!r}", "a ratio in (0, 1] or a whole number of images above 1"))
        return value
    return int(value) if value > 1 else float(value)


def _read_source(dotted: str, value: Any, problems: list[Problem]) -> Any:
    """`data.source`: one dataset; a list would be several trainings in one."""
    if not isinstance(value, str) or not value.strip():
        remedy = "one training has one dataset; for several, `-m data=a.yaml,b.yaml` makes one run each"
        problems.append(
            Problem(dotted, f"{value!r}", "a data.yaml, a folder, or a name that Ultralytics ships", remedy)
        )
    return value


def _read_device(dotted: str, value: Any, problems: list[Problem]) -> Any:
    """`device.id`: Ultralytics' device string; a number or a list of numbers is turned into it."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value):
        return ",".join(str(item) for item in value) or None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        problems.append(Problem(dotted, f"{value!r}", "cpu, mps, the number of a GPU, or several: 0,1"))
        return value
    return str(value).replace(" ", "").removeprefix("cuda:") or None


def _read_severity(dotted: str, value: Any, problems: list[Problem]) -> dict[str, str | None]:
    """`check.severity`: a check and how bad its findings are, for each check that is rated anew."""
    if not isinstance(value, Mapping):
        problems.append(Problem(dotted, f"{value!r}", f"{dotted}.<check>=<{'|'.join(RATINGS)}>"))
        return {}
    # YAML reads a bare `off` as false
    rated = {str(name): "off" if rating is False else rating for name, rating in value.items() if rating is not None}
    for name, rating in rated.items():
        if name not in CHECKS and name not in extensions(Point.CHECKS):
            problems.append(unknown_key(f"{dotted}.{name}", [f"{dotted}.{check}" for check in CHECKS]))
        elif rating not in RATINGS:
            problems.append(Problem(f"{dotted}.{name}", f"{rating!r}", one_of(RATINGS)))
    return dict.fromkeys(CHECKS) | rated


def _read_guards(dotted: str, value: Any, problems: list[Problem]) -> GuardsConfig:
    """`baseline.guards`: a limit for each of its keys; `class_floors` has one for each class that is named."""
    hints, read = typing.get_type_hints(GuardsConfig), dict[str, Any]()
    if not isinstance(value, Mapping):
        problems.append(Problem(dotted, f"{value!r}", f"{dotted}.<{'|'.join(hints)}>=…"))
        return GuardsConfig()
    for key, item in value.items():
        if key not in hints:
            problems.append(unknown_key(f"{dotted}.{key}", [f"{dotted}.{name}" for name in hints]))
        elif key not in ("class_floors", "custom"):
            read[key] = _read_setting(f"{dotted}.{key}", hints[key], item, problems)
        elif item is None:
            continue
        elif isinstance(item, Mapping):
            limits = {str(name): limit for name, limit in item.items()}
            read[key] = limits
            for name, limit in limits.items():
                number = isinstance(limit, (int, float)) and not isinstance(limit, bool)
                if not number or (key == "class_floors" and not 0 <= limit <= 1):
                    allowed = "a number from 0 to 1" if key == "class_floors" else "a number"
                    problems.append(Problem(f"{dotted}.{key}.{name}", f"{limit!r}", allowed))
        else:
            problems.append(Problem(f"{dotted}.{key}", f"{item!r}", "names with their limits: {cat:0.5,dog:0.4}"))
    return GuardsConfig(**read)


_SPECIAL: dict[str, Callable[[str, Any, list[Problem]], Any]] = {
    "model.pretrained": _read_pretrained,
    "baseline.guards": _read_guards,
    "check.severity": _read_severity,
    "data.subset": _read_subset,
    "data.source": _read_source,
    "device.id": _read_device,
    "search.space": read_space_setting,
    "search.objective": read_objectives,
    "search.direction": read_objectives,
    "search.sampler_options": read_options,
    "search.pruner_options": read_options,
}


def _read_tracking(value: Any, problems: list[Problem]) -> list[str]:
    """`tracking`: the names of trackers; one name may stand alone."""
    if value is not None and not isinstance(value, (str, list, tuple)):
        problems.append(Problem("tracking", f"{value!r}", f"any of {', '.join(TRACKERS)}"))
        return []
    names = [value] if isinstance(value, str) else list(value or [])
    for name in names:
        if name not in TRACKERS:
            problems.append(Problem("tracking", f"{name!r}", f"any of {', '.join(TRACKERS)}"))
    return names


def _read_dry_run(value: Any, problems: list[Problem]) -> DryRun:
    """`dry_run`: false, true, or `overfit`."""
    meaning = {None: DryRun.OFF, False: DryRun.OFF, True: DryRun.BATCH, "overfit": DryRun.OVERFIT}
    if isinstance(value, (bool, str, type(None))) and value in meaning:
        return meaning[value]
    problems.append(Problem("dry_run", f"{value!r}", "false, true (one batch through every stage), or overfit"))
    return DryRun.OFF


def _optimizer_auto(config: ExperimentConfig) -> Iterator[Problem]:
    """`optimizer=auto` picks lr0 and momentum itself and throws ours away."""
    if str(config.train.optimizer).lower() != "auto":
        return
    for name in ("lr0", "momentum"):
        value = getattr(config.train, name)
        if name in config.overridden or value != TRAIN_ARGUMENTS[name].default:
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


def _first_images(config: ExperimentConfig) -> Iterator[Problem]:
    """`fraction` and `data.subset` both choose training images."""
    if config.data.subset is not None and config.train.fraction != 1.0:
        yield Problem(
            "fraction, data.subset",
            "both are set",
            "one of the two",
            "fraction takes the first images in the order of their names; data.subset draws with the seed",
        )


def _search(config: ExperimentConfig) -> Iterator[Problem]:
    """The settings of a search that contradict each other."""
    yield from search_contradictions(config.search)


_RULES = (_optimizer_auto, _one_pretrained, _one_baseline, _first_images, _search)


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

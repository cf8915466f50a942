"""The flags of a command line: Hydra's own, and ours."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from yololab.config.nearest import nearest
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import Problem
from yololab.text import one_of


@dataclass(frozen=True)
class _Flag:
    """One flag of Hydra.

    Attributes:
        name: Its long form.
        short: Its short form.
        values: `none`, `one` or `maybe` one value.
        choices: The values it takes, when only certain ones count.
        refused: The replacement, when yololab does not take the flag.
    """

    name: str
    short: str = ""
    values: str = "none"
    choices: tuple[str, ...] = ()
    refused: str = ""


_INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
_FLAGS = (
    _Flag("--multirun", "-m"),
    _Flag("--run", "-r"),
    _Flag("--cfg", "-c", "one", ("job", "hydra", "all")),
    _Flag("--resolve"),
    _Flag("--package", "-p", "one"),
    _Flag("--info", "-i", "maybe", _INFO),
    _Flag("--config-dir", "-cd", "one"),
    _Flag("--hydra-help"),
    _Flag("--shell-completion", "-sc"),
    _Flag("--config-name", "-cn", "one", refused="use experiment=<recipe>: there is one config.yaml"),
    _Flag("--config-path", "-cp", "one", refused="use --config-dir, or a conf/ folder in the working directory"),
    _Flag("--experimental-rerun", values="one", refused="use `yololab rerun RUN`"),
)
_BY_TOKEN = {token: flag for flag in _FLAGS for token in (flag.name, flag.short) if token}
_HELP = ("--help", "-h", "-help", "--h")
_VERSION = ("--version", "-version")
COMPLETION = "--shell-completion"
CONFIG_DIR = "--config-dir"
_ANSWERED_BY_HYDRA = frozenset({"--cfg", "--info", "--hydra-help", COMPLETION})


@dataclass
class Flags:
    """What the flags say.

    Attributes:
        tokens: The other tokens of the line, in their order.
        hydra: Hydra's flags in their long form, each followed by its value.
        multirun: `-m`.
        help: `--help`.
        version: `--version`.
        json: `--json`.
        problems: Flags that are wrong.
    """

    tokens: list[str] = field(default_factory=list)
    hydra: list[str] = field(default_factory=list)
    multirun: bool = False
    help: bool = False
    version: bool = False
    json: bool = False
    problems: list[Problem] = field(default_factory=list)


def take_flags(argv: Sequence[str]) -> Flags:
    """Separate the flags from the other tokens.

    `--cfg` is Hydra's flag before `job`, `hydra` and `all`; before anything else it is Ultralytics' argument `cfg`.
    """
    flags = Flags()
    index = 0
    while index < len(argv):
        token = argv[index]
        index += 1
        name, equals, value = token.partition("=")
        flag = _BY_TOKEN.get(name)
        if flag is None:
            _take_other(token, flags)
            continue
        following = argv[index] if index < len(argv) else None
        given = value if equals else following
        if name == "--cfg" and given is not None and given not in flag.choices:
            flags.tokens.append(token)
        elif flag.values == "none" or (flag.values == "maybe" and not equals and given not in flag.choices):
            _take_hydra(flag, None, flags)
        else:
            index += not equals
            _take_hydra(flag, given, flags)
    return flags


def _take_other(token: str, flags: Flags) -> None:
    if token in _HELP:
        flags.help = True
    elif token in _VERSION:
        flags.version = True
    elif token == "--json":
        flags.json = True
    elif token.startswith("-") and not token.startswith("--") and token[1:2].isalpha() and "=" not in token:
        close = nearest(token, _BY_TOKEN)
        remedy = f"did you mean {close[0]}?" if close else ""
        remedy = f"write {token[1:]}=<value>" if token[1:] in TRAIN_ARGUMENTS else remedy
        flags.problems.append(Problem(token, "unknown flag", remedy=remedy))
    elif token != "--":
        flags.tokens.append(token)


def _take_hydra(flag: _Flag, value: str | None, flags: Flags) -> None:
    if flag.refused:
        flags.problems.append(Problem(flag.name, "yololab does not take this flag of Hydra's", remedy=flag.refused))
    elif flag.values == "one" and not value:
        flags.problems.append(Problem(flag.name, "no value", ", ".join(flag.choices) or "one value"))
    elif flag.choices and value is not None and value not in flag.choices:
        flags.problems.append(Problem(flag.name, f"{value!r}", one_of(flag.choices)))
    elif flag.name == "--multirun":
        flags.multirun = True
    elif flag.name != "--run":
        flags.hydra.extend([flag.name] if value is None else [flag.name, value])


def config_dirs(argv: Sequence[str]) -> list[str]:
    """Return the folders that `--config-dir` names; they must be known before the groups' options are."""
    flags = take_flags(argv).hydra
    return [value for flag, value in itertools.pairwise(flags) if flag == CONFIG_DIR]


def answered_by_hydra(flags: Sequence[str]) -> bool:
    """Return whether Hydra answers a command line instead of starting a job."""
    return any(flag in _ANSWERED_BY_HYDRA for flag in flags)

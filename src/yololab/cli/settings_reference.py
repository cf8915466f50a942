"""The reference page of the settings, `docs/reference/settings.md`.

`python -m yololab.cli.settings_reference` prints it.
"""

import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from types import NoneType
from typing import Any

from yololab.config.hydra.compose import compose_experiment
from yololab.config.hydra.grammar import quote
from yololab.config.hydra.keys import OBEYED, REFUSED
from yololab.config.reading import allowed
from yololab.config.renamed import RENAMED
from yololab.config.schema import GROUP_CLASSES, OWN_SETTINGS, ExperimentConfig
from yololab.config.settings import Setting, meanings_of, settings_of
from yololab.config.train_arguments.arguments import TrainArguments
from yololab.errors import InputError
from yololab.findings import CHECKS
from yololab.sweep.engines.local import LocalSettings
from yololab.sweep.engines.ray.executor import RaySettings
from yololab.sweep.engines.slurm.settings import SlurmSettings
from yololab.sweep.executor import Resources

_HEAD = """\
# Settings

Written by `python -m yololab.cli.settings_reference` from the schema, `config/schema.py`. A setting is written
`key=value`; a default is what counts when neither the command line nor a chosen option says otherwise
(`yololab --cfg job` prints what counts with them). `null` is a setting that is not set.
"""
_LAUNCHER = "hydra.launcher"
_ENGINES = {"local": LocalSettings, "slurm": SlurmSettings, "ray": RaySettings}


def settings_page() -> str:
    """Return the page: every setting with its type, default, what is allowed, and its meaning."""
    tree = compose_experiment([]).tree
    parts = [_HEAD]
    for cls in reversed(TrainArguments.__bases__):
        parts += _section(f"Ultralytics' train arguments: {cls.__name__.lower()}", cls, "", tree)
    for group, cls in GROUP_CLASSES.items():
        parts += _section(group, cls, f"{group}.", tree[group])
    alone = {name: tree[name] for name in OWN_SETTINGS if name not in GROUP_CLASSES}
    parts += ["\n## Without a group\n", *_table(ExperimentConfig, "", alone)]
    parts += _section(f"{_LAUNCHER}, with every engine", Resources, f"{_LAUNCHER}.", asdict(Resources()))
    for engine, cls in _ENGINES.items():
        parts += _section(f"{_LAUNCHER}, with hydra/launcher={engine}", cls, f"{_LAUNCHER}.", asdict(cls()))
    parts += [f"\n## Checks\n\nThe checks that `check.severity` rates: {', '.join(f'`{name}`' for name in CHECKS)}.\n"]
    parts += [
        f"\n## Hydra's own\n\nHydra's settings have an effect, or are refused with what to use instead.\n{_hydra()}"
    ]
    renamed = "".join(f"| `{old}` | `{new}` |\n" for old, new in RENAMED.items())
    parts += [f"\n## Renamed\n\nThe old names are read, with a notice.\n\n| old | new |\n| --- | --- |\n{renamed}"]
    return "".join(parts)


def _hydra() -> str:
    """Write what becomes of Hydra's own settings."""
    rows = "".join(f"| `hydra.{key}` | {meaning} |\n" for key, meaning in OBEYED.items())
    rows += "".join(f"| `hydra.{key}` | refused: {_escaped(remedy)} |\n" for key, remedy in REFUSED.items())
    return f"\n| setting | |\n| --- | --- |\n{rows}"


def _section(title: str, cls: type, prefix: str, defaults: Mapping[str, Any]) -> Iterator[str]:
    """Write a class of settings, and below it the groups in it."""
    yield f"\n## {title}\n\n{(cls.__doc__ or '').partition(chr(10))[0]}\n"
    yield from _table(cls, prefix, defaults)
    for name, item in settings_of(cls).items():
        if is_dataclass(item.kind):
            yield from _section(f"{prefix}{name}", item.kind, f"{prefix}{name}.", defaults[name])


def _table(cls: type, prefix: str, defaults: Mapping[str, Any]) -> Iterator[str]:
    """Write the settings of a class that have a default of their own and are no group."""
    hints, meanings = typing.get_type_hints(cls), meanings_of(cls)
    yield "\n| setting | type | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n"
    for name, item in settings_of(cls).items():
        if name in defaults and not is_dataclass(item.kind):
            value = defaults[name]
            if isinstance(value, dict):  # a key at null says nothing
                value = {key: entry for key, entry in value.items() if entry is not None}
            default = value if value and isinstance(value, str) else quote(value)
            key, takes = f"{prefix}{name}", _type_name(hints[name])
            cells = (f"`{key}`", f"`{takes}`", f"`{default}`", _allowed(item, key), meanings[name])
            yield f"| {' | '.join(map(_escaped, cells))} |\n"


def _escaped(cell: str) -> str:
    """Return a cell in which Markdown sees neither a column's end nor a tag."""
    return re.sub(r"([|<])", r"\\\1", cell)


def _type_name(hint: Any) -> str:
    if isinstance(hint, types.UnionType):
        return " | ".join(map(_type_name, typing.get_args(hint)))
    if not isinstance(hint, type) or typing.get_args(hint):
        return str(hint).replace("typing.", "").replace("None", "null")
    return "null" if hint is NoneType else "str" if issubclass(hint, StrEnum) else hint.__name__


def _allowed(item: Setting, key: str) -> str:
    """Return what a setting takes; a reader of its own says so when it refuses what no setting is."""
    try:
        if item.reader is not None:
            item.reader(key, object())
    except InputError as error:
        return error.problems[0].allowed + (", or null" if item.optional else "")
    return allowed(item)


if __name__ == "__main__":
    sys.stdout.write(settings_page())

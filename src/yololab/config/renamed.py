"""Settings that had other names: the old ones are still read, with a notice that names the new one."""

import sys
from collections.abc import Collection, Mapping
from typing import Any

from yololab.config.defaults import default_tree

# Name of an older version → today's name. A row stays as long as folders of that version are read.
RENAMED = {
    "resuming.take_over": "resume.even_if_running",  # 0.1.0
    "resuming.changed_data": "resume.changed_data",  # 0.1.0
    "hydra.launcher.settle_seconds": "hydra.launcher.late_records_seconds",  # 0.1.0
}

# Names of which this process has given notice.
_noticed: set[str] = set()


def current_name(key: str) -> str:
    """Return today's name of a setting, and say once a process that the name has changed."""
    name = RENAMED.get(key, key)
    if name != key and key not in _noticed:
        _noticed.add(key)
        sys.stderr.write(f"notice: the setting {key} is now called {name}\n")
    return name


def current_override(override: str) -> str:
    """Return an override with today's name of its setting.

    Example:
        >>> current_override("lr0=0.01")
        'lr0=0.01'
    """
    head, equals, value = override.partition("=")
    key = head.lstrip("+~")
    return f"{head.removesuffix(key)}{current_name(key)}{equals}{value}"


def current_tree(tree: Mapping[str, Any], overridden: Collection[str] = ()) -> dict[str, Any]:
    """Return a composed or a frozen config with today's names; a key that the command line set counts.

    Nothing is said of an old name at its default, as it stands in every frozen config of its version.
    """
    found, defaults = dict(tree), default_tree()
    for old, new in RENAMED.items():
        (old_group, _, old_name), (group, _, name) = old.rpartition("."), new.rpartition(".")
        if group not in defaults or not isinstance(found.get(old_group), Mapping) or old_name not in found[old_group]:
            continue
        rest = dict(found.pop(old_group))
        value, default = rest.pop(old_name), defaults[group][name]
        if rest:
            found[old_group] = rest
        if new not in overridden:
            found[group] = dict(found.get(group) or {}) | {name: value}
        if value != default:
            current_name(old)
    return found

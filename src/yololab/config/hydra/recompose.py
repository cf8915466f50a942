"""Configs that differ in plain values: the first one is composed, and in each further one only these are set.

The trials of a sweep have all but a few numbers in common, and composing one takes a hundredth of a second. Whatever is
not a plain value of a key that stands by itself (an option of a group, a key that is added, a mapping) is composed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import DictConfig, OmegaConf

from yololab.config.hydra.compose import COMPOSING_ERRORS, compose_experiment, parse_overrides, plain_settings
from yololab.config.hydra.layers import chooses_files, noted_overrides, set_value
from yololab.config.renamed import current_override
from yololab.config.schema import ExperimentConfig
from yololab.config.validation import validate
from yololab.text import flattened


@dataclass(frozen=True)
class Recomposed:
    """A composed and checked experiment, in plain values.

    Attributes:
        experiment: The typed config.
        tree: The same as a plain tree.
        hydra: Hydra's own settings, likewise.
    """

    experiment: ExperimentConfig
    tree: dict[str, Any]
    hydra: dict[str, Any]


@dataclass
class _Last:
    """The config that was composed last.

    Attributes:
        lines: Its overrides.
        overrides: The same, parsed.
        config: Hydra's config of them.
        tree: The plain tree of it.
        hydra: Hydra's own settings in it.
    """

    lines: list[str]
    overrides: list[Override]
    config: DictConfig
    tree: dict[str, Any]
    hydra: dict[str, Any]


class Recomposer:
    """Composes configs one after the other, from files that stay as they are (`folders.composing_from`)."""

    def __init__(self) -> None:
        self._last: _Last | None = None

    def compose(self, overrides: Sequence[str]) -> Recomposed:
        """Return what `compose_experiment` would return for these overrides.

        Raises:
            InputError: As there.
        """
        lines = [current_override(override) for override in overrides]
        if (last := self._set(lines)) is not None:
            keys = frozenset(override.key_or_group for override in last.overrides)
            return Recomposed(validate(last.tree, keys), last.tree, last.hydra)
        composed = compose_experiment(lines)
        hydra = plain_settings(composed.hydra)
        written: Any = OmegaConf.to_container(composed.config)
        if "${" not in str({key: value for key, value in written.items() if key != "hydra"}):
            self._last = _Last(lines, parse_overrides(lines), composed.config, composed.tree, hydra)
        return Recomposed(composed.experiment, composed.tree, hydra)

    def _set(self, lines: list[str]) -> _Last | None:
        """Set on the last config what is different now; None where it has to be composed."""
        last, self._last = self._last, None
        if last is None or len(lines) != len(last.lines):
            return None
        overrides, tree = [*last.overrides], last.tree
        for place in [place for place, line in enumerate(lines) if line != last.lines[place]]:
            (override,) = parse_overrides([lines[place]])
            if not _is_plain(override, overrides, place, tree):
                return None
            try:
                set_value(last.config, override)
                value = OmegaConf.select(last.config, override.key_or_group)
            except COMPOSING_ERRORS:
                return None  # composing it says what is wrong
            if not _is_scalar(value):
                return None
            overrides[place], tree = override, _with(tree, override.key_or_group.split("."), value)
        job = last.hydra["job"]
        noted, name = noted_overrides(overrides, job["config"]["override_dirname"])
        hydra = last.hydra | {"overrides": noted, "job": job | {"override_dirname": name}}
        self._last = _Last(lines, overrides, last.config, tree, hydra)
        return self._last


def _is_plain(override: Override, overrides: Sequence[Override], place: int, tree: Mapping[str, Any]) -> bool:
    """Return whether an override sets a plain value where a plain one stood, and no other override touches that."""
    key = override.key_or_group
    kinds = {override.type, overrides[place].type}
    if kinds != {OverrideType.CHANGE} or key != overrides[place].key_or_group or override.is_sweep_override():
        return False
    others = [other.key_or_group for number, other in enumerate(overrides) if number != place]
    if any(f"{other}.".startswith(f"{key}.") or f"{key}.".startswith(f"{other}.") for other in others):
        return False
    value = override.value()
    plain = _is_scalar(value) and "$" not in str(value) and value != "???"
    return plain and not chooses_files(override) and _is_scalar(dict(flattened(tree)).get(key, tree))


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


def _with(tree: Mapping[str, Any], names: Sequence[str], value: Any) -> dict[str, Any]:
    """Return a tree with another value at a place, the old one as it was."""
    name, *rest = names
    return {**tree, name: _with(tree[name], rest, value) if rest else value}

"""What varies: Hydra's sweep syntax as dimensions, and a sampled point back as overrides."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from yololab.config.hydra.grammar import FREE_PREFIX, decode_free, quote
from yololab.config.settings import Kind
from yololab.config.train_arguments.arguments import TRAIN_ARGUMENTS
from yololab.errors import InputError, Problem, noting

# Arguments that take whole numbers only, whatever the ends of their interval look like.
_WHOLE = (Kind.INT, Kind.IMGSZ, Kind.BATCH)

Value = bool | int | float | str


class Scale(StrEnum):
    """What kind of values a dimension has."""

    CHOICE = "choice"
    INT = "int"
    FLOAT = "float"


@dataclass(frozen=True)
class Dimension:
    """One key that varies.

    Attributes:
        key: The key, as a person reads it: without `+`, with the package.
        element: What stands before `=` in an override.
        scale: What kind of values it has.
        values: The values of a choice, as a person reads them.
        texts: The same in Hydra's override grammar.
        low: The lowest number.
        high: The highest number, included.
        step: The distance of two numbers; None for any.
        log: Whether magnitudes are equally likely, rather than numbers.
    """

    key: str
    element: str
    scale: Scale
    values: tuple[Value, ...] = ()
    texts: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False

    def override(self, value: Value) -> str:
        """Return the override that sets the key to `value`."""
        text = self.texts[self.values.index(value)] if self.scale is Scale.CHOICE else quote(value)
        return f"{self.element}={text}"

    def holds(self, value: object) -> bool:
        """Return whether a value is one of those that the dimension has."""
        if self.scale is Scale.CHOICE:
            return any(value == known and type(value) is type(known) for known in self.values)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        step = self.step or (1 if self.scale is Scale.INT else None)
        return step is None or math.isclose(steps := (value - self.low) / step, round(steps), abs_tol=1e-9)

    def corners(self) -> tuple[Value, ...]:
        """Return the values that show whether any would be refused: the ends, or every choice."""
        if self.scale is Scale.CHOICE:
            return self.values
        ends = (int(self.low), int(self.high)) if self.scale is Scale.INT else (float(self.low), float(self.high))
        return tuple(dict.fromkeys(ends))


@dataclass(frozen=True)
class Space:
    """All that varies, and what does not.

    Attributes:
        dimensions: The keys that vary.
        fixed: The overrides of all others.
    """

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that vary."""
        return tuple(dimension.key for dimension in self.dimensions)

    def overrides(self, params: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the overrides of a point."""
        return (*self.fixed, *(dimension.override(params[dimension.key]) for dimension in self.dimensions))

    def grid(self) -> list[dict[str, Value]]:
        """Return every combination of choices, the last key varying fastest.

        Raises:
            InputError: A dimension is no choice.
        """
        continuous = [dimension.key for dimension in self.dimensions if dimension.scale is not Scale.CHOICE]
        if continuous:
            allowed = "values: lr0=0.001,0.01 or lr0=range(…) or choice(…)"
            remedy = "a search strategy samples it: search=tpe"
            raise InputError(Problem(key, "a continuous sweep", allowed, remedy) for key in continuous)
        rows = itertools.product(*(dimension.values for dimension in self.dimensions))
        return [dict(zip(self.keys, row, strict=True)) for row in rows]

    def representatives(self) -> list[dict[str, Value]]:
        """Return points in which each end and each choice occurs: few, however many combinations there are."""
        corners = {dimension.key: dimension.corners() for dimension in self.dimensions}
        most = max(map(len, corners.values()), default=1)
        return [{key: values[min(index, len(values) - 1)] for key, values in corners.items()} for index in range(most)]


def read_space(arguments: Sequence[str], *, discrete: bool, config_loader: ConfigLoader | None = None) -> Space:
    """Read what varies in the overrides of a command line.

    Args:
        arguments: Overrides in Hydra's grammar, sweeps among them.
        discrete: Whether every `range(…)` is a list of choices, as a grid needs it.
        config_loader: Hydra's, which `glob(…)` asks for the options of a group.

    Raises:
        InputError: Everything that cannot be read.
    """
    parser = OverridesParser.create(config_loader=config_loader)
    problems: list[Problem] = []
    dimensions: dict[str, Dimension] = {}
    fixed: dict[str, str] = {}
    for argument in arguments:
        try:
            with noting(problems):
                (override,) = parser.parse_overrides([argument])
                if override.is_sweep_override():
                    dimension = _dimension(override, discrete)
                    dimensions[dimension.key] = dimension
                else:
                    fixed[override.get_key_element()] = argument
        except HydraException as error:
            remedy = "values are written lr0=0.001,0.01 or range(…), choice(…), interval(…)"
            problems.append(Problem(argument, str(error).splitlines()[0], remedy=remedy))
    if problems:
        raise InputError(problems)
    return Space(tuple(dimensions.values()), tuple(fixed.values()))


def canonical(space: Space) -> tuple[str, ...]:
    """Return the overrides that `read_space` reads as the same space again, `glob(…)` and `shuffle(…)` carried out."""
    return (*space.fixed, *(_text_of(dimension) for dimension in space.dimensions))


def _text_of(dimension: Dimension) -> str:
    """Return a dimension in Hydra's sweep syntax."""
    if dimension.scale is Scale.CHOICE:
        return f"{dimension.element}=choice({','.join(dimension.texts)})"
    low, high, step = quote(dimension.low), quote(dimension.high), dimension.step
    if step is not None:
        # the end of a range is not in it
        end = dimension.high + (1 if dimension.scale is Scale.INT else step / 2)
        return f"{dimension.element}=range({low},{quote(end)},{quote(step)})"
    interval = f"interval({low},{high})"
    if dimension.scale is Scale.INT:
        interval = f"int({interval})"
    return f"{dimension.element}={f'tag(log,{interval})' if dimension.log else interval}"


def _dimension(override: Override, discrete: bool) -> Dimension:
    """Return the dimension of a sweep."""
    element, sweep = override.get_key_element(), override.value()
    key = element.lstrip("+")
    tags = set(getattr(sweep, "tags", ()))
    unknown = tags - {"log"}
    if unknown:
        raise InputError(Problem(key, f"the tag {', '.join(sorted(unknown))}", "tag(log, interval(…))"))
    argument = TRAIN_ARGUMENTS.get(key)
    whole = argument is not None and argument.kind in _WHOLE
    log = "log" in tags
    if isinstance(sweep, IntervalSweep):
        return _interval(key, element, sweep, whole, log)
    if isinstance(sweep, RangeSweep) and not discrete and not sweep.shuffle:
        numbers = list(override.sweep_iterator())
        if numbers:
            return _range(key, element, numbers, log)
    texts = tuple(dict.fromkeys(override.sweep_string_iterator()))
    if not texts:
        raise InputError(Problem(key, "a sweep over no value", "at least one value"))
    values: tuple[Value, ...] = tuple(map(_plain_value, texts))
    if min(len(set(values)), len(set(map(str, values)))) < len(values):
        values = texts  # `1,1.0`: they differ in their text only
    return Dimension(key, element, Scale.CHOICE, values, texts)


def _interval(key: str, element: str, sweep: IntervalSweep, whole: bool, log: bool) -> Dimension:
    """Return the dimension of `interval(low, high)`."""
    assert sweep.start is not None
    assert sweep.end is not None
    low, high = float(sweep.start), float(sweep.end)
    scale = Scale.INT if whole or isinstance(sweep.start, int) else Scale.FLOAT
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(Problem(key, f"interval({low:g},{high:g})", "interval(low,high) with low < high"))
    if log and low <= 0:
        raise InputError(Problem(key, f"tag(log) from {low:g}", "an interval above 0 for magnitudes"))
    if scale is Scale.INT:
        low, high = math.ceil(low), math.floor(high)
    return Dimension(key, element, scale, low=low, high=high, log=log)


def _range(key: str, element: str, numbers: list[Any], log: bool) -> Dimension:
    """Return the dimension of `range(…)`: its numbers at equal distances, the ends included."""
    if log:
        raise InputError(Problem(key, "tag(log, range(…))", "tag(log, interval(…)), or a range without the tag"))
    scale = Scale.INT if all(isinstance(number, int) for number in numbers) else Scale.FLOAT
    low, high = min(numbers), max(numbers)
    step = abs(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
    if scale is Scale.FLOAT:
        step = round(step, 12)
        high = low + step * (len(numbers) - 1)
    return Dimension(key, element, scale, low=low, high=high, step=step)


def _plain_value(text: str) -> Value:
    """Return a choice as a person reads it: a number or boolean as such, a file without its code, else the text."""
    if text.startswith(FREE_PREFIX):
        return decode_free(text)
    element = OverridesParser.create().parse_overrides([f"k={text}"])[0].value()
    if isinstance(element, (bool, int, float)) and math.isfinite(element):
        return element
    return element if isinstance(element, str) else text

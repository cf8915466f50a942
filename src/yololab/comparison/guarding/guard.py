"""One guard: a limit, what was found, and whether the images settle on which side of it that lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from yololab.config.schema import Unsettled


@dataclass(frozen=True)
class Guard:
    """One limit and what was found.

    Attributes:
        guard: What is watched.
        limit: The limit.
        value: What was found; None when it could not be measured.
        broken: Whether the limit is broken beyond chance; what could not be measured counts as broken.
        message: What was found, and what is allowed.
        settled: Whether the images say which side of the limit it is on.
        asks: Whether a person is to decide what the images do not.
    """

    guard: str
    limit: float
    value: float | None
    broken: bool
    message: str
    settled: bool = True
    asks: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the guard as it stands in comparison.json, where the message is called `told`."""
        content = asdict(self)
        return content | {"told": content.pop("message")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Guard:
        """Read what `to_json` gave."""
        return cls(**{"message" if key == "told" else key: value for key, value in content.items()})


@dataclass(frozen=True)
class GuardRule:
    """What becomes of a value and its interval.

    Attributes:
        factor: By how much 95 % intervals widen, since there are several.
        unsettled: What becomes of a guard that the images do not settle.
    """

    factor: float
    unsettled: Unsettled

    def guard(self, name: str, limit: float, value: float, ends: tuple[float, float] | None, message: str) -> Guard:
        """Return the guard of a value that is at least its limit when it is held.

        Args:
            name: What is watched.
            limit: The limit; as the drop that is allowed it is told with the other sign.
            value: The value.
            ends: Its 95 % interval; None where there is none.
            message: What was found, and what is allowed.
        """
        if ends is None:
            return Guard(name, limit, value, value < limit, message)
        low, high = self.widened(value, ends)
        if high < limit or low >= limit:
            return Guard(name, limit, value, high < limit, message)
        return self.open(
            name, limit, value, f"{message}: not settled by these images, its interval is {low:.4f} to {high:.4f}"
        )

    def widened(self, value: float, ends: tuple[float, float]) -> tuple[float, float]:
        """Return the ends of a 95 % interval so that those of all guards hold together."""
        low, high = (value + self.factor * (end - value) for end in ends)
        return low, high

    def open(self, name: str, limit: float, value: float | None, message: str) -> Guard:
        """Return a guard that is not settled."""
        fails, asks = self.unsettled is Unsettled.FAIL, self.unsettled is Unsettled.ASK
        return Guard(name, limit, value, fails, message, settled=False, asks=asks)

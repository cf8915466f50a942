"""How the pixels of a split's masks or depth maps are distributed."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEPTH_EDGES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass
class MapDistribution:
    """The masks or depth maps of a split, added up one after the other.

    Attributes:
        pixels: Pixels of all maps.
        counted: Those that have a class, or a depth.
        low: The least depth, metres; None when there is none.
        high: The largest depth, metres.
        medians: Maps in each bin of `DEPTH_EDGES` by their median depth; the last one is open.
    """

    pixels: int = 0
    counted: int = 0
    low: float | None = None
    high: float | None = None
    medians: list[int] = field(default_factory=lambda: [0] * len(DEPTH_EDGES))

    def add(self, measures: Mapping[str, float]) -> None:
        """Add what a label source has measured of a map."""
        self.pixels += int(measures.get("pixels", 0))
        self.counted += int(measures.get("counted", 0))
        if "median" in measures:
            low, high = measures["low"], measures["high"]
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
            self.medians[bisect_right(DEPTH_EDGES, measures["median"]) - 1] += 1

    def to_json(self) -> dict[str, Any] | None:
        """Return it as it stands in dataset_report.json; None when there are no maps."""
        if not self.pixels:
            return None
        depth = {"low": self.low, "high": self.high, "medians": {"edges": list(DEPTH_EDGES), "counts": self.medians}}
        return {"pixels": self.pixels, "counted": self.counted, "depth_m": None if self.low is None else depth}

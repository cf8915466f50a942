"""What the page on freeze-thaw search says of the policies is what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = {
    "**freeze-thaw**": "freeze thaw",
    "the same, the first point paused as well": "freeze thaw, all paused",
    "the same, points by a tree of Parzen estimators": "freeze thaw, points by TPE",
    "the same, all points spread": "freeze thaw, points spread",
    "successive halving that goes on from checkpoints": "halving",
    "ASHA, eta 3": "asha",
    "Ultralytics' evolution": "tune",
    "Hyperband": "hyperband",
    "random, each to its end": "random",
}


def test_the_table_of_the_page_is_the_result():
    page = (ROOT / "docs/decisions/freeze-thaw.md").read_text(encoding="utf-8")
    result = json.loads((ROOT / "tests/benchmarks/search_policies.json").read_text(encoding="utf-8"))
    starts = list(result["results"]["simulated"].values())
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    told = {name: cells for name, *cells in rows if name in NAMES}
    assert told.keys() == NAMES.keys()
    for name, cells in told.items():
        for start, cell in zip(starts, cells, strict=True):
            found = start[NAMES[name]]
            numbers = [float(text) for text in re.findall(r"\d\.\d+", cell)]
            for number, measured in zip(numbers, (found["share"], *found["share_ci"]), strict=True):
                assert abs(number - measured) <= 0.0051, (name, cell)
    medians = [start["freeze thaw"]["share_median"] for start in starts]
    assert "the median of freeze-thaw is {:.2f} and {:.2f}".format(*medians) in " ".join(page.split())
    assert f"{result['searches']} searches" in " ".join(page.split())


def test_the_page_says_what_the_real_pairs_gave():
    page = (ROOT / "docs/decisions/freeze-thaw.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / "tests/benchmarks/search_paired.json").read_text(encoding="utf-8"))
    rows = {name: cells for name, *cells in re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \| (.+?) \|$", page, re.MULTILINE)}
    assert rows.keys() == found["shares"].keys()
    for name, (each, mean) in rows.items():
        shares = found["shares"][name]
        told = [f"{pair['share']:.2f}" for pair in shares["pairs"].values()]
        assert each == ", ".join(told), name
        ends = shares["ci"]
        assert mean == f"{shares['mean']:.2f}" + (f" ({ends[0]:.2f}–{ends[1]:.2f})" if ends else ""), name
    if "earlier" in found:
        assert f"{found['earlier']['cpu_seconds']:.0f} CPU seconds" in page

"""What the page on freeze-thaw search says of the policies is what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = {
    "**freeze-thaw**": "freeze thaw",
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
    pairs = json.loads((ROOT / "tests/benchmarks/search_paired.json").read_text(encoding="utf-8"))["shares"]
    assert ", ".join(f"{pair['share']:.3f}" for pair in pairs.values()) in page

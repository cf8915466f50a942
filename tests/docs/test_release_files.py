"""What belongs to a release agrees with itself: version, citation, changelog, and both files of versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import yololab

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NEEDED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = [Requirement(text) for texts in PROJECT["optional-dependencies"].values() for text in texts]


def pins_in(name: str) -> dict[str, Version]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): Version(version) for name, version in pins}


def test_the_version_has_one_place():
    assert "version" in PROJECT["dynamic"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == yololab.__version__
    assert citation["license"] == PROJECT["license"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[([\d.]+)\] - (\d{4}-\d\d-\d\d)$", changelog, flags=re.MULTILINE)
    assert released[0] == (yololab.__version__, citation["date-released"])
    assert "## [Unreleased]" in changelog.split(f"## [{yololab.__version__}]")[0]


def test_the_oldest_versions_are_the_lower_bounds():
    bounds = {
        item.name.lower(): Version(next(bound.version for bound in item.specifier if bound.operator == ">="))
        for item in NEEDED
    }
    assert pins_in("constraints-oldest.txt") == bounds


@pytest.mark.parametrize("needed", NEEDED, ids=lambda item: item.name)
def test_what_is_tested_is_allowed(needed):
    assert pins_in("constraints.txt")[needed.name.lower()] in needed.specifier


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda item: item.name)
def test_a_pinned_extra_is_allowed(extra):
    pinned = pins_in("constraints.txt").get(extra.name.lower())
    assert pinned is None or pinned in extra.specifier

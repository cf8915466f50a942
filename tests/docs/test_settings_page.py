"""The reference page of the settings is what the schema says."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from yololab.cli.settings_reference import settings_page
from yololab.config.defaults import known_keys
from yololab.config.folders import conf_dir
from yololab.config.renamed import RENAMED
from yololab.config.schema import GROUP_CLASSES
from yololab.sweep.engines.local import LocalSettings
from yololab.sweep.engines.ray.executor import RaySettings
from yololab.sweep.engines.registry import ENGINES
from yololab.sweep.engines.slurm.settings import SlurmSettings
from yololab.sweep.executor import Resources

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"
ENGINE_SETTINGS = {"local": LocalSettings, "slurm": SlurmSettings, "ray": RaySettings}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == settings_page(), (
        "write it again: python -m yololab.cli.settings_reference > docs/reference/settings.md"
    )


def test_no_setting_is_missing():
    page = PAGE.read_text(encoding="utf-8")
    groups = {*GROUP_CLASSES, "baseline.guards"}
    checks = {key for key in known_keys() if key.startswith("check.severity.")}
    assert [key for key in known_keys() if key not in groups | checks and f"\n| `{key}` |" not in page] == []
    assert [group for group in groups if f"\n## {group}\n" not in page] == []
    assert [key for key in checks if f"`{key.removeprefix('check.severity.')}`" not in page] == []
    assert [old for old, new in RENAMED.items() if f"| `{old}` | `{new}` |" not in page] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engines_option_has_the_defaults_of_its_settings(engine):
    """The page shows the defaults of the classes; what counts stands in the option's file."""
    option = yaml.safe_load((conf_dir() / f"hydra/launcher/{engine}.yaml").read_text(encoding="utf-8"))
    assert option.pop("_target_") == "hydra_plugins.yololab.YololabLauncher"
    assert option.pop("engine") == engine
    assert option == asdict(ENGINE_SETTINGS[engine]()) | asdict(Resources())
    page = PAGE.read_text(encoding="utf-8")
    assert f"\n## hydra.launcher, with hydra/launcher={engine}\n" in page
    assert [key for key in option if f"| `hydra.launcher.{key}` |" not in page] == []

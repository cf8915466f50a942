"""Each engine has its launcher's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.config.reading import read_group
from yololab.sweep.engines.slurm.settings import SlurmSettings
from yololab.sweep.executor import Resources


def test_a_launcher_is_a_file_and_each_engine_has_one():
    from yololab.config.folders import conf_dir
    from yololab.sweep.engines.registry import ENGINES

    assert {path.stem for path in (conf_dir() / "hydra/launcher").glob("*.yaml")} == set(ENGINES)
    assert isinstance(conf_dir(), Path)


@pytest.mark.parametrize("engine", ["slurm", "ray"])
def test_the_launcher_files_hold_every_setting_with_its_default(engine):
    import yaml

    from yololab.config.folders import conf_dir
    from yololab.sweep.engines.ray.executor import RaySettings
    from yololab.sweep.engines.registry import split_settings

    content = yaml.safe_load((conf_dir() / f"hydra/launcher/{engine}.yaml").read_text())
    assert content.pop("_target_").startswith("hydra_plugins.")
    assert content.pop("engine") == engine
    own, resources = split_settings(content)
    cls = SlurmSettings if engine == "slurm" else RaySettings
    assert read_group(cls, "hydra.launcher", own) == cls()
    assert set(own) == set(cls.__dataclass_fields__)
    assert resources == Resources()

"""Each engine has its launcher's file."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from yololab.config.reading import read_group
from yololab.errors import InputError
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


def test_secret_variables_are_kept_in_no_file_and_found_again(monkeypatch):
    from yololab.sweep.engines import registry

    monkeypatch.setenv("WANDB_API_KEY", "")
    monkeypatch.delenv("WANDB_API_KEY")
    given = {"jobs": 1, "env": {"WANDB_API_KEY": "abc", "WANDB_MODE": "offline"}}
    kept = registry.keep_secrets(given)
    assert kept["env"] == {"WANDB_API_KEY": "***", "WANDB_MODE": "offline"}
    made = []
    monkeypatch.setitem(registry.ENGINES, "fake", "fake")
    monkeypatch.setattr(
        registry, "import_module", lambda _: SimpleNamespace(make_executor=lambda *parts: made.append(parts))
    )
    registry.make_executor("fake", kept, Resources())
    assert made[0][0] == given
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(InputError, match=r"hydra\.launcher\.env\.WANDB_API_KEY"):
        registry.make_executor("fake", kept, Resources())

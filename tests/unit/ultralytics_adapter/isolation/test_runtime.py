import json
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from yololab.errors import InputError
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare

LIVE = "ultralytics.utils"


@pytest.fixture
def isolation(tmp_path):
    """Settings of a test; the environment and this process's state come back afterwards."""
    fresh = runtime._State()
    with patch.object(runtime, "_state", fresh), patch.dict(os.environ), patch.dict(sys.modules):
        sys.modules.pop(LIVE, None)  # an Ultralytics that another test has imported is not touched here
        os.environ.pop("YOLO_OFFLINE", None)
        yield Isolation(tmp_path / "ca che", tmp_path / "weights", tmp_path / "datasets")


def test_the_settings_are_private_absolute_and_silent(isolation, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    prepare(Isolation(Path("ca che"), Path("weights"), Path("datasets")))
    config = Path(os.environ["YOLO_CONFIG_DIR"])
    settings = json.loads((config / "Ultralytics" / "settings.json").read_text(encoding="utf-8"))
    assert config.is_relative_to(tmp_path / "ca che")
    assert settings["weights_dir"] == str(tmp_path / "weights")
    assert settings["datasets_dir"] == str(tmp_path / "datasets")
    assert Path(settings["runs_dir"]).is_absolute()
    assert not any(value for value in settings.values() if isinstance(value, bool))
    assert settings["uuid"] == settings["api_key"] == ""


def test_the_environment(isolation):
    for name in ("OMP_NUM_THREADS", "MPLBACKEND", "MPLCONFIGDIR", "ULTRALYTICS_SAFE_LOAD", "YOLO_OFFLINE"):
        os.environ.pop(name, None)
    os.environ["YOLO_AUTOINSTALL"] = "true"
    prepare(isolation)
    assert os.environ["YOLO_AUTOINSTALL"] == "0"
    assert os.environ["ULTRALYTICS_SAFE_LOAD"] == "1"
    assert os.environ["MPLBACKEND"] == "Agg"
    assert int(os.environ["OMP_NUM_THREADS"]) >= 1
    assert Path(os.environ["MPLCONFIGDIR"]).is_relative_to(isolation.cache)
    assert "YOLO_OFFLINE" not in os.environ
    assert not runtime.is_offline()


def test_what_the_user_has_set_stays(isolation):
    own = {"OMP_NUM_THREADS": "3", "MPLBACKEND": "svg", "MPLCONFIGDIR": "/mine", "ULTRALYTICS_SAFE_LOAD": "0"}
    os.environ.update(own)
    prepare(isolation)
    assert {name: os.environ[name] for name in own} == own


@pytest.mark.parametrize(
    ("asked", "environment", "offline"), [(True, "", True), (False, "1", False), (None, "1", True)]
)
def test_offline(isolation, asked, environment, offline):
    os.environ["YOLO_OFFLINE"] = environment
    prepare(Isolation(isolation.cache, isolation.weights, isolation.datasets, offline=asked))
    assert runtime.is_offline() is offline
    assert (os.environ["YOLO_OFFLINE"] == "1") is offline


def test_what_the_user_said_of_the_network_holds_again(isolation):
    prepare(Isolation(isolation.cache, isolation.weights, isolation.datasets, offline=True))
    prepare(isolation)
    assert not runtime.is_offline()
    assert "YOLO_OFFLINE" not in os.environ


def test_a_change_of_the_working_directory_moves_nothing(isolation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = Isolation(Path("c"), Path("w"), Path("d"))
    folder = relative.config_folder
    monkeypatch.chdir(tmp_path.parent)
    assert relative.config_folder == folder
    assert folder.is_relative_to(tmp_path / "c")


def test_a_second_time_changes_nothing(isolation):
    prepare(isolation)
    files = {path: path.stat().st_mtime_ns for path in isolation.cache.rglob("*") if path.is_file()}
    prepare(isolation)
    assert {path: path.stat().st_mtime_ns for path in isolation.cache.rglob("*") if path.is_file()} == files


def test_other_settings_have_a_folder_of_their_own(isolation):
    other = Isolation(isolation.cache, isolation.weights / "other", isolation.datasets)
    assert other.config_folder != isolation.config_folder
    assert isolation.config_folder == Isolation(isolation.cache, isolation.weights, isolation.datasets).config_folder


@pytest.mark.process
def test_processes_that_start_at_once(isolation):
    code = (
        "import sys; from pathlib import Path\n"
        "from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare\n"
        "prepare(Isolation(*map(Path, sys.argv[1:])))\n"
    )
    folders = [str(isolation.cache), str(isolation.weights), str(isolation.datasets)]
    processes = [subprocess.Popen([sys.executable, "-c", code, *folders]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    assert json.loads(isolation.settings_file.read_text(encoding="utf-8")) == isolation.settings
    assert not list(isolation.cache.rglob("*.tmp"))


def test_fonts_are_there_before_anybody_asks_the_network(isolation):
    prepare(isolation)
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        assert (isolation.user_folder / name).stat().st_size > 100_000


def test_telemetry_and_integrations_are_off(isolation):
    prepare(isolation)
    settings = json.loads(isolation.settings_file.read_text(encoding="utf-8"))
    assert {"mlflow", "tensorboard", "wandb", "sync"} <= set(settings)
    assert [key for key, value in settings.items() if value is True] == []


def test_another_version_is_refused_before_anything_is_written(isolation, monkeypatch):
    monkeypatch.setattr(runtime, "installed_version", lambda: "8.3.0")
    with pytest.raises(InputError, match=r"8\.3\.0"):
        prepare(isolation)
    assert not isolation.cache.exists()


def test_activation_needs_preparation(isolation):
    with pytest.raises(RuntimeError, match="prepare"):
        runtime.activate()
